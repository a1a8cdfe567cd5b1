"""Named archives: views of the log, counted in the background, and replayed."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.archive.replay import AlreadyReplaying, FromArchive, ReplayExists, Wanted
from keybus.bus.archive.replays import AT_ONCE, KEPT_OF_ARCHIVES
from keybus.bus.archives import archives as room
from keybus.bus.archives import counting
from keybus.bus.archives.archive import (
    DAY_US,
    ArchiveExists,
    NamedArchive,
    NoSuchArchive,
    TooManyArchives,
)
from keybus.bus.archives.counting import KEEP_SECONDS, SWEEP_SECONDS
from keybus.bus.archives.tally import Counted
from keybus.bus.control.versions import Declared
from keybus.bus.made_by_hand import made_by_hand
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.errors import PatternError
from keybus.governance import Principal
from keybus.testing import ManualClock
from keybus.topology import Platform
from keybus.topology.model import Archive
from tests.unit.bus.test_holding import ME
from tests.unit.bus.test_replays import FOR_EVER, drain, ended, published

BY = Principal("deliveries", frozenset({"central"}), "C9")
FAILED = '{"detail": {"status": ["FAILED"]}}'
DAY_SECONDS = 86_400


async def until(clock: ManualClock, reached: Callable[[], bool]) -> None:
    """Let time pass, sweep by sweep, until something is reached."""
    async with asyncio.timeout(20):
        while not reached():
            clock.advance(SWEEP_SECONDS)
            await asyncio.sleep(0)


def count(bus: Bus, name: str) -> int:
    return bus.archives.counted(bus.archives.get(name)).events


async def test_it_counts_what_came_since_it_was_made_and_matches(
    bus: Bus, clock: ManualClock
) -> None:
    await published(bus, 2)
    clock.advance(1)
    await bus.archives.create(NamedArchive("all", 0), BY)
    await bus.archives.create(NamedArchive("failed", 0, FAILED), BY)
    assert count(bus, "all") == 0
    await published(bus, 3)
    await published(bus, 2, "FAILED")
    await until(clock, lambda: count(bus, "all") == 5)
    assert count(bus, "failed") == 2
    size = sum([len(each.envelope) async for each in bus.engine.read(after=2)])
    assert bus.archives.counted(bus.archives.get("all")) == Counted(5, size)
    # What is replayed is in no archive.
    await ended(bus, await bus.replays.begin(Wanted("all", 0, FOR_EVER), ME))
    await published(bus, 1)
    await until(clock, lambda: count(bus, "all") == 6)


async def test_a_pattern_that_changes_is_counted_anew_and_days_leave(
    bus: Bus, clock: ManualClock
) -> None:
    await bus.archives.create(NamedArchive("some", 0), BY)
    await published(bus, 2)
    await published(bus, 1, "FAILED")
    await until(clock, lambda: count(bus, "some") == 3)
    await bus.archives.change("some", BY, pattern=FAILED)
    assert count(bus, "some") == 0
    await until(clock, lambda: count(bus, "some") == 1)
    await bus.archives.change("some", BY, retention_days=2)
    assert count(bus, "some") == 1
    clock.advance(4 * DAY_SECONDS)
    assert count(bus, "some") == 0


async def test_what_was_counted_outlives_a_restart(
    declared: tuple[Platform, ContractRepository], engine: MemoryEngine, clock: ManualClock
) -> None:
    first = await Bus.start(Declared(*declared), engine, clock=clock)
    await first.archives.create(NamedArchive("all", 0, description="mine"), BY)
    await published(first, 3)
    await until(clock, lambda: count(first, "all") == 3)
    clock.advance(KEEP_SECONDS)
    await first.stop()
    kept = [each async for each in engine.documents.list("archive-counts")]
    assert [each.key for each in kept] == ["all"]
    second = await Bus.start(None, engine, clock=clock)
    assert count(second, "all") == 3
    assert second.archives.get("all").description == "mine"
    await published(second, 1)
    await until(clock, lambda: count(second, "all") == 4)
    await second.archives.delete("all", BY)
    await second.archives.create(NamedArchive("all", 0), BY)
    await published(second, 1)
    await until(clock, lambda: count(second, "all") == 1)
    await second.close()


async def test_archives_of_any_age_are_counted_page_by_page(
    bus: Bus, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "PAGE", 2)
    await bus.archives.create(NamedArchive("old", 0), BY)
    await published(bus, 5)
    await until(clock, lambda: count(bus, "old") == 5)
    clock.advance(1)
    await bus.archives.create(NamedArchive("new", 0), BY)
    await published(bus, 3)
    await until(clock, lambda: count(bus, "old") == 8)
    await until(clock, lambda: count(bus, "new") == 3)
    await published(bus, 4)
    await until(clock, lambda: count(bus, "old") == 12)
    assert count(bus, "new") == 7


async def test_what_was_not_kept_is_counted_once_more(
    declared: tuple[Platform, ContractRepository], engine: MemoryEngine, clock: ManualClock
) -> None:
    first = await Bus.start(Declared(*declared), engine, clock=clock)
    await first.archives.create(NamedArchive("old", 0), BY)
    await published(first, 3)
    clock.advance(1)
    await first.archives.create(NamedArchive("new", 0), BY)
    await published(first, 2)
    await first.stop()
    for name in ("old", "new"):
        await engine.documents.delete("archive-counts", name)
    second = await Bus.start(None, engine, clock=clock)
    await until(clock, lambda: count(second, "old") == 5)
    assert count(second, "new") == 2
    await second.close()


async def test_what_the_log_has_dropped_is_counted_no_more(
    declared: tuple[Platform, ContractRepository], engine: MemoryEngine, clock: ManualClock
) -> None:
    platform, contracts = declared
    keeping = msgspec.structs.replace(platform, archive=Archive(max_age=DAY_SECONDS))
    bus = await Bus.start(Declared(keeping, contracts), engine, clock=clock)
    await bus.archives.create(NamedArchive("all", 0), BY)
    await published(bus, 3)
    await until(clock, lambda: count(bus, "all") == 3)
    clock.advance(3 * DAY_SECONDS)
    await published(bus, 2)
    await until(clock, lambda: count(bus, "all") == 2)
    await bus.close()


async def test_names_are_one_of_a_kind_and_there_are_so_many(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_ARCHIVES", 2)
    await bus.archives.create(NamedArchive("b", 0), BY)
    await bus.archives.create(NamedArchive("a", 0), BY)
    with pytest.raises(ArchiveExists):
        await bus.archives.create(NamedArchive("a", 0), BY)
    with pytest.raises(TooManyArchives):
        await bus.archives.create(NamedArchive("c", 0), BY)
    with pytest.raises(PatternError):
        await bus.archives.change("a", BY, pattern="{")
    with pytest.raises(NoSuchArchive):
        await bus.archives.change("x", BY, pattern=FAILED)
    assert [each.name for each in bus.archives.all()] == ["a", "b"]
    await bus.archives.change("a", BY, description="")  # nothing changes
    await bus.archives.delete("a", BY)
    with pytest.raises(NoSuchArchive):
        await bus.archives.delete("a", BY)
    told = [each async for each in bus.audit.entries() if each.action.startswith("archive.")]
    assert [(each.action, each.subject) for each in told] == [
        ("archive.created", "b"),
        ("archive.created", "a"),
        ("archive.deleted", "a"),
    ]
    [left] = made_by_hand(bus)
    assert (left.kind, left.name, left.what) == ("archive", "b", "every event, without an end")


def test_its_beginning_moves_with_its_retention() -> None:
    archive = NamedArchive("some", 5 * DAY_US, retention_days=2)
    assert archive.since(6 * DAY_US) == 5 * DAY_US
    assert archive.since(9 * DAY_US) == 7 * DAY_US
    assert NamedArchive("some", 5 * DAY_US).since(9 * DAY_US) == 5 * DAY_US


async def test_a_replay_may_go_to_some_of_the_subscriptions(bus: Bus, clock: ManualClock) -> None:
    await published(bus, 2, "FAILED")
    clock.advance(1)
    wanted = Wanted("", 0, FOR_EVER, only=("failed", "impatient", "gone"))
    origin = FromArchive("all", 0, FOR_EVER)
    found = await ended(bus, await bus.replays.begin(wanted, ME, name="june", origin=origin))
    assert (found.state, found.sent) == ("done", 2)
    told = await drain(bus)
    assert told == {
        "all": [],
        "failed": ["june"] * 2,
        "foreign": [],
        "impatient": ["june"] * 2,
    }
    assert bus.replays.passes_by("june", "all")
    assert not bus.replays.passes_by("june", "failed")
    assert not bus.replays.passes_by("nobody knows it", "all")
    nobody = Wanted("", 0, FOR_EVER, only=())
    found = await ended(bus, await bus.replays.begin(nobody, ME, name="none", origin=origin))
    assert (found.state, found.sent, found.looked) == ("done", 0, 2)


async def test_replays_of_archives_go_beside_others_ten_at_most(
    bus: Bus, clock: ManualClock
) -> None:
    await published(bus, 3)
    clock.advance(1)
    origin, wanted = FromArchive("all", 0, FOR_EVER), Wanted("", 0, FOR_EVER)
    begun = [  # each goes on with its second event when the clock does, which it does not
        await bus.replays.begin(wanted, ME, name=f"r{number}", origin=origin, rate=1)
        for number in range(AT_ONCE)
    ]
    with pytest.raises(AlreadyReplaying, match="10 replays"):
        await bus.replays.begin(wanted, ME, name="one more", origin=origin)
    with pytest.raises(ReplayExists):
        await bus.replays.begin(wanted, ME, name="r0", origin=origin)
    await bus.replays.cancel(begun.pop().id, ME)
    native = await bus.replays.begin(wanted, ME, rate=1)  # it goes to the bus as well
    await bus.replays.cancel(begun.pop().id, ME)
    begun.append(await bus.replays.begin(wanted, ME, name="more", origin=origin, rate=1))
    for each in (*begun, native):
        await bus.replays.cancel(each.id, ME)
    with pytest.raises(ReplayExists):  # also of one that has ended
        await bus.replays.begin(wanted, ME, name="r0", origin=origin)
    assert bus.replays.named("r3").id == begun[3].id


async def test_names_are_remembered_for_so_many_replays(bus: Bus, clock: ManualClock) -> None:
    clock.advance(1)
    origin, wanted = FromArchive("all", 0, FOR_EVER), Wanted("", 0, FOR_EVER)
    native = await ended(bus, await bus.replays.begin(wanted, ME, name="native"))
    for number in range(KEPT_OF_ARCHIVES + 1):
        clock.advance(1)
        await ended(bus, await bus.replays.begin(wanted, ME, name=f"r{number}", origin=origin))
    names = {each.name for each in bus.replays.all()}
    assert len(names) == KEPT_OF_ARCHIVES + 1
    assert "r0" not in names
    assert bus.replays.named("native").id == native.id


async def test_a_replay_that_was_cancelled_is_ending_until_it_has_ended(
    bus: Bus, clock: ManualClock
) -> None:
    await published(bus, 3)
    clock.advance(1)
    origin, wanted = FromArchive("all", 0, FOR_EVER), Wanted("", 0, FOR_EVER)
    begun = await bus.replays.begin(wanted, ME, name="slow", origin=origin, rate=1)
    assert not bus.replays.is_ending(begun.id)
    cancelling = asyncio.create_task(bus.replays.cancel(begun.id, ME))
    async with asyncio.timeout(20):
        while not bus.replays.is_ending(begun.id):  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0)
    assert (await cancelling).state == "cancelled"
    assert not bus.replays.is_ending(begun.id)
