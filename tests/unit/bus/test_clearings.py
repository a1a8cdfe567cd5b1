"""Dead letters are redriven and purged: what was previewed, page by page, also over a restart."""

import asyncio
from itertools import count as numbers

import msgspec
import pytest

from keybus.bus import Bus, Declared
from keybus.bus.dead_letters.clearing import AlreadyClearing, Clearing, NoSuchClearing
from keybus.bus.dead_letters.letters import LetterChoice
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.errors import SubscriptionError
from keybus.governance import ANYBODY
from keybus.governance.audit import AuditEntry
from keybus.protocol import Failed, Settlement
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.failing import Store, failing
from tests.unit.bus.offered import status
from tests.unit.bus.test_holding import DELIVERIES, ENDS, ME, SIXTY_SECONDS, granting

ALL = LetterChoice()
NUMBERS = numbers(1)


async def bury(bus: Bus, count: int, subscription: str = "all", cause: str = "") -> None:
    """So many dead letters more."""
    consumer = Consumer(bus, subscription, window=count)
    await bus.put([status(next(NUMBERS)) for _ in range(count)], DELIVERIES)
    found = await consumer.until(count)
    failed = [Failed(each.position, f"no room for {each.position}", cause=cause) for each in found]
    await consumer.settle(Settlement(bury=failed))
    await consumer.leave()


async def ended(bus: Bus, clearing: Clearing) -> Clearing:
    """It, once it has ended."""
    async with asyncio.timeout(5):
        while (found := standing(bus, clearing)).state == "running":  # noqa: ASYNC110 - nobody is told of its end
            await asyncio.sleep(0)
    return found


def standing(bus: Bus, clearing: Clearing) -> Clearing:
    return next(each for each in bus.clearings.of(clearing.subscription) if each.id == clearing.id)


async def acts(bus: Bus, action: str) -> list[AuditEntry]:
    return [each async for each in bus.audit.entries() if each.action.startswith(action)]


async def test_a_preview_counts_by_cause_and_changes_nothing(bus: Bus) -> None:
    await bury(bus, 3)
    await bury(bus, 2, cause="no-room")
    preview = await bus.clearings.preview("all", ALL)
    assert (preview.count, preview.causes) == (5, {"rejected": 3, "no-room": 2})
    assert preview.types == {"delivery.status.updated": 5}
    assert preview.withheld == {}
    assert 0 < int(preview.oldest) < int(preview.mark)
    only = await bus.clearings.preview("all", LetterChoice(cause="no-room"))
    assert (only.count, only.causes) == (2, {"no-room": 2})
    nothing = await bus.clearings.preview("all", LetterChoice(cause="expired"))
    assert (nothing.count, nothing.oldest, nothing.mark) == (0, "", "")
    assert (await bus.states())["all"].dead == 5


async def test_what_was_previewed_is_redriven_and_nothing_that_came_later(bus: Bus) -> None:
    await bury(bus, 3)
    preview = await bus.clearings.preview("all", ALL)
    await bury(bus, 2)
    begun = await bus.clearings.begin("redrive", "all", LetterChoice(until=preview.mark), ME)
    found = await ended(bus, begun)
    assert (found.state, found.moved, found.total, found.by) == ("done", 3, 3, "me")
    consumer = Consumer(bus, "all")
    deliveries = await consumer.until(3)
    assert [each.attempt for each in deliveries] == [1, 1, 1]
    assert (await bus.states())["all"].dead == 2
    await consumer.settle(Settlement(bury=[Failed(deliveries[0].position, "still no room")]))
    letters = [letter async for letter, _ in bus.dead_letters("all")]
    assert [each.redriven for each in letters] == [0, 0, 1]


async def test_who_redrove_and_purged_how_many_is_written_down(bus: Bus) -> None:
    await bury(bus, 3)
    await bury(bus, 2, cause="no-room")
    first = await bus.clearings.begin("redrive", "all", LetterChoice(cause="no-room"), ME)
    await ended(bus, first)
    second = await bus.clearings.begin("purge", "all", ALL, ME)
    await ended(bus, second)
    assert (await bus.states())["all"].dead == 0
    assert [each.id for each in bus.clearings.of("all")] == [second.id, first.id]
    entries = await acts(bus, "dead-letters.")
    told = [(each.action, each.actor.account, each.subject, each.data["count"]) for each in entries]
    assert told == [
        ("dead-letters.redrive", "me", "all", 2),
        ("dead-letters.redriven", "", "all", 2),
        ("dead-letters.purge", "me", "all", 3),
        ("dead-letters.purged", "", "all", 3),
    ]


async def test_what_may_not_be_delivered_now_is_counted_before_and_held_after(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    platform, contracts = declared
    bus = await Bus.start(
        Declared(granting(platform, ENDS), contracts),
        MemoryEngine(clock=clock),
        authorization="enforce",
        clock=clock,
    )
    consumer = Consumer(bus, "all", principal=ME)
    await bus.put([status(1)], DELIVERIES)
    [delivery] = await consumer.until(1)
    await consumer.settle(Settlement(bury=[Failed(delivery.position, "no")]))
    assert (await bus.clearings.preview("all", ALL)).withheld == {}
    clock.advance(SIXTY_SECONDS)
    [(reason, count)] = (await bus.clearings.preview("all", ALL)).withheld.items()
    assert ("ended" in reason, count) == (True, 1)
    [(_, withheld)] = [each async for each in bus.dead_letters("all")]
    assert withheld == reason
    await ended(bus, await bus.clearings.begin("redrive", "all", ALL, ME))
    await turns()
    state = (await bus.states())["all"]
    assert (state.held, state.dead, len(consumer.deliveries)) == (1, 0, 1)
    await bus.close()


async def test_a_rate_is_kept_and_a_redrive_can_be_cancelled(bus: Bus, clock: ManualClock) -> None:
    await bury(bus, 9)
    begun = await bus.clearings.begin("redrive", "all", ALL, ME, rate=2)
    for moved in (2, 4, 6):
        await turns()
        assert standing(bus, begun).moved == moved
        clock.advance(1)
    await turns()
    found = await bus.clearings.cancel("all", begun.id, ME)
    assert (found.state, found.moved) == ("cancelled", 8)
    assert (await bus.states())["all"].dead == 1
    assert await bus.clearings.cancel("all", begun.id, ME) == found
    [entry] = await acts(bus, "dead-letters.cancel")
    assert (entry.actor.account, entry.data["id"]) == ("me", begun.id)


async def test_one_at_a_time_and_only_ones_own(bus: Bus) -> None:
    await bury(bus, 3)
    begun = await bus.clearings.begin("redrive", "all", ALL, ME, rate=1)
    with pytest.raises(AlreadyClearing, match=begun.id):
        await bus.clearings.begin("purge", "all", ALL, ME)
    other = await bus.clearings.begin("purge", "failed", ALL, ME)
    assert (await ended(bus, other)).total == 0
    for name, number in (("failed", begun.id), ("all", "0" * 16), ("nobody", begun.id)):
        with pytest.raises(NoSuchClearing):
            await bus.clearings.cancel(name, number, ME)
    with pytest.raises(SubscriptionError):
        await bus.clearings.begin("redrive", "nobody", ALL, ME)
    with pytest.raises(SubscriptionError):
        await bus.clearings.preview("nobody", ALL)


async def test_a_redrive_goes_on_after_a_restart(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    engine = MemoryEngine(clock=clock)
    bus = await Bus.start(Declared(*declared), engine, clock=clock)
    await bury(bus, 5)
    begun = await bus.clearings.begin("redrive", "all", ALL, ME, rate=2)
    await turns()
    await bus.stop()
    clock.advance(60)
    again = await Bus.start(None, engine, clock=clock)
    await turns()
    assert standing(again, begun).moved == 4
    clock.advance(1)
    found = await ended(again, begun)
    assert (found.state, found.moved, found.total) == ("done", 5, 5)
    consumer = Consumer(again, "all")
    assert len({each.position for each in await consumer.until(5)}) == 5
    await again.close()


async def test_a_store_that_fails_is_asked_again(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, store: Store
) -> None:
    bus = await Bus.start(
        Declared(*declared), failing(MemoryEngine(clock=clock), store), clock=clock
    )
    await bury(bus, 3)
    begun = await bus.clearings.begin("redrive", "all", ALL, ME, rate=1)
    store.fails = lambda call: call[0] == "put" and call[1] == "clearings"
    await turns()
    clock.advance(1)
    await turns()
    assert standing(bus, begun).state == "running"
    store.fails = lambda _call: False
    for _ in range(4):
        clock.advance(1)
        await turns()
    found = standing(bus, begun)
    assert (found.state, found.moved) == ("done", 3)
    assert (await bus.states())["all"].waiting == 3
    await bus.close()


async def test_where_the_subscription_goes_its_redrive_fails(bus: Bus, clock: ManualClock) -> None:
    await bury(bus, 3)
    begun = await bus.clearings.begin("redrive", "all", ALL, ME, rate=1)
    await turns()
    rest = {name: each for name, each in bus.platform.subscriptions.items() if name != "all"}
    without = msgspec.structs.replace(bus.platform, subscriptions=rest)
    await bus.apply(Declared(without, bus.generation.contracts))
    clock.advance(1)
    await turns()
    clock.advance(1)
    await turns()
    found = standing(bus, begun)
    assert (found.state, "no subscription 'all'" in found.error) == ("failed", True)


async def test_the_last_ones_are_remembered(bus: Bus) -> None:
    for _ in range(25):
        await ended(bus, await bus.clearings.begin("purge", "all", ALL, ANYBODY))
    await turns()
    assert len(bus.clearings.of("all")) == 20
    kept = [each async for each in bus.engine.documents.list("clearings")]
    assert len(kept) == 20
