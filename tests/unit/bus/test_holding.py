"""What an account may no longer receive is held back, and comes once it may again."""

import msgspec
import pytest

from keybus.bus import Bus, Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.governance import Principal
from keybus.protocol import Failed, Settlement
from keybus.testing import ManualClock
from keybus.topology import Platform
from keybus.topology.model import Grant
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import status

START = 1_700_000_000_000_000  # 2023-11-14T22:13:20Z, the manual clock's own
ENDS = "2023-11-14T22:14:20Z"
SIXTY_SECONDS = 60
ME = Principal("me", frozenset({"subscriber"}), "C1")
DELIVERIES = Principal("deliveries", frozenset({"publisher", "subscriber"}), "C2")


def granting(platform: Platform, expires: str) -> Platform:
    grant = Grant(
        account="me",
        reason="to know where parcels are",
        approver="delivery-team",
        expires=expires,
        events=["delivery.status.updated"],
    )
    return msgspec.structs.replace(platform, grants={"status-to-me": grant})


@pytest.fixture
async def bus(declared: tuple[Platform, ContractRepository], clock: ManualClock) -> Bus:
    platform, contracts = declared
    return await Bus.start(
        Declared(granting(platform, ENDS), contracts),
        MemoryEngine(clock=clock),
        authorization="enforce",
        clock=clock,
    )


async def renew(bus: Bus, expires: str) -> None:
    await bus.apply(Declared(granting(bus.platform, expires), bus.generation.contracts))


async def test_deliveries_are_held_from_the_moment_the_grant_ends(
    bus: Bus, clock: ManualClock
) -> None:
    consumer = Consumer(bus, "all", principal=ME)
    await bus.put([status(1)], DELIVERIES)
    [first] = await consumer.until(1)
    await consumer.ack(first)
    clock.advance(SIXTY_SECONDS)
    await bus.put([status(2), status(3)], DELIVERIES)
    await turns()
    assert len(consumer.deliveries) == 1
    state = (await bus.states())["all"]
    assert (state.held, state.waiting, state.in_flight, state.dead) == (2, 0, 0, 0)
    info = next(each for each in await bus.subscriptions() if each.name == "all")
    assert info.held == 2
    assert "delivery.status.updated" in info.holding[0]


async def test_they_come_in_order_and_untried_once_the_grant_is_renewed(
    bus: Bus, clock: ManualClock
) -> None:
    consumer = Consumer(bus, "all", principal=ME)
    clock.advance(SIXTY_SECONDS)
    await bus.put([status(number) for number in range(5)], DELIVERIES)
    await turns()
    assert (await bus.states())["all"].held == 5
    await renew(bus, "2023-11-15")
    deliveries = await consumer.until(5)
    assert [delivery.attempt for delivery in deliveries] == [1] * 5
    assert [each.position for each in deliveries] == sorted(each.position for each in deliveries)
    assert (await bus.states())["all"].held == 0


async def test_a_renewal_that_still_does_not_allow_it_holds_them_again(
    bus: Bus, clock: ManualClock
) -> None:
    consumer = Consumer(bus, "all", principal=ME)
    clock.advance(SIXTY_SECONDS)
    await bus.put([status()], DELIVERIES)
    await turns()
    await renew(bus, "2023-11-01")
    await turns()
    assert (await bus.states())["all"].held == 1
    assert not consumer.deliveries


async def test_a_retry_that_is_due_after_the_end_is_held_with_its_attempts(
    bus: Bus, clock: ManualClock
) -> None:
    consumer = Consumer(bus, "all", principal=ME)
    await bus.put([status()], DELIVERIES)
    [delivery] = await consumer.until(1)
    await consumer.settle(Settlement(retry=[Failed(delivery.position, "no luck")]))
    clock.advance(SIXTY_SECONDS)
    await turns()
    assert (await bus.states())["all"].held == 1
    await renew(bus, "2023-11-15")
    assert (await consumer.until(2))[1].attempt == 2


async def test_both_sides_are_told(bus: Bus, clock: ManualClock) -> None:
    receiver = Consumer(bus, "all", principal=ME)
    await turns()
    clock.advance(SIXTY_SECONDS)
    [notice] = await receiver.until_told()
    assert notice.code == "grant-expired"
    assert "status-to-me" in notice.message


async def test_whoever_comes_later_is_told_that_deliveries_are_held(
    bus: Bus, clock: ManualClock
) -> None:
    clock.advance(SIXTY_SECONDS)
    late = Consumer(bus, "all", principal=ME)
    [notice] = await late.until_told()
    assert notice.code == "held"
    assert "delivery.status.updated" in notice.message
