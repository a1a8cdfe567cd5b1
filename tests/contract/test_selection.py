"""What the bus tells an engine of a subscription agrees with what it freezes with an event."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.engine import Record, Selection
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryCursor, MemoryEngine
from keybus.envelope import Entry
from keybus.testing.clock import ManualClock
from keybus.topology import Platform, load_platform

PLATFORM = """\
bus: tiny
accounts:
  deliveries: {id: "111111111111"}
  me: {id: "222222222222"}
publishers:
  key.delivery: {account: deliveries, events: [delivery.status.updated]}
subscriptions:
  first: {account: me, events: [delivery.status.updated@1]}
  garage:
    account: me
    events: [delivery.status.updated@1]
    filter: {detail: {status: [IN_GARAGE]}}
  foreign: {account: me, filter: {source: [{prefix: "other."}]}}
"""
TYPE = "delivery.status.updated"
EVENTS = [
    ("key.delivery", TYPE, {"schema_version": "1.2.0", "status": "IN_GARAGE"}),
    ("key.delivery", TYPE, {"schema_version": "2.0.0", "status": "IN_GARAGE"}),
    ("key.delivery", TYPE, {"schema_version": "x", "status": "IN_GARAGE"}),
    ("key.delivery", TYPE, {"status": "SCHEDULED"}),  # its major is the contract's
    ("other.source", "something.else", {"status": "IN_GARAGE"}),
    ("other.source", TYPE, {}),
    ("third.source", "something.else", {}),
]


class Watching(MemoryEngine):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(ManualClock())
        self.selections: dict[str, Selection] = {}
        self.records: list[Record] = []

    async def open(
        self, subscription: str, selection: Selection, since: int | None = None
    ) -> MemoryCursor:
        self.selections[subscription] = selection
        return await super().open(subscription, selection, since)

    async def append(self, records: Sequence[Record]) -> Sequence[int]:
        self.records += records
        return await super().append(records)


@pytest.fixture
def declared(tmp_path: Path, example: Path) -> tuple[Platform, ContractRepository]:
    (tmp_path / "contracts").symlink_to(example / "contracts")
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    return load_platform(tmp_path)


async def test_a_selection_accepts_what_the_router_matches(
    declared: tuple[Platform, ContractRepository],
) -> None:
    engine = Watching()
    bus = await Bus.start(Declared(*declared), engine, admission="off", clock=ManualClock())
    await bus.put(
        [
            Entry(source, event_type, msgspec.Raw(msgspec.json.encode(detail)))
            for source, event_type, detail in EVENTS
        ]
    )
    assert [set(each.matched) for each in engine.records] == [
        {"first", "garage"},
        set(),
        set(),
        {"first"},
        {"foreign"},
        {"first", "foreign"},
        set(),
    ]
    for each in engine.records:
        accepted = {
            name
            for name, selection in engine.selections.items()
            if selection.accepts(each.envelope)
            and (not selection.event_types or each.event_type in selection.event_types)
        }
        assert accepted == set(each.matched)
    assert engine.selections["first"].event_types == {TYPE}
    assert engine.selections["foreign"].event_types == set()
    await bus.close()
