"""Deliveries of one key come one batch at a time, in order, whatever fails and whoever leaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from keybus.bus import Bus, Declared, Delivery
from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.delivery import lanes as lanes_room
from keybus.bus.delivery.lane import LANE_ROOM
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.envelope import Entry
from keybus.protocol import Failed, Notice, Settlement
from keybus.testing import ManualClock
from keybus.topology import Platform, Subscription
from keybus.topology.model import Order, Retry
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import foreign, status
from tests.unit.bus.test_control import changed

StartOrdered = Callable[..., Awaitable[Bus]]
BY_K = Order(key="/k")


@pytest.fixture
async def ordered(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> AsyncIterator[StartOrdered]:
    started: list[Bus] = []
    platform, contracts = declared

    async def run(order: Order | None = BY_K, **more: object) -> Bus:
        subscription = Subscription(
            account="me",
            filter={"source": [{"prefix": "other."}]},
            order=order,
            **more,  # type: ignore[arg-type]
        )
        bus = await Bus.start(
            Declared(changed(platform, line=subscription), contracts),
            MemoryEngine(clock=clock),
            clock=clock,
        )
        started.append(bus)
        return bus

    yield run
    for bus in started:
        await bus.close()


async def reorder(bus: Bus, order: Order | None) -> None:
    line = bus.platform.subscriptions["line"]
    subscription = Subscription(account="me", filter=line.filter, order=order)
    platform = changed(bus.platform, line=subscription)
    await bus.apply(Declared(platform, bus.generation.contracts))


def keyed(key: object, number: int) -> Entry:
    return foreign(detail=json.dumps({"k": key, "n": number}))


def numbers(deliveries: list[Delivery]) -> list[int]:
    return [json.loads(each.envelope)["detail"]["n"] for each in deliveries]


async def state(bus: Bus) -> tuple[int, int, int]:
    """Waiting, ordered, dead."""
    found = (await bus.states())["line"]
    return found.waiting, found.ordered, found.dead


async def test_one_batch_of_a_key_is_out_and_others_go_on(ordered: StartOrdered) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", 0)])
    [first] = await consumer.until(1)
    await bus.put([keyed("a", 1), keyed("b", 2), keyed("a", 3), keyed("c", 4)])
    await consumer.until(3)
    await turns()
    assert numbers(consumer.deliveries) == [0, 2, 4]
    assert len({each.group for each in consumer.deliveries}) == 3
    await consumer.ack(first)
    assert numbers(await consumer.until(5))[3:] == [1, 3]
    assert [numbers(frame) for frame in consumer.frames][-1] == [1, 3]


async def test_what_follows_a_failure_waits_for_it(
    ordered: StartOrdered, clock: ManualClock
) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", n) for n in range(3)])
    one, two, three = await consumer.until(3)
    await consumer.settle(
        Settlement(retry=[Failed(one.position, "no luck")], release=[two.position, three.position])
    )
    await bus.put([keyed("a", 3), keyed("b", 4)])
    assert numbers(await consumer.until(4))[3:] == [4]
    await turns()
    assert len(consumer.deliveries) == 4
    clock.advance(60)
    again = (await consumer.until(5))[4]
    assert (again.position, again.attempt) == (one.position, 2)
    await turns()
    assert len(consumer.deliveries) == 5  # what failed before goes by itself
    await consumer.ack(again)
    assert numbers(await consumer.until(8))[5:] == [1, 2, 3]


async def test_a_burial_lets_the_next_go(ordered: StartOrdered) -> None:
    bus = await ordered(retry=Retry(attempts=0))
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", 0)])
    [first] = await consumer.until(1)
    await bus.put([keyed("a", 1)])
    await consumer.settle(Settlement(retry=[Failed(first.position, "no luck")]))
    assert numbers(await consumer.until(2)) == [0, 1]
    assert (await state(bus))[2] == 1


async def test_what_follows_goes_ahead_where_failures_are_skipped(
    ordered: StartOrdered, clock: ManualClock
) -> None:
    bus = await ordered(Order(key="/k", on_failure="skip"))
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", n) for n in range(3)])
    one, two, three = await consumer.until(3)
    await consumer.settle(
        Settlement(retry=[Failed(one.position, "no luck")], release=[two.position, three.position])
    )
    later = await consumer.until(5)
    assert numbers(later)[3:] == [1, 2]
    clock.advance(60)
    await turns()
    assert len(consumer.deliveries) == 5  # still one batch at a time
    await consumer.ack(*later[3:])
    assert numbers(await consumer.until(6))[5:] == [0]


async def test_an_event_without_a_key_is_in_no_order(ordered: StartOrdered) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", 0), keyed(None, 1), foreign(detail='{"n": 2}'), keyed("a", 3)])
    await consumer.until(4)
    await bus.put([keyed(None, 4), foreign(detail='{"n": 5}')])
    await consumer.until(6)
    groups = {
        n: each.group
        for n, each in zip(numbers(consumer.deliveries), consumer.deliveries, strict=True)
    }
    assert [n for n, group in groups.items() if not group] == [1, 2, 4, 5]


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ('"a"', '"\\u0061"', True),
        ("1", "1.0", True),
        ('"1"', "1", False),
        ('{"x": 1, "y": [2.0]}', '{"y": [2], "x": 1}', True),
        ("true", "1", False),
    ],
)
async def test_keys_are_equal_where_their_values_are(
    ordered: StartOrdered, one: str, two: str, *, same: bool
) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([foreign(detail=f'{{"k": {each}}}') for each in (one, two)])
    first, second = await consumer.until(2)
    assert first.group
    assert (first.group == second.group) is same


async def test_the_contracts_own_key_and_fields_that_leave_it_out(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    platform, contracts = declared
    slim = Subscription(
        account="me",
        events=["delivery.status.updated@1"],
        fields=["/status"],
        order=Order(),
    )
    bus = await Bus.start(
        Declared(changed(platform, slim=slim), contracts), MemoryEngine(clock=clock), clock=clock
    )
    consumer = Consumer(bus, "slim", 100)
    await bus.put([status(1), status(2)])
    first, other = await consumer.until(2)
    await bus.put([status(1, "DELIVERED"), status(3)])
    await consumer.until(3)
    await turns()
    assert len(consumer.deliveries) == 3
    assert first.group != other.group
    await consumer.ack(first)
    assert (await consumer.until(4))[3].group == first.group
    await bus.close()


async def test_of_a_lost_consumer_everything_comes_again_in_order(
    ordered: StartOrdered, clock: ManualClock
) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", n) for n in range(3)])
    await consumer.until(3)
    other = Consumer(bus, "line", 100)
    await consumer.leave()
    await bus.put([keyed("a", 3)])
    seen: list[int] = []
    for _ in range(4):
        clock.advance(60)
        deliveries = await other.until(len(seen) + 1)
        seen += numbers(deliveries[len(seen) :])
        await other.ack(deliveries[-1])
    assert seen == [0, 1, 2, 3]


async def test_one_that_leaves_in_order_hands_its_batch_to_another(ordered: StartOrdered) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", n) for n in range(3)])
    one, *_ = await consumer.until(3)
    other = Consumer(bus, "line", 100)
    await consumer.settle(Settlement(ack=[one.position], leaving=True))
    await turns()
    assert not other.deliveries
    await bus.put([keyed("a", 3)])
    await consumer.leave()
    deliveries = await other.until(3)
    assert numbers(deliveries) == [1, 2, 3]
    assert {each.attempt for each in deliveries} == {1}


async def test_nobody_is_left_and_somebody_comes(ordered: StartOrdered, clock: ManualClock) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 5)
    await bus.put([keyed("a", n) for n in range(200)])
    deliveries = await consumer.until(5)
    await consumer.settle(Settlement(retry=[Failed(deliveries[0].position, "no luck")]))
    await consumer.settle(Settlement(leaving=True))
    await consumer.leave()
    await turns()
    found = (await bus.states())["line"]
    assert (found.in_flight, found.waiting) == (0, 200)
    late = Consumer(bus, "line", 100)
    await turns()
    assert not late.deliveries
    clock.advance(60)
    seen: list[int] = []
    while len(seen) < 200:
        fresh = (await late.until(len(seen) + 1))[len(seen) :]
        seen += numbers(fresh)
        await late.ack(*fresh)
    assert seen == list(range(200))


async def test_a_million_would_do_behind_a_blocked_key(
    ordered: StartOrdered, clock: ManualClock
) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 50)
    await bus.put([keyed("a", 0)])
    [first] = await consumer.until(1)
    await consumer.settle(Settlement(retry=[Failed(first.position, "no luck")]))
    for start in range(1, 2_001, 100):
        await bus.put([keyed("a", n) for n in range(start, start + 100)])
    await bus.put([keyed("b", 2_001)])
    assert numbers(await consumer.until(2))[1:] == [2_001]
    await turns()
    found = (await bus.states())["line"]
    assert found.ordered >= 2_000 - LANE_ROOM
    assert found.in_flight <= LANE_ROOM + 1
    assert found.held == 0
    info = next(each for each in await bus.subscriptions() if each.name == "line")
    assert info.ordered == found.ordered
    clock.advance(60)
    seen = 2
    while seen < 2_003:
        fresh = (await consumer.until(seen + 1))[seen:]
        seen += len(fresh)
        await consumer.ack(*fresh)
    assert numbers(consumer.deliveries)[2:] == list(range(2_001))
    assert await state(bus) == (0, 0, 0)


async def test_one_that_keeps_no_order_is_sent_one_of_a_key(ordered: StartOrdered) -> None:
    bus = await ordered()
    sent: list[Delivery] = []

    async def take(what: object) -> None:
        assert not isinstance(what, Notice)
        sent.extend(what)  # type: ignore[arg-type]

    dispatcher = bus.dispatcher("line")
    session = dispatcher.join(take, 100, singly=True)
    await bus.put([keyed("a", 0), keyed("a", 1), keyed("b", 2)])
    await turns()
    assert numbers(sent) == [0, 2]
    await dispatcher.settle(session, Settlement(ack=[sent[0].position]))
    await turns()
    assert numbers(sent) == [0, 2, 1]


async def test_more_keys_than_lanes_keep_their_order(
    ordered: StartOrdered, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_room, "MOST_LANES", 4)
    monkeypatch.setattr(lanes_room, "_SHARED_DIGITS", 1)
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed(n % 50, n) for n in range(200)])
    done: dict[int, list[int]] = {}
    failed = set[int]()
    seen = 0
    while sum(map(len, done.values())) < 200:
        if len(consumer.deliveries) == seen:
            clock.advance(60)
        fresh = (await consumer.until(seen + 1))[seen:]
        seen += len(fresh)
        stuck = set[str]()
        settlement = Settlement()
        for number, each in zip(numbers(fresh), fresh, strict=True):
            if each.group in stuck:
                settlement.release.append(each.position)
            elif number % 7 == 0 and number not in failed:
                failed.add(number)
                stuck.add(each.group)
                settlement.retry.append(Failed(each.position, "no luck"))
            else:
                done.setdefault(number % 50, []).append(number)
                settlement.ack.append(each.position)
        await consumer.settle(settlement)
        await turns()
    assert all(order == sorted(order) for order in done.values())


async def test_failures_that_block_may_be_skipped_from_now_on(
    ordered: StartOrdered, clock: ManualClock
) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", 0)])
    [first] = await consumer.until(1)
    await consumer.settle(Settlement(retry=[Failed(first.position, "no luck")]))
    await bus.put([keyed("a", n) for n in range(1, 300)])
    await turns()
    assert len(consumer.deliveries) == 1
    await reorder(bus, Order(key="/k", on_failure="skip"))
    seen = 1
    while seen < 300:
        fresh = (await consumer.until(seen + 1))[seen:]
        seen += len(fresh)
        await consumer.ack(*fresh)
    assert numbers(consumer.deliveries) == list(range(300))
    clock.advance(60)
    assert numbers(await consumer.until(301))[300] == 0


@pytest.mark.parametrize("order", [None, Order(key="/n")])
async def test_another_order_lets_go_what_waited_for_the_old_one(
    ordered: StartOrdered, order: Order | None
) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", 0)])
    [first] = await consumer.until(1)
    await consumer.settle(Settlement(retry=[Failed(first.position, "no luck")]))
    await bus.put([keyed("a", n) for n in range(1, 300)])
    await turns()
    await reorder(bus, order)
    seen = 1
    while seen < 300:
        fresh = (await consumer.until(seen + 1))[seen:]
        seen += len(fresh)
        await consumer.ack(*fresh)
    assert sorted(numbers(consumer.deliveries)) == list(range(300))
    assert await state(bus) == (1, 0, 0)


async def test_what_was_fetched_in_no_order_is_settled_in_one(ordered: StartOrdered) -> None:
    bus = await ordered(None)
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", n) for n in range(3)])
    one, two, three = await consumer.until(3)
    await reorder(bus, BY_K)
    await turns()
    await consumer.settle(
        Settlement(
            ack=[one.position],
            retry=[Failed(two.position, "no luck")],
            release=[three.position],
        )
    )
    again = (await consumer.until(4))[3]
    assert again.position == three.position
    await bus.put([keyed("a", 3)])
    await turns()
    assert len(consumer.deliveries) == 4
    await consumer.ack(again)
    assert numbers(await consumer.until(5))[4] == 3


async def test_a_redriven_one_comes_at_once(ordered: StartOrdered) -> None:
    """Out of order, by definition."""
    bus = await ordered()
    consumer = Consumer(bus, "line", 100)
    await bus.put([keyed("a", 0), keyed("a", 1)])
    one, two = await consumer.until(2)
    await consumer.settle(Settlement(bury=[Failed(one.position, "no cure")], ack=[two.position]))
    letters = bus.dispatcher("line").cursor.letters
    assert await letters.redrive(LetterChoice(), 10) == 1
    again = (await consumer.until(3))[2]
    assert again.position == one.position
    await consumer.ack(again)
    assert await state(bus) == (0, 0, 0)


async def test_stopping_hands_everything_back(ordered: StartOrdered) -> None:
    bus = await ordered()
    consumer = Consumer(bus, "line", 5)
    await bus.put([keyed("a", n) for n in range(300)])
    await consumer.until(5)
    await turns()
    await bus.stop_delivering()
    await asyncio.sleep(0)
    found = (await bus.states())["line"]
    assert (found.in_flight, found.waiting) == (0, 300)
