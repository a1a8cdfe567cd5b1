"""*Safe* is meant for releases as well: what comes by the new contract, the old one takes."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.contracts import ContractRepository
from keybus.contracts.releases.report import Standing
from keybus.governance.usage import can_release
from keybus.patterns import Pattern
from keybus.topology.projection import Projection
from tests.unit.governance.usage.scene import FILE, TEXT, TYPE, platform, repository
from tests.unit.governance.usage.test_removal_laws import DETAILS, FILTERS, POINTERS, envelope

Edit = Callable[[dict[str, Any]], object]
EDITS: dict[str, Edit] = {
    "a status more": lambda docs: docs["core/Status.json"]["enum"].append("LOST"),
    "a kind more": lambda docs: docs["core/Site.json"]["properties"]["kind"]["enum"].append("BOAT"),
    "a kind less": lambda docs: docs["core/Site.json"]["properties"]["kind"]["enum"].remove("SHOP"),
    "no name": lambda docs: docs["core/Site.json"]["properties"].pop("name"),
    "a kind may be missing": lambda docs: docs["core/Site.json"].pop("required"),
    "a status may be missing": lambda docs: docs[FILE]["required"].remove("status"),
    "a note of numbers": lambda docs: docs[FILE]["properties"].update(note={"type": "integer"}),
    "no note": lambda docs: docs[FILE]["properties"].pop("note"),
    "something new": lambda docs: docs[FILE]["properties"].update(fresh=TEXT),
    "leaves of numbers": lambda docs: docs[FILE]["definitions"]["tree"]["properties"].update(leaf={"type": ["string", "integer"]}),
}  # fmt: skip
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["LOST", "NEW"]),
        "before": st.just("LOST"),
        "site": st.sampled_from([{}, {"kind": "BOAT"}, {"kind": "HOME", "gate": {}}]),
        "stops": st.just([{"kind": "HOME"}, {"kind": "BOAT"}]),
        "labels": st.just({"red": {"kind": "BOAT"}}),
        "note": st.just(7),
        "tree": st.sampled_from([{"leaf": 7}, {"twigs": [{"twigs": [{"leaf": 7}]}]}]),
    },
)
GONE = st.sets(st.sampled_from(["status", "note", "site"]))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> ContractRepository:
    return repository(tmp_path_factory.mktemp("laws") / "contracts")


@pytest.mark.long
@given(
    edits=st.sets(st.sampled_from(sorted(EDITS)), min_size=1, max_size=3),
    fields=st.lists(st.sampled_from(POINTERS), max_size=3, unique=True),
    asked=FILTERS,
    events=st.lists(st.tuples(DETAILS, CHANGES, GONE), min_size=1, max_size=5),
)
@settings(max_examples=120, deadline=None)
def test_what_comes_to_the_safe_is_what_the_old_contract_takes(
    before: ContractRepository,
    edits: set[str],
    fields: list[str],
    asked: dict[str, Any] | None,
    events: list[tuple[dict[str, Any], dict[str, Any], set[str]]],
) -> None:
    documents = copy.deepcopy(dict(before.documents))
    for name in sorted(edits):
        EDITS[name](documents)
    after = ContractRepository(before.folder, before.settings, documents)
    declared = platform(one={"fields": fields} | ({} if asked is None else {"filter": asked}))
    found = can_release(declared, after, Standing(before, "before"))
    [verdict] = [each.verdict for each in found.contracts[0].users if each.name == "one"]
    one = declared.subscriptions["one"]
    cut = Projection.compile(one, after)
    for detail, change, gone in events if verdict == "safe" else ():
        written = {name: each for name, each in (detail | change).items() if name not in gone}
        if "no note" in edits:  # what its writer does not declare, it does not write
            written.pop("note", None)
        if not after[TYPE].accepts(written):
            continue
        event = envelope(written)
        if one.filter is None or Pattern.parse(one.filter).matches(event):
            given_to_it = json.loads(cut.apply(event))["detail"]
            assert before[TYPE].accepts(given_to_it), (edits, written)
