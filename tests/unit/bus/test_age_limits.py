"""What is too old is tried no more, and dead letters are not kept for ever."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from keybus.bus import Bus, DeadLetter, Declared
from keybus.bus.dead_letters.age_limits import KEEP_SECONDS, SWEEP_SECONDS
from keybus.bus.dead_letters.letters import LetterChoice
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.protocol import Failed, Settlement
from keybus.testing import ManualClock
from keybus.topology import Platform, Retry, Subscription
from keybus.topology.model import Order
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import status
from tests.unit.bus.test_clearings import ended
from tests.unit.bus.test_control import changed
from tests.unit.bus.test_holding import ME

EVENTS = ["delivery.status.updated@1"]
FRESH = Subscription(account="me", events=EVENTS, retry=Retry(max_age=60, keep_dead_letters=600))


@pytest.fixture
async def bus(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> AsyncIterator[Bus]:
    platform, contracts = declared
    bus = await Bus.start(
        Declared(changed(platform, fresh=FRESH), contracts), MemoryEngine(clock=clock), clock=clock
    )
    yield bus
    await bus.close()


async def letters(bus: Bus) -> list[DeadLetter]:
    return [letter async for letter, _ in bus.dead_letters("fresh")]


async def test_what_nobody_fetched_in_time_is_a_dead_letter(bus: Bus, clock: ManualClock) -> None:
    await bus.put([status(1)])
    clock.advance(50)
    await bus.put([status(2)])
    await turns()
    assert await letters(bus) == []
    clock.advance(10 + SWEEP_SECONDS)
    await turns()
    [letter] = await letters(bus)
    assert (letter.cause, letter.attempts, letter.first_attempt_at) == ("expired", 0, 0)
    assert "60 s (retry.max_age)" in letter.reason
    state = (await bus.states())["fresh"]
    assert (state.waiting, state.dead) == (1, 1)
    # The others have no such limit.
    assert (await bus.states())["all"].waiting == 2


async def test_what_is_too_old_is_not_handed_out(bus: Bus, clock: ManualClock) -> None:
    await bus.put([status(1)])
    consumer = Consumer(bus, "fresh")
    [delivery] = await consumer.until(1)
    clock.advance(61)
    await consumer.settle(Settlement(retry=[Failed(delivery.position, "busy")]))
    clock.advance(1)
    await turns()
    assert len(consumer.deliveries) == 1
    [letter] = await letters(bus)
    assert (letter.cause, letter.attempts) == ("expired", 1)
    assert letter.last_attempt_at == clock.time_us() - 1_000_000


async def test_a_redriven_delivery_has_its_time_anew(bus: Bus, clock: ManualClock) -> None:
    await bus.put([status(1)])
    clock.advance(60 + SWEEP_SECONDS)
    await turns()
    await ended(bus, await bus.clearings.begin("redrive", "fresh", LetterChoice(), ME))
    consumer = Consumer(bus, "fresh")
    assert len(await consumer.until(1)) == 1
    await consumer.leave()
    clock.advance(60 + SWEEP_SECONDS)
    await turns()
    [letter] = await letters(bus)
    assert (letter.cause, letter.redriven) == ("expired", 1)


async def test_dead_letters_are_deleted_after_their_time(bus: Bus, clock: ManualClock) -> None:
    consumer = Consumer(bus, "fresh")
    for number in range(2):
        await bus.put([status(number)])
        delivery = (await consumer.until(number + 1))[-1]
        await consumer.settle(Settlement(bury=[Failed(delivery.position, "no")]))
        if number == 0:
            clock.advance(300)
            await turns()
    assert len(await letters(bus)) == 2
    clock.advance(301 + KEEP_SECONDS)
    await turns()
    [letter] = await letters(bus)
    assert letter.buried_at > clock.time_us() - 600_000_000
    entries = [each async for each in bus.audit.entries()]
    [told] = [each for each in entries if each.action == "dead-letters.expired"]
    assert (told.subject, told.data) == ("fresh", {"count": 1, "older_than_seconds": 600})


async def test_in_order_what_follows_goes_on_where_an_earlier_one_got_too_old(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    platform, contracts = declared
    order = Order(key="/status")
    ordered = msgspec.structs.replace(FRESH, order=order)
    bus = await Bus.start(
        Declared(changed(platform, fresh=ordered), contracts),
        MemoryEngine(clock=clock),
        clock=clock,
    )
    consumer = Consumer(bus, "fresh")
    await bus.put([status(1)])
    [first] = await consumer.until(1)
    await consumer.settle(Settlement(retry=[Failed(first.position, "busy")]))
    clock.advance(50)
    # They wait behind the first one, as their key is the same.
    await bus.put([status(2), status(3)])
    await turns()
    await consumer.leave()
    clock.advance(10 + SWEEP_SECONDS)
    await turns()
    [letter] = await letters(bus)
    assert (letter.position, letter.cause, letter.attempts) == (first.position, "expired", 2)
    again = Consumer(bus, "fresh")
    second, third = await again.until(2)
    assert first.position < second.position < third.position
    await again.settle(Settlement(retry=[Failed(second.position, "busy")]))
    await again.ack(third)
    await bus.pauses.pause("fresh", ME)
    clock.advance(60)
    await turns()
    # Whoever consumes looks for himself.
    assert len(await letters(bus)) == 1
    await bus.put([status(4)])
    await bus.pauses.resume("fresh", ME)
    clock.advance(1)
    assert (await again.until(3))[-1].position > third.position
    assert len(await letters(bus)) == 2
    await bus.close()


class Jumping(ManualClock):
    """A clock whose wall time may be set."""

    ahead = 0

    def time_us(self) -> int:
        return super().time_us() + self.ahead


async def test_a_wall_clock_that_was_set_forward_deletes_nothing(
    declared: tuple[Platform, ContractRepository],
) -> None:
    clock = Jumping()
    platform, contracts = declared
    bus = await Bus.start(
        Declared(changed(platform, fresh=FRESH), contracts), MemoryEngine(clock=clock), clock=clock
    )
    consumer = Consumer(bus, "fresh")
    await bus.put([status(1)])
    [delivery] = await consumer.until(1)
    await consumer.settle(Settlement(bury=[Failed(delivery.position, "no")]))
    clock.ahead = 365 * 86_400 * 1_000_000
    clock.advance(KEEP_SECONDS + SWEEP_SECONDS)
    await turns()
    assert len(await letters(bus)) == 1
    await bus.close()
