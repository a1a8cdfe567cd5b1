"""What was out with a consumer that was lost comes back one by one, so that the culprit shows."""

import pytest

from keybus.bus import Bus
from keybus.bus.delivery import consumers
from keybus.protocol import Failed, Settlement
from keybus.testing import ManualClock
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import status


async def test_innocents_are_not_buried_with_the_culprit(bus: Bus, clock: ManualClock) -> None:
    """Of ten, the fourth kills whoever takes it; one retry is declared."""
    await bus.put([status(number) for number in range(10)])
    handled: list[int] = []
    lost = 0

    async def left() -> int:
        state = (await bus.states())["impatient"]
        return state.waiting + state.in_flight

    while await left():
        consumer = Consumer(bus, "impatient", 10)
        killed = False
        while not killed and await left():
            clock.advance(60)
            await turns()
            for each in [
                each for each in consumer.deliveries if each.position in consumer.session.leased
            ]:
                killed = each.position == 4
                if killed:
                    break
                handled.append(each.position)
                await consumer.ack(each)
        lost += killed
        await consumer.leave()
    letters = [each async for each in bus.dispatcher("impatient").cursor.dead_letters()]
    assert [each.position for each in letters] == [4]
    assert sorted(handled) == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert lost == 2


async def test_each_goes_by_itself_and_nothing_with_it(bus: Bus, clock: ManualClock) -> None:
    first = Consumer(bus, "all", 10)
    await bus.put([status(number) for number in range(3)])
    await first.until(3)
    await first.leave()
    clock.advance(60)
    second = Consumer(bus, "all", 10)
    await bus.put([status(4)])
    for seen in range(3):
        deliveries = await second.until(seen + 1)
        await turns()
        assert len(second.deliveries) == seen + 1
        assert (deliveries[-1].position, deliveries[-1].attempt) == (seen + 1, 2)
        await second.ack(deliveries[-1])
    assert (await second.until(4))[3].attempt == 1


async def test_one_that_was_out_with_no_others_is_counted_as_ever(
    bus: Bus, clock: ManualClock
) -> None:
    await bus.put([status()])
    for _ in range(2):
        consumer = Consumer(bus, "impatient", 10)
        clock.advance(60)
        await consumer.until(1)
        await consumer.leave()
    [letter] = [each async for each in bus.dispatcher("impatient").cursor.dead_letters()]
    assert (letter.attempts, letter.cause) == (2, "attempts")


async def test_it_goes_to_one_that_has_nothing_and_others_go_on(
    bus: Bus, clock: ManualClock
) -> None:
    first = Consumer(bus, "all", 10)
    await bus.put([status(number) for number in range(2)])
    await first.until(2)
    await first.leave()
    busy = Consumer(bus, "all", 10)
    await bus.put([status(2)])
    await busy.until(1)
    idle = Consumer(bus, "all", 10)
    clock.advance(60)
    one = (await idle.until(1))[0]
    await bus.put([status(3)])
    await turns()
    assert (len(idle.deliveries), len(busy.deliveries)) == (1, 1)
    await idle.ack(one)
    two = (await idle.until(2))[1]
    assert (one.position, two.position) == (1, 2)
    # The last of them is out with its consumer, and the other one is sent what there is.
    assert (await busy.until(2))[1].position == 4
    await idle.ack(two)


async def test_a_handler_that_hangs_does_not_keep_it_for_ever(bus: Bus, clock: ManualClock) -> None:
    first = Consumer(bus, "all", 10)
    await bus.put([status(number) for number in range(2)])
    await first.until(2)
    await first.leave()
    hangs = Consumer(bus, "all", 10)
    await bus.put([status(2)])
    await hangs.until(1)
    clock.advance(60)
    await turns()
    assert len(hangs.deliveries) == 1
    clock.advance(consumers.ALONE_SECONDS)
    assert (await hangs.until(2))[1].position == 1


@pytest.mark.parametrize("leaving", [True, False])
async def test_a_failure_by_itself_ends_the_suspicion(
    bus: Bus, clock: ManualClock, *, leaving: bool
) -> None:
    first = Consumer(bus, "all", 10)
    await bus.put([status(number) for number in range(2)])
    await first.until(2)
    await first.leave()
    clock.advance(60)
    second = Consumer(bus, "all", 10)
    one = (await second.until(1))[0]
    if leaving:  # it was never begun, and is as suspicious as before
        await second.settle(Settlement(leaving=True))
        await second.leave()
        third = Consumer(bus, "all", 10)
        await third.ack((await third.until(1))[0])
        await third.until(2)
        found = {each.position: (each.attempt, each.alone) for each in third.deliveries}
        assert found == {1: (2, True), 2: (2, True)}
        return
    await second.settle(Settlement(retry=[Failed(one.position, "no luck")]))
    two = (await second.until(2))[1]
    await second.ack(two)
    clock.advance(60)
    again = (await second.until(3))[2]
    assert (again.position, again.attempt, again.alone) == (one.position, 3, False)
