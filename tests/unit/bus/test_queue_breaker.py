"""Consumers that fail everything are left alone; what waits for them keeps its attempts."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from keybus.bus import Bus, Delivery
from keybus.bus.control.versions import Declared
from keybus.bus.delivery.queue_breaker import FAILURES, LONGEST_PAUSE, PATIENCE
from keybus.cli.queue import told_breaker
from keybus.engines.memory import MemoryEngine
from keybus.protocol import BreakerInfo, Failed, Settlement, SubscriptionInfo
from keybus.testing import ManualClock
from keybus.topology import load_platform
from tests.unit.bus.conftest import PLATFORM
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import status

MANY = 3 * FAILURES


async def fail(consumer: Consumer, *deliveries: Delivery) -> None:
    failed = [Failed(each.position, "no luck") for each in deliveries]
    await consumer.settle(Settlement(retry=failed))


async def info(bus: Bus, name: str = "all") -> SubscriptionInfo:
    [found] = [each for each in await bus.subscriptions() if each.name == name]
    return found


async def put(bus: Bus, numbers: Sequence[int]) -> None:
    await bus.put([status(number) for number in numbers])


async def opened(bus: Bus, name: str = "all") -> Consumer:
    """A consumer that has failed as many as open the breaker; as many again and more wait."""
    consumer = Consumer(bus, name, FAILURES)
    await put(bus, range(MANY))
    await fail(consumer, *await consumer.until(FAILURES))
    await turns()
    assert len(consumer.deliveries) == FAILURES
    return consumer


async def probe(consumer: Consumer, clock: ManualClock, seen: int) -> Delivery:
    """The next one that is tried; exactly one."""
    clock.advance(LONGEST_PAUSE + 1)
    await consumer.until(seen + 1)
    await turns()
    assert len(consumer.deliveries) == seen + 1
    return consumer.deliveries[-1]


async def test_what_waits_for_broken_consumers_keeps_its_attempts(
    bus: Bus, clock: ManualClock
) -> None:
    consumer = await opened(bus)
    standing = (await info(bus)).breaker
    assert standing is not None
    assert (standing.state, standing.reason) == ("waiting", "no luck")
    assert standing.probe_us > clock.time_us()
    for seen in range(FAILURES, FAILURES + 4):
        tried = await probe(consumer, clock, seen)
        standing = (await info(bus)).breaker
        assert standing is not None
        assert standing.state == "probing"
        await fail(consumer, tried)
        await turns()
        assert len(consumer.deliveries) == seen + 1
    assert [notice.code for notice in consumer.notices] == ["breaker-open"]
    state = (await bus.states())["all"]
    assert (state.waiting, state.dead) == (MANY, 0)


async def test_one_success_lets_all_of_it_go(bus: Bus, clock: ManualClock) -> None:
    consumer = await opened(bus)
    await consumer.ack(await probe(consumer, clock, FAILURES))
    await consumer.until(FAILURES + 2)
    assert (await info(bus)).breaker is None
    told = await consumer.until_told(2)
    assert [notice.code for notice in told] == ["breaker-open", "breaker-closed"]
    handled = {FAILURES}
    while (await bus.states())["all"].waiting or consumer.session.leased:
        clock.advance(60)
        await turns()
        leased = list(consumer.session.leased.values())
        handled |= {each.position for each in leased}
        await consumer.ack(*leased)
    assert (await bus.states())["all"].dead == 0


async def test_the_pause_grows(bus: Bus, clock: ManualClock) -> None:
    consumer = await opened(bus)
    pauses = []
    for seen in range(FAILURES, FAILURES + 8):
        standing = (await info(bus)).breaker
        assert standing is not None
        pauses.append((standing.probe_us - clock.time_us()) / 1_000_000)
        await fail(consumer, await probe(consumer, clock, seen))
    assert pauses[0] <= 1
    assert all(LONGEST_PAUSE / 2 <= each <= LONGEST_PAUSE for each in pauses[-3:])


async def test_one_success_among_failures_keeps_it_closed(bus: Bus) -> None:
    consumer = Consumer(bus, "all", MANY)
    await put(bus, range(MANY))
    deliveries = await consumer.until(MANY)
    await fail(consumer, *deliveries[: FAILURES - 1])
    await consumer.ack(deliveries[FAILURES - 1])
    await fail(consumer, *deliveries[FAILURES : 2 * FAILURES - 1])
    assert (await info(bus)).breaker is None
    await fail(consumer, deliveries[2 * FAILURES])
    assert (await info(bus)).breaker is not None


async def test_one_bad_event_does_not_open_it_however_often_it_fails(
    bus: Bus, clock: ManualClock
) -> None:
    consumer = Consumer(bus, "all")
    await put(bus, [1])
    for count in range(1, 2 * FAILURES):
        await fail(consumer, (await consumer.until(count))[-1])
        clock.advance(60)
    assert (await info(bus)).breaker is None


async def test_a_consumer_that_is_lost_counts_once(bus: Bus, clock: ManualClock) -> None:
    consumer = Consumer(bus, "all", MANY)
    await put(bus, range(MANY))
    await consumer.until(MANY)
    await consumer.leave()
    assert (await info(bus)).breaker is None
    for _ in range(FAILURES - 1):
        clock.advance(60)
        one = Consumer(bus, "all", MANY)
        await one.until(1)
        await one.leave()
    assert (await info(bus)).breaker is not None


async def test_what_was_in_hand_when_it_opened_closes_it(bus: Bus) -> None:
    consumer = Consumer(bus, "all", FAILURES + 1)
    await put(bus, range(MANY))
    *failing, last = await consumer.until(FAILURES + 1)
    await fail(consumer, *failing)
    assert (await info(bus)).breaker is not None
    await consumer.ack(last)
    await consumer.until(FAILURES + 2)
    assert (await info(bus)).breaker is None


async def test_a_probe_that_goes_back_untried_is_followed_by_another(
    bus: Bus, clock: ManualClock
) -> None:
    consumer = await opened(bus)
    tried = await probe(consumer, clock, FAILURES)
    await consumer.settle(Settlement(release=[tried.position]))
    await consumer.until(FAILURES + 2)
    await turns()
    assert len(consumer.deliveries) == FAILURES + 2


async def test_a_probe_that_hangs_is_not_waited_for_for_ever(bus: Bus, clock: ManualClock) -> None:
    consumer = await opened(bus)
    await probe(consumer, clock, FAILURES)
    await turns()
    assert len(consumer.deliveries) == FAILURES + 1
    clock.advance(PATIENCE + 1)
    await consumer.until(FAILURES + 2)


async def test_other_subscriptions_go_on(bus: Bus) -> None:
    other = Consumer(bus, "impatient", MANY)
    await opened(bus)
    await other.ack(*await other.until(MANY))
    assert (await info(bus, "impatient")).breaker is None


async def test_stopping_in_the_middle_of_a_pause_leaves_nothing_behind(bus: Bus) -> None:
    await opened(bus)
    await bus.dispatcher("all").stop()
    state = (await bus.states())["all"]
    assert (state.waiting, state.in_flight) == (MANY, 0)


async def test_order_by_key_is_kept(tmp_path: Path, example: Path, clock: ManualClock) -> None:
    (tmp_path / "contracts").symlink_to(example / "contracts")
    ordered = "order: {key: /delivery_id}"
    (tmp_path / "platform.yaml").write_text(PLATFORM.replace("@1]}\n", f"@1], {ordered}}}\n", 1))
    bus = await Bus.start(
        Declared(*load_platform(tmp_path)), MemoryEngine(clock=clock), clock=clock
    )
    keys = [*range(FAILURES), *range(FAILURES)]
    consumer = Consumer(bus, "all", FAILURES)
    await bus.put([status(n, delivery_id=f"DEL-{key}") for n, key in enumerate(keys)])
    for each in await consumer.until(FAILURES):
        await fail(consumer, each)
    assert (await info(bus)).breaker is not None
    handled: list[int] = []
    async with asyncio.timeout(30):
        while len(handled) < len(keys):
            clock.advance(LONGEST_PAUSE + 1)
            await turns()
            leased = list(consumer.session.leased.values())
            handled += [each.position for each in leased]
            await consumer.ack(*leased)
    of_key: dict[int, list[int]] = {}
    for position in handled:
        of_key.setdefault((position - 1) % FAILURES, []).append(position)
    assert all(each == sorted(each) for each in of_key.values())
    assert sorted(handled) == list(range(1, len(keys) + 1))
    await bus.close()


def test_the_command_line_says_so_in_words() -> None:
    waiting = BreakerInfo("waiting", "no luck", 1_700_000_000_000_000)
    assert told_breaker(waiting) == (
        "waits until 2023-11-14T22:13:20Z, as its consumers failed everything: no luck"
    )
    probing = BreakerInfo("probing", "no luck", 1_700_000_000_000_000)
    assert "one delivery at a time" in told_breaker(probing)
