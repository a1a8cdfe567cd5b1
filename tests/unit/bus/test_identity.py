"""Events are the same by account, type and id, and by nothing else."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keybus.bus.engine import DIGEST_BYTES
from keybus.bus.ingest.identity import Identity

NAMES = st.text(alphabet="ab\0.é", max_size=4)
EVENTS = st.tuples(NAMES, NAMES, NAMES.filter(bool))


@given(EVENTS, EVENTS)
def test_only_the_same_have_the_same_digest(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    digest = Identity(one[0], one[1]).digest({"id": one[2], "colour": "red"})
    assert digest == Identity(one[0], one[1]).digest({"id": one[2]})
    assert len(digest) == DIGEST_BYTES
    assume(one != other)
    assert digest != Identity(other[0], other[1]).digest({"id": other[2]})


@pytest.mark.parametrize("detail", [{}, {"id": ""}, {"id": None}, {"id": 1}, {"id": ["x"]}])
def test_what_has_no_id_has_no_digest(detail: dict[str, object]) -> None:
    assert Identity("111111111111", "order.placed").digest(detail) == b""


def test_the_digest_is_what_stands_in_stores() -> None:
    # Of another version of the program it has to be the same, or a restart forgets.
    found = Identity("111111111111", "order.placed").digest({"id": "1"}).hex()
    assert found == "5bcb0a0f446cbc1628bfad9a82dd86b4"
