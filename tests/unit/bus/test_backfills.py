"""A subscription that starts in the past: all that it asks for, once, in the log's order."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from keybus.bus import Bus, Declared
from keybus.bus.archive.replay import Wanted
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine
from keybus.envelope import decode
from keybus.errors import StorageFailed
from keybus.protocol import Settlement
from keybus.testing import ManualClock
from keybus.topology import Platform
from keybus.topology.model import Order, Retry
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.failing import Call, Store, failing
from tests.unit.bus.offered import foreign, status
from tests.unit.bus.test_holding import DELIVERIES, START


async def add(bus: Bus, name: str = "newcomer", like: str = "all", **more: object) -> None:
    """Let a platform hold with one subscription more."""
    subscription = msgspec.structs.replace(bus.platform.subscriptions[like], **more)
    added = {**bus.platform.subscriptions, name: subscription}
    changed = msgspec.structs.replace(bus.platform, subscriptions=added)
    await bus.apply(Declared(changed, bus.generation.contracts))


async def put(bus: Bus, *numbers: int, value: str = "IN_GARAGE") -> None:
    await bus.put([status(each, value) for each in numbers], DELIVERIES)


async def whole(bus: Bus, name: str = "newcomer") -> None:
    async with asyncio.timeout(60):
        while bus.dispatcher(name).cursor.filled is not None:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0)


async def numbers(bus: Bus, count: int, name: str = "newcomer") -> list[int]:
    """What a consumer is sent, by the events' own numbers; it handles it."""
    consumer = Consumer(bus, name, window=10_000)
    async with asyncio.timeout(60):
        while len(consumer.deliveries) < count:  # noqa: ASYNC110 - many, on a slow machine
            await asyncio.sleep(0)
    deliveries = consumer.deliveries
    await consumer.settle(Settlement(ack=[each.position for each in deliveries]))
    await turns()
    assert len(consumer.deliveries) == count
    await consumer.leave()
    details = [decode(each.envelope).decoded_detail() for each in deliveries]
    return [int(detail["delivery_id"].removeprefix("DEL-")) for detail in details]


async def test_it_begins_with_all_that_it_asks_for(bus: Bus) -> None:
    await put(bus, *range(600))
    await put(bus, 600, 601, value="FAILED")
    await bus.put([foreign()])
    await add(bus, start="archive")
    await add(bus, "failures", "failed", start="archive")
    await add(bus, "later", start="latest")
    await put(bus, 602, value="FAILED")
    assert await numbers(bus, 603) == list(range(603))
    assert await numbers(bus, 3, "failures") == [600, 601, 602]
    assert await numbers(bus, 1, "later") == [602]
    filled = [each async for each in bus.audit.entries() if each.action == "queue.filled"]
    assert [(each.subject, each.data) for each in filled] == [
        ("newcomer", {"start": "archive"}),
        ("failures", {"start": "archive"}),
    ]


async def test_it_begins_at_a_time(bus: Bus, clock: ManualClock) -> None:
    await put(bus, 1)
    clock.advance(60)
    await put(bus, 2)
    clock.advance(60)
    await put(bus, 3)
    assert START + 60 * 10**6 == 1_700_000_060 * 10**6  # 2023-11-14T22:14:20Z
    await add(bus, start="2023-11-14T22:14:20Z")
    assert await numbers(bus, 2) == [2, 3]
    await add(bus, "future", start="2999-01-01")
    await put(bus, 4)
    assert await numbers(bus, 1, "future") == [4]


async def test_what_was_replayed_is_not_there_twice(bus: Bus, clock: ManualClock) -> None:
    await put(bus, 1, 2)
    clock.advance(1)
    begun = await bus.replays.begin(Wanted("all", 0, 10**16), DELIVERIES)
    async with asyncio.timeout(60):
        while bus.replays.get(begun.id).state == "running":  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0)
    await add(bus, start="archive")
    assert await numbers(bus, 2) == [1, 2]


async def test_what_would_be_too_old_is_left_out(bus: Bus, clock: ManualClock) -> None:
    await put(bus, 1)
    clock.advance(100)
    await put(bus, 2)
    await add(bus, start="archive", retry=Retry(max_age=60))
    assert await numbers(bus, 1) == [2]
    assert (await bus.states())["newcomer"].dead == 0


async def test_a_queue_that_is_there_is_not_filled(bus: Bus) -> None:
    await put(bus, 1)
    await add(bus, "all", start="archive")
    await put(bus, 2)
    assert bus.dispatcher("all").cursor.filled is None
    assert await numbers(bus, 2, "all") == [1, 2]


async def test_in_order_it_is_as_if_it_had_always_been_there(bus: Bus) -> None:
    await put(bus, *range(300))
    await add(bus, start="archive", order=Order(key="/status"))
    await put(bus, *range(300, 400))
    consumer = Consumer(bus, "newcomer", window=50)
    seen: list[int] = []
    async with asyncio.timeout(60):
        while len(seen) < 400:
            before = len(seen)
            fresh = (await consumer.until(before + 1))[before:]
            seen += [
                int(decode(each.envelope).decoded_detail()["delivery_id"][4:]) for each in fresh
            ]
            await consumer.ack(*fresh)
    assert seen == list(range(400))


async def test_what_was_put_by_older_rules_and_lands_later_is_there_once(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, store: Store
) -> None:
    bus = await Bus.start(
        Declared(*declared), failing(MemoryEngine(clock=clock), store), clock=clock
    )
    await put(bus, 1)
    store.waits = lambda call: call[0] == "append"
    older = asyncio.create_task(put(bus, 2))
    await store.waiting.wait()
    store.waits = lambda _call: False
    await add(bus, start="archive")
    await put(bus, 3)
    await turns()
    # It is not whole while an event may land that was routed by rules which do not know it.
    assert bus.dispatcher("newcomer").cursor.filled is not None
    filling = {each.name: each.filling for each in await bus.subscriptions()}
    assert (filling["newcomer"], filling["all"]) == (True, False)
    store.go.set()
    await older
    await put(bus, 4)
    assert await numbers(bus, 4) == [1, 3, 2, 4]
    await bus.close()


async def test_a_queue_that_was_made_for_rules_which_never_held_is_filled_by_later_ones(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, store: Store
) -> None:
    bus = await Bus.start(
        Declared(*declared), failing(MemoryEngine(clock=clock), store), clock=clock
    )
    await put(bus, 1)
    opened = len([call for call in store.calls if call[0] == "open"])

    def after_opening(call: Call) -> bool:
        made = len([call for call in store.calls if call[0] == "open"])
        return call[0] in {"put", "create"} and made > opened

    store.fails = after_opening
    with pytest.raises(StorageFailed):
        await add(bus, start="archive")
    store.fails = lambda _call: False
    await put(bus, 2)
    await add(bus, start="archive")
    await put(bus, 3)
    assert await numbers(bus, 3) == [1, 2, 3]
    await bus.close()


async def test_a_store_that_fails_is_asked_again(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, store: Store
) -> None:
    bus = await Bus.start(
        Declared(*declared), failing(MemoryEngine(clock=clock), store), clock=clock
    )
    await put(bus, *range(700))
    store.fails = lambda call: call[0] == "fill"
    await add(bus, start="archive")
    await turns()
    assert bus.dispatcher("newcomer").cursor.filled == 0
    store.kept = True
    clock.advance(1)
    await turns()
    store.fails = lambda _call: False
    clock.advance(1)
    assert await numbers(bus, 700) == list(range(700))
    await bus.close()


@pytest.mark.parametrize("kept", [False, True])
async def test_it_goes_on_after_a_restart(
    declared: tuple[Platform, ContractRepository],
    clock: ManualClock,
    store: Store,
    tmp_path: Path,
    kept: bool,  # noqa: FBT001 - whether the last page before the end was kept
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    bus = await Bus.start(Declared(*declared), failing(engine, store), clock=clock)  # type: ignore[arg-type]  # the same face
    await put(bus, *range(800))
    store.kept = kept

    def is_last_page(call: Call) -> bool:
        positions = call[1] if call[0] == "fill" else None
        return isinstance(positions, list) and len(positions) < 500

    store.fails = is_last_page
    await add(bus, start="archive")
    await put(bus, *range(800, 900))
    async with asyncio.timeout(60):
        while not any(map(is_last_page, store.calls)):  # noqa: ASYNC110 - a thread's work
            await asyncio.sleep(0.01)
    await bus.close()
    bus = await Bus.start(None, SqliteEngine.at(path, clock=clock), clock=clock)
    await put(bus, *range(900, 1_000))
    assert await numbers(bus, 1_000) == list(range(1_000))
    await bus.close()


async def test_where_it_is_removed_meanwhile_it_goes_on_when_it_comes_back(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, store: Store
) -> None:
    bus = await Bus.start(
        Declared(*declared), failing(MemoryEngine(clock=clock), store), clock=clock
    )
    await put(bus, *range(600))
    before = bus.platform
    store.fails = lambda call: call[0] == "fill" and call[2] == 600
    await add(bus, start="archive")
    with_it = bus.platform
    async with asyncio.timeout(60):
        while bus.dispatcher("newcomer").cursor.filled != 500:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0)
    await bus.apply(Declared(before, bus.generation.contracts))
    await put(bus, 600)  # while it is not there; but its queue was never whole
    await bus.apply(Declared(with_it, bus.generation.contracts))
    assert bus.dispatcher("newcomer").cursor.filled == 500
    store.fails = lambda _call: False
    async with asyncio.timeout(60):
        while bus.dispatcher("newcomer").cursor.filled is not None:
            clock.advance(1)
            await turns()
    assert await numbers(bus, 601) == list(range(601))
    await bus.close()
