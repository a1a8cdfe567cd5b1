"""A document that cannot be read costs that one thing, for as long, and nothing that belongs to it."""

import pytest

from keybus.bus import Bus
from keybus.bus.archives.archive import ArchiveExists, NamedArchive
from keybus.bus.control.versions import Declared
from keybus.bus.legible import Damaged
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.governance import ANYBODY
from keybus.server.aws import Call
from keybus.server.eventbridge.archives import ListArchives, list_archives
from keybus.testing import ManualClock
from keybus.topology import Platform

BROKEN = (b"{", b'{"name": 5}', b'{"name": "\xff"}', b"[" * 100_000)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize(
    "place",
    [
        ("archives", "a"),
        ("archive-counts", "a"),
        ("connections", "me/c"),
        ("api-destinations", "me/d"),
    ],
)
async def test_the_bus_comes_up_and_leaves_it_as_it_is(
    declared: tuple[Platform, ContractRepository],
    clock: ManualClock,
    place: tuple[str, str],
    broken: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = MemoryEngine(clock=clock)
    await engine.documents.put(*place, broken)
    bus = await Bus.start(Declared(*declared), engine, clock=clock)
    assert f"{place[1]!r} cannot be read" in caplog.text
    await bus.stop()
    kept = await engine.documents.get(*place)
    assert kept is not None
    assert kept.value == broken


async def test_a_damaged_archive_is_listed_and_can_only_be_deleted(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    engine = MemoryEngine(clock=clock)
    await engine.documents.put("archives", "a", b"{")
    bus = await Bus.start(Declared(*declared), engine, clock=clock)
    await bus.archives.create(NamedArchive("b", 0), ANYBODY)
    call = Call(bus, ANYBODY)
    listed = (await list_archives(call, ListArchives())).archives
    assert [(each.archive_name, each.state) for each in listed] == [
        ("a", "UPDATE_FAILED"),
        ("b", "ENABLED"),
    ]
    assert len((await list_archives(call, ListArchives(state="ENABLED"))).archives) == 1
    with pytest.raises(Damaged):
        await bus.archives.change("a", ANYBODY, retention_days=1)
    with pytest.raises(ArchiveExists):
        await bus.archives.create(NamedArchive("a", 0), ANYBODY)
    await bus.archives.delete("a", ANYBODY)
    await bus.archives.create(NamedArchive("a", 0), ANYBODY)
    await bus.close()
