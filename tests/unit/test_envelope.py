import json
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus import envelope
from keybus.envelope import Entry
from keybus.errors import EnvelopeError


def entry(detail: str | bytes = "{}", **more: object) -> Entry:
    raw = detail.encode() if isinstance(detail, str) else detail
    given: dict[str, object] = {"source": "key.delivery", "detail_type": "a.b", **more}
    return Entry(detail=msgspec.Raw(raw), **given)  # type: ignore[arg-type]  # as the case needs


@pytest.fixture
def deep_stack() -> Iterator[None]:
    """As the server has it: the decoder recurses in C once a level."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(4000)
    yield
    sys.setrecursionlimit(limit)


def checked(offered: Entry) -> dict[str, Any]:
    head = envelope.check_head(offered.source, offered.detail_type)
    return envelope.check(offered, bytes(offered.detail), head)


def refused(offered: Entry) -> EnvelopeError:
    with pytest.raises(EnvelopeError) as caught:
        checked(offered)
    return caught.value


def test_an_envelope_has_eventbridges_shape_and_keeps_the_details_bytes() -> None:
    detail = '{"b": 1.10,  "a": "\\u00e9"}'
    sealed = envelope.seal(
        entry(detail, resources=("r1",)),
        event_id="id-1",
        account="111111111111",
        region="local",
        now_us=1_700_000_000_123_456,
    )
    text = envelope.encode(sealed)
    assert json.loads(text) == {
        "version": "0",
        "id": "id-1",
        "detail-type": "a.b",
        "source": "key.delivery",
        "account": "111111111111",
        "time": "2023-11-14T22:13:20Z",
        "region": "local",
        "resources": ["r1"],
        "detail": {"b": 1.1, "a": "é"},
    }
    assert detail.encode() in text
    assert bytes(envelope.decode(text).detail) == detail.encode()


def test_the_time_of_an_entry_is_kept() -> None:
    given = entry(time_us=1_000_000)
    sealed = envelope.seal(given, event_id="", account="", region="", now_us=2_000_000)
    assert sealed.time == "1970-01-01T00:00:01Z"


def test_size_counts_as_eventbridge_does() -> None:
    assert envelope.size(entry("{}")) == len("key.delivery") + len("a.b") + 2
    assert envelope.size(entry("{}", time_us=0)) == envelope.size(entry("{}")) + 14
    assert envelope.size(entry("{}", resources=("é",))) == envelope.size(entry("{}")) + 2


def test_the_largest_entry_is_taken_and_one_byte_more_is_not() -> None:
    room = envelope.MAX_ENTRY_BYTES - envelope.size(entry('{"a":""}'))
    checked(entry('{"a":"' + "x" * room + '"}'))
    error = refused(entry('{"a":"' + "x" * (room + 1) + '"}'))
    assert str(envelope.MAX_ENTRY_BYTES) in str(error)


@pytest.mark.parametrize(
    "detail",
    [
        "[]", "1", "null", '"{}"', "", "{", "{]", '{"a":NaN}', '{"a":1e400}', '{"a":"\\ud800"}',
        b'{"a":"\xff"}', "{}{}", '{"a":9223372036854775808}', '{"a":[-9223372036854775809]}',
        '{"a":' * 1001 + "1" + "}" * 1001, "[" * 200_000, '{"a":' * 200_000,
    ],
)  # fmt: skip
def test_a_malformed_detail_is_refused(detail: str | bytes) -> None:
    assert refused(entry(detail)).reason == "MalformedDetail"


@pytest.mark.parametrize(
    "detail",
    [
        '{"a":9223372036854775807,"b":-9223372036854775808}',
        '{"a":' * 1000 + "1" + "}" * 1000,
        '{"a":' + "[{}," * 400 + "{}" + "]" * 400 + "}",
        '{"a":"12345678901234567890"}',
        '{"a":1.2345678901234567890123}',
    ],
    ids=["64 bits", "1,000 deep", "many brackets", "long digits in a text", "long fraction"],
)
@pytest.mark.usefixtures("deep_stack")
def test_a_detail_at_the_limits_is_taken(detail: str) -> None:
    checked(entry(detail))


@pytest.mark.parametrize("name", ["source", "detail_type"])
def test_source_and_detail_type_are_required_and_bounded(name: str) -> None:
    for value in ("", "  ", "x" * 1000):
        assert refused(entry(**{name: value})).reason == "InvalidArgument"


def test_what_is_no_envelope_is_refused() -> None:
    for text in (b"", b"{}", b"[]", b"\xff"):
        with pytest.raises(EnvelopeError):
            envelope.decode(text)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json_values))
def test_whatever_is_taken_comes_back_as_it_was(detail: dict[str, object]) -> None:
    offered = entry(json.dumps(detail))
    assert checked(offered) == detail
    sealed = envelope.seal(offered, event_id="", account="", region="", now_us=0)
    assert envelope.decode(envelope.encode(sealed)).decoded_detail() == detail


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    source=texts,
    of_type=texts,
    region=texts,
    resources=st.lists(texts),
    time_us=st.integers(0, 10**15),
)
def test_a_letterhead_writes_what_an_envelope_is_encoded_as(
    source: str, of_type: str, region: str, resources: list[str], time_us: int
) -> None:
    offered = entry('{"a": 1.0}', source=source, detail_type=of_type, resources=tuple(resources))
    sealed = envelope.seal(offered, event_id="1", account="2", region=region, now_us=time_us)
    letterhead = envelope.Letterhead(source, of_type, "2", region)
    time = envelope.written(time_us)
    text = letterhead.write("1", time, offered.resources, bytes(offered.detail))
    assert text == envelope.encode(sealed)


def test_a_replayed_envelope_is_the_same_but_for_its_name() -> None:
    sealed = envelope.seal(
        entry('{"b": 1.10, "replay-name": "mine"}'),
        event_id="id-1",
        account="1",
        region="local",
        now_us=0,
    )
    text = envelope.encode(sealed)
    assert (sealed.replay_name, b'"replay-name":"' in text) == ("", False)
    assert not envelope.is_replayed(text)
    again = envelope.replayed(text, 'jun"e')
    assert envelope.is_replayed(again)
    found = envelope.decode(again)
    assert found.replay_name == 'jun"e'
    assert msgspec.structs.replace(found, replay_name="") == sealed
    assert json.loads(envelope.encode(found)) == json.loads(again)
    for wrong in (again, b"{}", b""):
        with pytest.raises(EnvelopeError):
            envelope.replayed(wrong, "june")
