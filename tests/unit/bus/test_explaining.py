"""What is said of an event that was put."""

import asyncio
from collections.abc import Mapping

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.explaining.explanation import EventExplanation, SubscriptionExplanation
from keybus.bus.explaining.search import LONGEST_ID, Search
from keybus.contracts import ContractRepository
from keybus.envelope import Entry
from keybus.errors import EnvelopeError
from keybus.governance import Principal
from keybus.governance.principal import Role
from keybus.protocol import Failed, Settlement
from keybus.testing import ManualClock
from keybus.topology import Platform, Subscription
from keybus.topology.model import Grant
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import StartBus, foreign, status

TYPE = "delivery.status.updated"


def member(account: str, *roles: Role) -> Principal:
    return Principal(account, frozenset(roles or ("publisher", "subscriber")))


async def put(bus: Bus, entry: Entry) -> str:
    [result] = await bus.put([entry])
    assert result.event_id, result
    return result.event_id


async def explained(
    bus: Bus, event_id: str, asking: Principal | None = None
) -> dict[str, SubscriptionExplanation]:
    [event] = (await bus.explaining.explain(event_id, asking)).events
    return {each.subscription: each for each in event.subscriptions}


def outcomes(told: Mapping[str, SubscriptionExplanation]) -> dict[str, str]:
    return {name: each.outcome for name, each in told.items()}


async def test_each_subscription_says_what_became_of_an_event(bus: Bus) -> None:
    consumer = Consumer(bus, "impatient")
    event = await put(bus, status())
    [delivery] = await consumer.until(1)
    told = await explained(bus, event)
    assert outcomes(told) == {
        "all": "waiting",
        "failed": "filtered-out",
        "foreign": "filtered-out",
        "impatient": "in-flight",
    }
    assert told["all"].notes == ["no consumer is connected"]
    assert "a consumer has it" in told["impatient"].message
    [field] = told["failed"].fields
    assert field.path == "detail.status"
    assert "IN_GARAGE" in field.reason
    assert "FAILED" in field.expected
    await consumer.ack(delivery)
    told = await explained(bus, event)
    assert told["impatient"].outcome == "acknowledged"
    assert told["impatient"].version == 1


async def test_another_type_and_another_version_are_told_apart(start: StartBus) -> None:
    bus = await start(admission="off")
    event = await put(bus, foreign())
    told = await explained(bus, event)
    assert told["foreign"].outcome == "waiting"
    assert told["all"].outcome == "not-subscribed"
    assert "Something Happened" in told["all"].message
    event = await put(bus, status(schema_version="7.0.0"))
    told = await explained(bus, event)
    assert told["all"].outcome == "not-subscribed"
    assert "major version 7" in told["all"].message


async def test_a_failure_is_told_until_it_is_a_dead_letter(bus: Bus, clock: ManualClock) -> None:
    consumer = Consumer(bus, "impatient")
    event = await put(bus, status())
    [first] = await consumer.until(1)
    await consumer.settle(Settlement(retry=[Failed(first.position, "busy", after=30.0)]))
    told = (await explained(bus, event))["impatient"]
    assert (told.outcome, told.attempts, told.reason) == ("delayed", 1, "busy")
    assert told.next_attempt_in == 30.0
    assert "attempt 2" in told.message
    clock.advance(30)
    [_, second] = await consumer.until(2)
    await consumer.settle(Settlement(retry=[Failed(second.position, "still busy")]))
    told = (await explained(bus, event))["impatient"]
    assert (told.outcome, told.cause, told.attempts) == ("dead-letter", "attempts", 2)
    assert told.dead_letter in told.message
    assert told.reason == "still busy"


async def test_a_pause_stands_in_the_way(bus: Bus) -> None:
    await bus.pauses.pause("all", member("me"), "their database moves")
    event = await put(bus, status())
    notes = (await explained(bus, event))["all"].notes
    assert any("their database moves" in note for note in notes)
    assert "no consumer is connected" in notes


async def test_what_is_held_says_why(start: StartBus) -> None:
    bus = await start(authorization="enforce")
    event = await put_as(bus, "deliveries")
    waiting = (await explained(bus, event))["all"]
    assert waiting.outcome == "waiting"
    assert any("no grant" in note for note in waiting.notes)
    consumer = Consumer(bus, "all", principal=member("me"))
    await consumer.until_told()
    told = await until(bus, event, "held")
    assert "no grant" in told.reason
    assert told.held_at


async def put_as(bus: Bus, account: str, entry: Entry | None = None) -> str:
    [result] = await bus.put([entry or status()], member(account, "publisher"))
    assert result.event_id, result
    return result.event_id


async def until(bus: Bus, event: str, outcome: str) -> SubscriptionExplanation:
    async with asyncio.timeout(10):
        while (told := (await explained(bus, event))["all"]).outcome != outcome:
            await turns()
    return told


async def test_rules_of_the_time_decide_not_those_of_now(
    bus: Bus, declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    before = await put(bus, status(1))
    await acknowledge(bus, "all")
    clock.advance(60)
    platform, contracts = declared
    later = {
        **platform.subscriptions,
        "all": msgspec.structs.replace(
            platform.subscriptions["all"], filter={"detail": {"status": ["FAILED"]}}
        ),
        "late": Subscription(account="me", events=[f"{TYPE}@1"]),
    }
    await bus.apply(Declared(msgspec.structs.replace(platform, subscriptions=later), contracts))
    clock.advance(60)
    after = await put(bus, status(2))
    told = await explained(bus, before)
    assert told["all"].outcome == "acknowledged"
    assert told["all"].notes == ["by version 1 of the platform, which held when the event came"]
    assert told["late"].outcome == "not-yet-declared"
    assert "version 2" in told["late"].message
    told = await explained(bus, after)
    assert told["all"].outcome == "filtered-out"
    assert told["all"].notes == []
    assert told["late"].outcome == "waiting"


async def test_a_queue_that_began_in_the_past_is_judged_by_the_rules_that_made_it(
    bus: Bus, declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    early = await put(bus, status(1))
    clock.advance(60)
    platform, contracts = declared
    late = {
        "whole": Subscription(account="me", events=[f"{TYPE}@1"], start="archive"),
        "narrow": Subscription(
            account="me",
            events=[f"{TYPE}@1"],
            start="archive",
            filter={"detail": {"status": ["FAILED"]}},
        ),
    }
    await bus.apply(Declared(msgspec.structs.replace(platform, subscriptions=late), contracts))
    await acknowledge(bus, "whole")
    told = await explained(bus, early)
    assert outcomes(told)["whole"] == "acknowledged"
    [note] = told["whole"].notes
    assert "events of the past" in note
    async with asyncio.timeout(10):
        while (found := (await explained(bus, early))["narrow"]).outcome == "waiting":
            await turns()
    assert found.outcome == "filtered-out"


async def acknowledge(bus: Bus, subscription: str) -> None:
    consumer = Consumer(bus, subscription)
    await consumer.ack(*await consumer.until(1))
    await consumer.leave()


async def test_an_event_is_found_by_its_own_id_as_often_as_it_was_taken(
    bus: Bus, clock: ManualClock
) -> None:
    ids = [await put(bus, status(7, "IN_GARAGE"))]
    clock.advance(3_600)  # by then it is not known again
    ids.append(await put(bus, status(7, "FAILED")))
    await put(bus, status(8))
    own = "00000000-0000-4000-8000-000000000007"
    answer = await bus.explaining.explain(own, None)
    assert [each.event_id for each in answer.events] == ids[::-1]
    assert {each.detail_id for each in answer.events} == {own}
    assert answer.before == 0


async def test_what_only_stands_in_an_event_is_not_its_id(bus: Bus) -> None:
    await put(bus, status())
    for other in ("IN_GARAGE", "delivery.status.updated", "id", "DEL-1"):
        assert (await bus.explaining.explain(other, None)).events == []
    for nobodys in ("", "x" * (LONGEST_ID + 1), "\ud800"):
        with pytest.raises(EnvelopeError):
            await bus.explaining.explain(nobodys, None)


async def test_a_search_ends_where_it_was_told_to(bus: Bus, clock: ManualClock) -> None:
    old = await put(bus, status(1))
    clock.advance(100)
    since = clock.time_us()
    new = await put(bus, status(2))
    assert (await bus.explaining.explain(old, None, since=since)).events == []
    assert len((await bus.explaining.explain(new, None, since=since)).events) == 1
    assert len((await bus.explaining.explain(old, None)).events) == 1


async def test_a_long_log_takes_several_steps(bus: Bus, clock: ManualClock) -> None:
    ids = [await put(bus, status(number)) for number in range(10)]
    search = Search(bus.engine, clock, step=1_000, part=500)
    steps, before = 0, None
    while not (found := await search.step(ids[0], before, 0)).events:
        assert found.before
        before, steps = found.before, steps + 1
    assert [each.envelope.id for each in found.events] == [ids[0]]
    assert found.before == 0
    assert steps >= 2


async def test_nobody_learns_of_what_he_may_not_receive(start: StartBus) -> None:
    bus = await start(authorization="enforce", admission="off")
    own = await put_as(bus, "deliveries")
    for asking in (member("deliveries"), member("deliveries", "publisher")):
        [event] = (await bus.explaining.explain(own, asking)).events
        assert list(event.subscriptions) == []
        assert not event.everything
    # Its queue has the event, without a grant for it: that much it is told anyway.
    [event] = (await bus.explaining.explain(own, member("me"))).events
    assert outcomes_of(event) == {"all": "waiting", "impatient": "waiting"}


def outcomes_of(event: EventExplanation) -> dict[str, str]:
    return {each.subscription: each.outcome for each in event.subscriptions}


async def test_what_matched_nothing_of_an_account_is_no_event_to_it(
    start: StartBus, declared: tuple[Platform, ContractRepository]
) -> None:
    platform, contracts = declared
    bus = await start(authorization="enforce", admission="off")
    only = {"failed": platform.subscriptions["failed"]}
    await bus.apply(Declared(msgspec.structs.replace(platform, subscriptions=only), contracts))
    event = await put_as(bus, "deliveries")
    assert (await bus.explaining.explain(event, member("me"))).events == []
    grant = Grant(
        account="me", reason="shows them", approver="olga", expires="2999-01-01", events=[TYPE]
    )
    granted = msgspec.structs.replace(platform, subscriptions=only, grants={"all": grant})
    await bus.apply(Declared(granted, contracts))
    [found] = (await bus.explaining.explain(event, member("me"))).events
    [told] = found.subscriptions
    assert told.outcome == "filtered-out"
    assert "IN_GARAGE" in told.fields[0].reason


async def test_whoever_administers_sees_every_subscription_and_no_content(
    start: StartBus, declared: tuple[Platform, ContractRepository]
) -> None:
    platform, contracts = declared
    bus = await start(authorization="enforce", admission="off")
    await bus.apply(Declared(msgspec.structs.replace(platform, central="deliveries"), contracts))
    event = await put_as(bus, "deliveries")
    for asking in (member("deliveries", "central"), member("me", "auditor")):
        [found] = (await bus.explaining.explain(event, asking)).events
        assert found.everything
        told = {each.subscription: each for each in found.subscriptions}
        assert told.keys() == platform.subscriptions.keys()
        assert told["failed"].outcome == "filtered-out"
        assert [each.reason for each in told["failed"].fields] == [""]
        assert "IN_GARAGE" not in str(found)
