"""Deliveries go to consumers as far as their credit goes, and come again where they fail."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from keybus.bus import Bus, Cursor, Delivery, DeliverySettings, Dispatcher
from keybus.errors import StorageFailed, SubscriptionError
from keybus.protocol import Failed, Notice, Settlement
from keybus.testing import ManualClock
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import status


async def test_events_are_delivered_in_order_and_acknowledged(bus: Bus) -> None:
    consumer = Consumer(bus, "all", 10)
    results = await bus.put([status(number) for number in range(3)])
    deliveries = await consumer.until(3)
    assert [
        result.event_id.encode() in d.envelope
        for result, d in zip(results, deliveries, strict=True)
    ] == [True] * 3
    assert [delivery.attempt for delivery in deliveries] == [1, 1, 1]
    await consumer.ack(*deliveries)
    state = (await bus.states())["all"]
    assert (state.waiting, state.in_flight) == (0, 0)
    assert bus.dispatcher("all").acknowledged == 3


async def test_no_more_are_out_than_the_window(bus: Bus) -> None:
    consumer = Consumer(bus, "all", 2)
    await bus.put([status(number) for number in range(5)])
    first = await consumer.until(2)
    await turns()
    assert len(consumer.deliveries) == 2
    await consumer.ack(first[0])
    await consumer.until(3)
    await turns()
    assert len(consumer.deliveries) == 3


async def test_consumers_share_a_subscription(bus: Bus) -> None:
    one, two = Consumer(bus, "all", 3), Consumer(bus, "all", 3)
    await bus.put([status(number) for number in range(6)])
    await one.until(3)
    await two.until(3)
    positions = [d.position for d in one.deliveries + two.deliveries]
    assert len(set(positions)) == 6


async def test_a_small_window_gets_its_part_beside_a_large_one(bus: Bus) -> None:
    large, small = Consumer(bus, "all", 40), Consumer(bus, "all", 2)
    number = 0
    while len(small.deliveries) < 2:
        number += 1
        await bus.put([status(number)])
        await turns()
        assert len(large.deliveries) <= 30  # it is not full by far


async def test_a_failed_delivery_comes_again_after_its_backoff(
    bus: Bus, clock: ManualClock
) -> None:
    consumer = Consumer(bus, "all", 10)
    await bus.put([status()])
    [delivery] = await consumer.until(1)
    await consumer.settle(Settlement(retry=[Failed(delivery.position, "no luck")]))
    await turns()
    assert len(consumer.deliveries) == 1
    clock.advance(60)
    again = (await consumer.until(2))[1]
    assert (again.position, again.attempt) == (delivery.position, 2)


async def test_attempts_that_are_used_up_end_as_a_dead_letter(bus: Bus, clock: ManualClock) -> None:
    consumer = Consumer(bus, "impatient", 10)
    await bus.put([status()])
    for count in (1, 2):  # the first attempt, and the one retry that is declared
        delivery = (await consumer.until(count))[-1]
        await consumer.settle(Settlement(retry=[Failed(delivery.position, f"failure {count}")]))
        clock.advance(60)
    [letter] = [letter async for letter in bus.dispatcher("impatient").cursor.dead_letters()]
    assert letter.reason == "failure 2"
    assert letter.attempts == 2
    assert letter.envelope == delivery.envelope
    assert (await bus.states())["impatient"].waiting == 0


async def test_a_buried_delivery_is_a_dead_letter_at_once(bus: Bus) -> None:
    consumer = Consumer(bus, "all", 10)
    await bus.put([status()])
    [delivery] = await consumer.until(1)
    await consumer.settle(Settlement(bury=[Failed(delivery.position, "not for me")]))
    assert (await bus.states())["all"].dead == 1


async def test_a_released_delivery_comes_again_untried(bus: Bus) -> None:
    consumer = Consumer(bus, "all", 10)
    await bus.put([status()])
    [delivery] = await consumer.until(1)
    await consumer.settle(Settlement(release=[delivery.position]))
    assert (await consumer.until(2))[1].attempt == 1


async def test_what_a_lost_consumer_held_counts_an_attempt_and_goes_to_another(
    bus: Bus, clock: ManualClock
) -> None:
    one = Consumer(bus, "all")
    await bus.put([status()])
    await one.until(1)
    await one.leave()
    two = Consumer(bus, "all")
    clock.advance(60)
    assert (await two.until(1))[0].attempt == 2


async def test_a_consumer_that_cannot_be_sent_to_gets_nothing_more(
    bus: Bus, clock: ManualClock
) -> None:
    one = Consumer(bus, "all")
    one.broken = True
    await bus.put([status()])
    async with asyncio.timeout(5):
        await one.session.lost.wait()
    two = Consumer(bus, "all")
    await bus.put([status(2)])
    await two.until(1)
    await one.leave()
    clock.advance(60)
    assert {delivery.attempt for delivery in await two.until(2)} == {1, 2}


async def test_settling_what_one_does_not_hold_does_nothing(bus: Bus) -> None:
    one = Consumer(bus, "all")
    await bus.put([status()])
    [delivery] = await one.until(1)
    await Consumer(bus, "all").settle(
        Settlement(
            ack=[delivery.position],
            retry=[Failed(delivery.position, "")],
            bury=[Failed(delivery.position, "")],
            release=[delivery.position, 10**9],
        )
    )
    state = (await bus.states())["all"]
    assert (state.in_flight, state.dead) == (1, 0)


async def test_stopping_hands_leases_back_untried(bus: Bus) -> None:
    consumer = Consumer(bus, "all", 10)
    await bus.put([status()])
    await consumer.until(1)
    await bus.dispatcher("all").stop()
    state = (await bus.states())["all"]
    assert (state.waiting, state.in_flight, state.delayed) == (1, 0, 0)


async def test_large_events_are_sent_in_frames_of_bounded_size(bus: Bus) -> None:
    consumer = Consumer(bus, "all", 100)
    await bus.put([status(number, note="x" * 900_000) for number in range(12)])
    await consumer.until(12)
    assert all(sum(len(d.envelope) for d in frame) <= 4 << 20 for frame in consumer.frames)


async def test_an_unknown_subscription_is_refused_by_name(bus: Bus) -> None:
    with pytest.raises(SubscriptionError, match="nobody"):
        bus.dispatcher("nobody")


async def test_a_consumer_that_is_leaving_gets_nothing_more_and_hands_back_untried(
    bus: Bus,
) -> None:
    one = Consumer(bus, "all", 2)
    await bus.put([status(number) for number in range(3)])
    first, _ = await one.until(2)
    await one.settle(Settlement(ack=[first.position], leaving=True))
    await turns()
    assert len(one.deliveries) == 2
    await one.leave()
    two = Consumer(bus, "all")
    assert [delivery.attempt for delivery in await two.until(2)] == [1, 1]


async def test_a_consumer_that_does_not_read_holds_up_nobody(bus: Bus) -> None:
    hog = Consumer(bus, "all", 10_000)
    hog.reads.clear()
    await bus.put([status(number) for number in range(1000)])
    await turns()
    healthy = Consumer(bus, "all", 10_000)
    await healthy.until(600)
    assert len(hog.session.leased) <= 400  # one frame in the making, two waiting, one more at most
    await hog.leave()


async def test_a_consumer_that_joins_while_another_leaves_is_served(bus: Bus) -> None:
    one = Consumer(bus, "all")
    leaving = asyncio.create_task(one.leave())
    await asyncio.sleep(0)
    two = Consumer(bus, "all")
    await leaving
    await bus.put([status()])
    await two.until(1)


class FlakyCursor:
    """A cursor whose store fails as often as it is told to."""

    def __init__(self, inner: Cursor, failures: int) -> None:
        self._inner, self.failures = inner, failures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageFailed("the disk is full")

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        self._fail()
        return await self._inner.fetch(limit)

    async def ack(self, positions: Sequence[int]) -> None:
        self._fail()
        await self._inner.ack(positions)


async def test_what_the_store_cannot_keep_is_delivered_again(
    bus: Bus, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    cursor = FlakyCursor(bus.dispatcher("all").cursor, failures=0)
    dispatcher = Dispatcher(cast("Cursor", cursor), DeliverySettings(), clock)
    sent: asyncio.Queue[Delivery] = asyncio.Queue()

    async def send(batch: Sequence[Delivery] | Notice) -> None:
        assert not isinstance(batch, Notice)
        for delivery in batch:
            sent.put_nowait(delivery)

    async def next_delivery() -> Delivery:
        async with asyncio.timeout(5):
            return await sent.get()

    session = dispatcher.join(send, 10)
    await bus.put([status()])
    first = await next_delivery()
    cursor.failures = 2  # the acknowledgement, and the fetch that follows
    await dispatcher.settle(session, Settlement(ack=[first.position]))
    for _ in range(3):
        await turns()
        clock.advance(1)
    again = await next_delivery()
    assert (again.position, again.attempt) == (first.position, 1)
    assert "the disk is full" in caplog.text
    await dispatcher.settle(session, Settlement(ack=[again.position]))
    assert dispatcher.acknowledged == 1
    assert (await bus.states())["all"].in_flight == 0
    await dispatcher.leave(session, "done")
    await dispatcher.stop()


async def test_a_window_that_frees_bit_by_bit_is_filled_by_whole_frames(bus: Bus) -> None:
    consumer = Consumer(bus, "all", 40)
    await bus.put([status(number) for number in range(200)])
    settled = 0
    while settled < 200:
        deliveries = await consumer.until(settled + 1)
        await consumer.ack(deliveries[settled])
        settled += 1
        await turns()
    assert all(len(frame) >= 10 for frame in consumer.frames)
