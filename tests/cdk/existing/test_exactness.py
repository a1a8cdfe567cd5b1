"""A subscription asks for what its rule matched: nothing more, nothing less."""

from pathlib import Path
from typing import Any

import pytest

from keybus.cdk.existing import Moved, Moving, Wishes, Written, move
from keybus.cdk.existing.inventory import Queue
from keybus.contracts import ContractRepository
from keybus.contracts.editions import Editions
from keybus.contracts.exchange_formats.foreign import ForeignSchema
from keybus.topology import load_declaration
from keybus.topology.judging import faults_of
from tests.cdk.existing.made import DELIVERIES, NAMES, bus, contracts, part, queue, rule
from tests.cdk.existing.shop import statement

COMPLETED = {"source": ["key.delivery"], "detail-type": ["delivery.completed"]}
FAILED = {**COMPLETED, "detail-type": ["delivery.failed"]}
PRINTED = {"source": ["shop.till"], "detail-type": ["Receipt Printed"]}
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}
DRAFT = ForeignSchema("shop.till@receipt.printed", SCHEMA)


def moved(*patterns: Any, among: ContractRepository | None = None) -> Moved:
    """One queue, and a rule for each pattern."""
    known = among or contracts()
    rules = (rule(f"r{index}", each, queue("q")) for index, each in enumerate(patterns))
    hub = part(bus(*rules), queues={queue("q"): Queue(queue("q"))})
    found = Moving([hub], Wishes(accounts=NAMES)).platform(known)
    assert faults_of(found.platform, known) == []
    return found


def lost(found: Moved) -> str:
    return "\n".join(map(str, found.not_carried))


def brought(folder: Path, pattern: dict[str, Any], *schemas: ForeignSchema) -> Written:
    """Written, and loaded again."""
    parts = [part(bus(rule("r", pattern, queue("q"))), schemas=schemas)]
    written = move(parts, folder, Wishes(accounts=NAMES))
    assert load_declaration(folder).platform == written.moved.platform
    return written


def test_a_rule_that_pins_no_major_asks_for_all_that_there_are() -> None:
    found = contracts()
    of_two = {
        **found.editions,
        "delivery.completed": dict.fromkeys((1, 2), found.editions["delivery.completed"][1]),
    }
    one = moved(COMPLETED, among=found.beside(Editions(of_two))).platform.subscriptions["q"]
    assert one.events == ["delivery.completed@1", "delivery.completed@2"]


def test_a_major_that_one_type_has_not_is_asked_for_all_the_same() -> None:
    types = ["delivery.completed", "delivery.failed"]
    found = contracts()
    of_two = {**found.editions, "delivery.completed": {2: found.editions["delivery.completed"][1]}}
    pattern = {**COMPLETED, "detail-type": types, "detail": {"schema_version": [{"prefix": "1."}]}}
    one = moved(pattern, among=found.beside(Editions(of_two))).platform.subscriptions["q"]
    assert (one.events, one.filter) == ([], pattern)


def test_a_draft_is_no_reason_to_ask_by_its_version(tmp_path: Path) -> None:
    pattern = {"source": ["shop.till"], "detail-type": ["receipt.printed"]}
    platform = brought(tmp_path, pattern, DRAFT).moved.platform
    one = platform.subscriptions["q"]
    assert (one.events, one.filter) == ([], pattern)
    assert platform.admission.default == "observe"


def test_drafts_that_are_there_already_are_drafts_still(tmp_path: Path) -> None:
    pattern = {"source": ["shop.till"], "detail-type": ["receipt.printed"]}
    first = brought(tmp_path, pattern, DRAFT).moved.platform
    (tmp_path / "platform.yaml").unlink()
    again = brought(tmp_path, pattern, DRAFT)
    assert (again.kept, again.moved.platform) == (("receipt.printed",), first)


def test_a_type_that_is_called_nearly_as_a_contract_is_meant(tmp_path: Path) -> None:
    one = brought(tmp_path, PRINTED, DRAFT).moved.platform.subscriptions["q"]
    assert (one.filter, one.allow_undeclared) == (PRINTED, ["detail-type"])


def test_events_without_a_contract_are_not_refused() -> None:
    found = moved(PRINTED)
    assert found.platform.admission.default == "observe"
    assert "admission: it observes" in lost(found)
    assert not moved(COMPLETED).platform.admission.is_declared


def test_what_may_be_put_without_a_contract_is_not_refused() -> None:
    pinned = {"events:source": "shop.till", "events:detail-type": "Receipt Printed"}
    hub = part(bus(statements=(statement("till", DELIVERIES, **pinned),)))
    platform = Moving([hub], Wishes(accounts=NAMES)).platform(contracts()).platform
    assert platform.admission.default == "observe"


def test_a_bus_that_observes_takes_events_from_elsewhere_so_sources_stay() -> None:
    hub = part(bus(rule("a", COMPLETED, queue("a")), rule("b", PRINTED, queue("b"))))
    platform = Moving([hub], Wishes(accounts=NAMES)).platform(contracts()).platform
    one = platform.subscriptions["a"]
    assert (one.events, one.filter) == (["delivery.completed@1"], {"source": ["key.delivery"]})


def test_what_stands_behind_an_or_goes_before_its_branches() -> None:
    ways = [{"detail-type": ["delivery.completed"]}, {"source": ["key.delivery"]}]
    pattern = {"$or": ways, "detail-type": ["delivery.failed"]}
    one = moved(pattern).platform.subscriptions["q"]
    assert (one.events, one.filter) == (["delivery.failed@1"], None)


def test_one_and_true_are_two_values() -> None:
    ways = [{**COMPLETED, "detail": {"n": [1]}}, {**FAILED, "detail": {"n": [True]}}]
    one = moved(*ways).platform.subscriptions["q"]
    assert (one.events, one.filter) == ([], {"$or": ways})


def test_a_rule_that_would_not_load_takes_no_other_with_it() -> None:
    never = {**FAILED, "detail": {"site": {"kind": ["CASTLE"]}}}
    found = moved(COMPLETED, never)
    assert found.platform.subscriptions["q"].events == ["delivery.completed@1"]
    assert "rule/shop/r1: a subscription to what it matches would not load" in lost(found)


@pytest.mark.parametrize(
    "pattern",
    [
        [],
        {},
        {"source": "shop"},
        {"source": {"x": ["y"]}},
        {"$or": {"x": ["y"]}},
        {"source": ["s"], "$or": [{"detail": ["x"]}, ["y"]]},
        {"source": ["s"], "detail": {"x": [{"unheard-of": 1}]}},
        {"source": ["\ud800"]},
    ],
)
def test_a_pattern_that_cannot_be_is_told(pattern: Any) -> None:
    found = moved(pattern)
    assert not found.platform.subscriptions
    assert "rule/shop/r0" in lost(found)
