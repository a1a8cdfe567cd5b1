"""A contract event that is published again within five minutes is in the log once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus, Engine, Mode
from keybus.bus.control.versions import Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine
from keybus.envelope import Entry, decode
from keybus.testing import ManualClock
from keybus.topology import Platform, load_platform
from tests.unit.bus.conftest import PLATFORM
from tests.unit.bus.failing import Call, Store, failing
from tests.unit.bus.offered import StartBus, foreign, status

PATIENCE = 20.0
Run = Callable[..., Awaitable[Bus]]


@pytest.fixture(scope="module")
def declared(
    tmp_path_factory: pytest.TempPathFactory, example: Path
) -> tuple[Platform, ContractRepository]:
    """Read once: nothing here changes it."""
    folder = tmp_path_factory.mktemp("platform")
    (folder / "contracts").symlink_to(example / "contracts")
    (folder / "platform.yaml").write_text(PLATFORM)
    return load_platform(folder)


@pytest.fixture
async def run(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> AsyncIterator[Run]:
    """Starts a bus on an engine; one after another, as restarts do."""
    started: list[Bus] = []

    async def start(engine: Engine, mode: Mode = "observe") -> Bus:
        for before in started:
            await before.stop()
        bus = await Bus.start(Declared(*declared), engine, admission=mode, clock=clock)
        started.append(bus)
        return bus

    yield start
    for bus in started:
        await bus.close()


async def put(bus: Bus, *entries: Entry) -> list[str]:
    """The events' ids; empty where one was not taken."""
    return [result.event_id for result in await bus.put(entries)]


async def log(bus: Bus) -> list[str]:
    """The ids of the events in the log."""
    return [decode(stored.envelope).id async for stored in bus.engine.read()]


def duplicates(bus: Bus) -> int:
    return sum(bus.deduplication.state().duplicates.values())


async def turns(count: int = 20) -> None:
    """Everybody who can go on does."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_it_is_answered_with_the_first_ones_id(bus: Bus) -> None:
    first = await put(bus, status(1), status(2))
    again = await put(bus, status(2), status(3), status(1))
    assert again == [first[1], again[1], first[0]]
    assert await log(bus) == [*first, again[1]]
    assert (await bus.states())["all"].waiting == 3
    assert bus.deduplication.state().duplicates == {"key.delivery": 2}
    counted = [(each.event_type, each.count) for each in bus.usage.snapshot().published]
    assert counted == [("delivery.status.updated", 3)]


async def test_twice_in_one_request_is_once(bus: Bus) -> None:
    ids = await put(bus, status(1), status(2), status(1), status(1))
    assert ids == [ids[0], ids[1], ids[0], ids[0]]
    assert await log(bus) == ids[:2]
    assert duplicates(bus) == 2


async def test_with_nothing_new_nothing_is_appended(
    run: Run, engine: MemoryEngine, store: Store
) -> None:
    bus = await run(failing(engine, store))
    ids = await put(bus, status(1), status(2))
    store.calls.clear()
    assert await put(bus, status(1), status(2)) == ids
    assert "append" not in [name for name, *_ in store.calls]


async def test_events_without_a_contract_are_taken_as_they_come(bus: Bus) -> None:
    detail = '{"id": "00000000-0000-4000-8000-000000000001"}'
    ids = await put(bus, foreign(detail=detail), foreign(detail=detail))
    ids += await put(bus, foreign(detail=detail))
    assert len(set(ids)) == 3
    assert await log(bus) == ids


@pytest.mark.parametrize(
    "entry",
    [
        status(1, "LOST"),
        msgspec.structs.replace(status(1), source="other.app"),
        status(1, id=17),
        status(1, id=""),
    ],
    ids=["does not fit", "foreign source", "number", "empty"],
)
async def test_events_that_admission_only_observes_are_taken_as_they_come(
    bus: Bus, entry: Entry
) -> None:
    ids = [*await put(bus, entry), *await put(bus, entry)]
    assert len(set(ids)) == 2
    assert duplicates(bus) == 0


async def test_without_admission_nothing_is_known_again(start: StartBus) -> None:
    bus = await start("off")
    assert len({*await put(bus, status(1)), *await put(bus, status(1))}) == 2


async def test_one_with_other_content_is_a_duplicate_and_is_told(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        [first, same] = await put(bus, status(1), status(1))
        assert caplog.text == ""
        [other] = await put(bus, status(1, "FAILED"))
        await put(bus, status(1, "COMPLETED"))
    assert first == same == other
    assert caplog.text.count("with other content") == 1
    assert bus.deduplication.state().differing == 2
    [stored] = [stored async for stored in bus.engine.read()]
    assert decode(stored.envelope).decoded_detail()["status"] == "IN_GARAGE"


def appends(call: Call) -> bool:
    return call[0] == "append"


async def test_one_that_comes_while_the_first_is_on_its_way_waits_for_it(
    run: Run, engine: MemoryEngine, store: Store
) -> None:
    bus = await run(failing(engine, store))
    store.waits = appends
    first = asyncio.create_task(put(bus, status(1), status(2)))
    await asyncio.wait_for(store.waiting.wait(), PATIENCE)
    again = [asyncio.create_task(put(bus, status(2), status(3), status(1))) for _ in range(3)]
    await turns()
    assert not any(task.done() for task in again)
    store.go.set()
    one, two = await first
    found = [await task for task in again]
    three = found[0][1]
    assert found == [[two, three, one]] * 3
    assert await log(bus) == [one, two, three]


async def test_one_may_wait_for_several(run: Run, engine: MemoryEngine, store: Store) -> None:
    bus = await run(failing(engine, store))
    store.waits = appends
    firsts = [asyncio.create_task(put(bus, status(number))) for number in range(4)]
    again = asyncio.create_task(put(bus, *(status(number) for number in range(5))))
    await turns()
    store.go.set()
    ids = [id_ for first in firsts for id_ in await first]
    assert (await asyncio.wait_for(again, PATIENCE))[:4] == ids
    assert len(await log(bus)) == 5


async def test_where_the_first_fails_the_next_one_is_appended(
    run: Run, engine: MemoryEngine, store: Store
) -> None:
    bus = await run(failing(engine, store))
    store.waits = appends
    store.fails = lambda call: appends(call) and sum(map(appends, store.calls)) == 1
    first = asyncio.create_task(bus.put([status(1)]))
    await asyncio.wait_for(store.waiting.wait(), PATIENCE)
    again = [asyncio.create_task(put(bus, status(1), status(2))) for _ in range(3)]
    await turns()
    store.go.set()
    [refused] = await first
    assert refused.code == "InternalFailure"
    found = [await task for task in again]
    assert found == [await log(bus)] * 3
    assert duplicates(bus) == 4


async def test_what_failed_is_not_remembered(run: Run, engine: MemoryEngine, store: Store) -> None:
    bus = await run(failing(engine, store))
    store.fails = appends
    for _ in range(2):
        assert await put(bus, status(1)) == [""]
        assert await put(bus, status(1), status(1)) == ["", ""]
    store.fails = lambda _: False
    ids = await put(bus, status(1))
    assert await log(bus) == ids == await put(bus, status(1))
    assert duplicates(bus) == 1


async def test_where_the_first_cannot_be_read_nobody_is_told_that_it_is_kept(
    run: Run, engine: MemoryEngine, store: Store
) -> None:
    bus = await run(failing(engine, store))
    ids = await put(bus, status(1))
    store.fails = lambda call: call[0] == "stored"
    results = await bus.put([status(1), status(2)])
    assert [result.code for result in results] == ["InternalFailure"] * 2
    store.fails = lambda _: False
    assert (await put(bus, status(1), status(2)))[0] == ids[0]
    assert len(await log(bus)) == 2


class Forgetful(MemoryEngine):
    """Lets go of its log at once."""

    async def stored(self, _: Any) -> Any:
        return {}


async def test_what_the_log_has_let_go_is_taken_again(run: Run, clock: ManualClock) -> None:
    bus = await run(Forgetful(clock=clock))
    assert await put(bus, status(1)) != await put(bus, status(1))
    assert len(await log(bus)) == 2


async def test_it_is_known_for_five_minutes(bus: Bus, clock: ManualClock) -> None:
    first = await put(bus, status(1))
    clock.advance(200.0)
    later = await put(bus, status(2))
    clock.advance(100.0)
    assert await put(bus, status(1), status(2)) == [*first, *later]
    clock.advance(1.5)
    [anew, known] = await put(bus, status(1), status(2))
    assert [known] == later
    assert await log(bus) == [*first, *later, anew]
    clock.advance(299.0)
    assert await put(bus, status(1)) == [anew]
    clock.advance(3_600.0)
    assert (await put(bus, status(1)))[0] not in (*first, anew)


async def test_it_is_known_over_a_restart_for_the_rest_of_the_five_minutes(
    run: Run, clock: ManualClock, tmp_path: Path
) -> None:
    bus = await run(SqliteEngine.at(tmp_path / "store.db", clock=clock))
    first = await put(bus, status(1))
    clock.advance(250.0)
    later = await put(bus, *(status(number) for number in range(2, 12)), foreign())
    await bus.close()
    clock.advance(30.0)
    bus = await run(SqliteEngine.at(tmp_path / "store.db", clock=clock))
    assert bus.deduplication.state().remembered == 11
    assert await put(bus, status(11), status(1)) == [later[9], *first]
    clock.advance(25.0)
    anew = await put(bus, status(1), status(2))
    assert anew[0] not in first
    assert anew[1] == later[0]
    assert await log(bus) == [*first, *later, anew[0]]
    await bus.close()
    clock.advance(600.0)
    bus = await run(SqliteEngine.at(tmp_path / "store.db", clock=clock))
    assert bus.deduplication.state().remembered == 0


async def test_an_append_whose_publisher_went_away_is_known_where_it_was_kept(
    run: Run, clock: ManualClock, tmp_path: Path
) -> None:
    bus = await run(SqliteEngine.at(tmp_path / "store.db", clock=clock))
    for number in range(10):
        putting = asyncio.create_task(put(bus, status(number)))
        await turns(1)
        putting.cancel()
        again = await asyncio.wait_for(put(bus, status(number)), PATIENCE)
        await asyncio.gather(putting, return_exceptions=True)
        assert (await log(bus))[number:] == again


async def test_an_append_whose_publisher_went_away_before_it_began_is_not(
    run: Run, engine: MemoryEngine, store: Store
) -> None:
    bus = await run(failing(engine, store))
    store.waits = appends
    putting = asyncio.create_task(put(bus, status(1)))
    await asyncio.wait_for(store.waiting.wait(), PATIENCE)
    again = asyncio.create_task(put(bus, status(1)))
    await turns()
    putting.cancel()
    store.go.set()
    assert await asyncio.wait_for(again, PATIENCE) == await log(bus)
