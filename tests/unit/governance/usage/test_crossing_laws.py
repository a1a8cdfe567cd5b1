"""*Safe* is meant across a migration as well: what a reader of another major is given is the same."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.contracts import ContractRepository
from keybus.contracts.editions import Edition, Editions
from keybus.contracts.migrations import MigrationError, Migrations
from keybus.errors import BrokenContracts
from keybus.governance.usage import can_remove
from keybus.topology.projection import Projection
from tests.unit.governance.usage.scene import FILE, TYPE, edit, platform, repository, write
from tests.unit.governance.usage.test_removal_laws import DETAILS, REMOVED, envelope, without

PLACES = st.sampled_from(
    ["/note", "/site", "/site/name", "/home", "/home/name", "/before", "/tree"]
)
ITEMS = st.sampled_from(["/stops/*/name", "/stops/*/gate"])
STEPS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(
        lambda op, start, end: {"op": op, "from": start, "path": end},
        st.sampled_from(["move", "copy"]),
        PLACES,
        PLACES,
    ),
    st.builds(lambda a, b: {"op": "move", "from": a, "path": b}, ITEMS, ITEMS),
    st.builds(lambda path: {"op": "remove", "path": path}, st.one_of(PLACES, ITEMS)),
    st.builds(
        lambda op, path: {"op": op, "path": path, "value": "x"},
        st.sampled_from(["add", "default"]),
        st.one_of(PLACES, ITEMS),
    ),
    st.builds(lambda path: {"op": "map", "path": path, "values": {"7": "8"}, "otherwise": "z"}, PLACES),
)  # fmt: skip


@pytest.fixture(scope="module")
def majors(tmp_path_factory: pytest.TempPathFactory) -> tuple[ContractRepository, Editions]:
    """Two majors that declare the same."""
    folder = write(tmp_path_factory.mktemp("laws") / "contracts")
    first = repository(folder)[TYPE]
    edit(folder, FILE, lambda each: each["x-keybus"].update(version="2.0.0"))
    second = repository(folder)
    return second, Editions({TYPE: {1: Edition(first), 2: Edition(second[TYPE])}})


@given(
    steps=st.lists(STEPS, min_size=1, max_size=3),
    fields=st.lists(PLACES, min_size=1, max_size=2, unique=True),
    pointer=st.sampled_from(REMOVED),
    details=st.lists(DETAILS, min_size=1, max_size=4),
)
@settings(max_examples=80, deadline=None)
def test_what_is_safe_to_remove_makes_no_difference_to_another_major(
    majors: tuple[ContractRepository, Editions],
    steps: list[dict[str, Any]],
    fields: list[str],
    pointer: str,
    details: list[dict[str, Any]],
) -> None:
    text = json.dumps({"steps": [each for each in steps if each.get("from") != each["path"]]})
    try:
        migrations = Migrations.of_texts({f"{TYPE}/2-to-1.json": text})
    except BrokenContracts:  # some steps make no sense together: another test's matter
        return
    contracts = majors[0].beside(majors[1], migrations)
    declared = platform(one={"fields": fields})
    one = declared.subscriptions["one"]
    removal = can_remove(declared, contracts, TYPE, pointer)
    [verdict] = [each.verdict for each in removal.users if each.name == "one"]
    translate = migrations.translation(TYPE, 2, 1, "1.0.0")
    assert translate is not None
    cut = Projection.compile(one, contracts)
    for detail in details if verdict == "safe" else ():
        try:
            whole = translate(detail)
            less = translate(without(detail, tuple(pointer[1:].split("/"))))
        except MigrationError:
            continue
        assert json.loads(cut.apply(envelope(whole))) == json.loads(cut.apply(envelope(less)))
