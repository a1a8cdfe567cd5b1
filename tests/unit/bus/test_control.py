"""A platform is applied as a whole or not at all, kept version by version, and written down."""

import asyncio
from typing import Any, cast

import msgspec
import pytest

from keybus.bus import Bus, Declared, Documents, Engine, NoSuchVersion
from keybus.bus.control.proposal import Proposal
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.errors import PlanOutdated, PlanRefused, StorageFailed, SubscriptionError, TopologyError
from keybus.governance import ANYBODY, Principal
from keybus.governance.audit import BUS
from keybus.testing import ManualClock
from keybus.topology import Platform, Subscription
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import StartBus, status

CENTRAL = Principal("deliveries", frozenset({"central"}), "C9")


def changed(platform: Platform, **subscriptions: Subscription | None) -> Platform:
    kept = {**platform.subscriptions, **subscriptions}
    found = {name: each for name, each in kept.items() if each is not None}
    return msgspec.structs.replace(platform, subscriptions=found)


NEW = Subscription(account="me", events=["delivery.status.updated@1"])


async def acts(bus: Bus) -> list[str]:
    return [entry.action async for entry in bus.audit.entries()]


async def apply(bus: Bus, platform: Platform, expected: int | None = None) -> int:
    declared = Declared(platform, bus.generation.contracts)
    return (await bus.apply(declared, CENTRAL, expected=expected)).version


async def test_what_is_declared_at_the_start_is_the_first_version(bus: Bus) -> None:
    applied = await bus.versions.current()
    assert applied is not None
    assert (applied.version, applied.platform) == (1, bus.platform)
    assert (await bus.versions.unpacked(applied)).keys() == bus.generation.contracts.keys()


async def test_a_new_subscription_gets_events_from_then_on(bus: Bus) -> None:
    await bus.put([status(1)])
    assert await apply(bus, changed(bus.platform, late=NEW)) == 2
    consumer = Consumer(bus, "late")
    await bus.put([status(2)])
    [delivery] = await consumer.until(1)
    assert b"DEL-2" in delivery.envelope


async def test_applying_the_same_again_changes_nothing(bus: Bus) -> None:
    before = await acts(bus)
    assert await apply(bus, bus.platform) == 1
    assert await acts(bus) == before


async def test_a_change_planned_on_another_version_is_refused(bus: Bus) -> None:
    await apply(bus, changed(bus.platform, late=NEW), expected=1)
    with pytest.raises(PlanOutdated):
        await apply(bus, changed(bus.platform, later=NEW), expected=1)
    assert "later" not in bus.platform.subscriptions


async def test_of_two_at_once_one_is_refused(bus: Bus) -> None:
    results = await asyncio.gather(
        apply(bus, changed(bus.platform, one=NEW), expected=1),
        apply(bus, changed(bus.platform, two=NEW), expected=1),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in results) == ["PlanOutdated", "int"]


async def test_a_removed_subscription_ends_its_consumers_and_keeps_its_queue(bus: Bus) -> None:
    consumer = Consumer(bus, "all")
    await bus.put([status(1)])
    await consumer.until(1)
    await apply(bus, changed(bus.platform, all=None))
    assert consumer.session.lost.is_set()
    assert "removed" in consumer.session.ended
    assert "all" in await bus.engine.queues()
    assert (await bus.engine.queue_state("all")).waiting == 1
    with pytest.raises(SubscriptionError):
        bus.dispatcher("all")
    await bus.put([status(2)])
    await apply(bus, changed(bus.platform, all=NEW))
    again = Consumer(bus, "all")
    [delivery] = await again.until(1)
    assert b"DEL-1" in delivery.envelope
    assert delivery.attempt == 1


async def test_a_queue_in_use_is_not_pruned(bus: Bus) -> None:
    await apply(bus, changed(bus.platform, all=None))
    with pytest.raises(SubscriptionError, match="failed"):
        await bus.control.prune(["all", "failed"], CENTRAL)
    await bus.control.prune(["all"], CENTRAL)
    assert "all" not in await bus.engine.queues()
    assert (await acts(bus))[-1] == "queue.removed"


async def test_every_change_is_in_the_audit_log_with_who_made_it(bus: Bus) -> None:
    await apply(bus, changed(bus.platform, late=NEW, impatient=None))
    entries = [entry async for entry in bus.audit.entries()]
    last = [(entry.action, entry.subject, entry.actor.account) for entry in entries[-3:]]
    assert last == [
        ("platform.applied", "", "deliveries"),
        ("subscription.removed", "/subscriptions/impatient", "deliveries"),
        ("subscription.added", "/subscriptions/late", "deliveries"),
    ]
    assert entries[-1].data["version"] == 2


async def test_versions_are_listed_and_an_unknown_one_is_named(bus: Bus) -> None:
    await apply(bus, changed(bus.platform, late=NEW))
    assert [each.version async for each in bus.versions.all()] == [1, 2]
    with pytest.raises(NoSuchVersion, match="no version 3"):
        await bus.versions.get(3)


class Stubborn:
    """An engine whose platform document cannot be written when told so."""

    def __init__(self, inner: MemoryEngine) -> None:
        self._inner = inner
        self.documents = _Stubborn(inner.documents)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Stubborn:
    def __init__(self, inner: Documents) -> None:
        self._inner = inner
        self.refuses = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def put(self, collection: str, key: str, value: bytes, **options: int) -> int:
        if self.refuses and (collection, key) == ("platform", "current"):
            raise StorageFailed("the disk is full")
        return await self._inner.put(collection, key, value, **options)


async def test_what_cannot_be_made_durable_does_not_hold(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    engine = Stubborn(MemoryEngine(clock=clock))
    bus = await Bus.start(Declared(*declared), cast("Engine", engine), clock=clock)
    engine.documents.refuses = True
    with pytest.raises(StorageFailed):
        await apply(bus, changed(bus.platform, late=NEW))
    assert "late" not in bus.platform.subscriptions
    with pytest.raises(SubscriptionError):
        bus.dispatcher("late")
    assert (await acts(bus))[-1] == "platform.not-applied"
    engine.documents.refuses = False
    assert await apply(bus, changed(bus.platform, late=NEW)) == 2
    await bus.close()


async def test_a_restart_goes_on_with_what_was_applied_last(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    engine = MemoryEngine(clock=clock)
    first = await Bus.start(Declared(*declared), engine, clock=clock)
    await apply(first, changed(first.platform, late=NEW))
    await first.stop()
    again = await Bus.start(None, engine, clock=clock)
    assert again.generation.applied.version == 2
    assert "late" in again.platform.subscriptions
    await again.close()


async def test_a_proposal_with_faults_is_refused(bus: Bus) -> None:
    lost = Subscription(account="nobody", events=["no.such@1"])
    packed = bus.generation.contracts.pack()
    with pytest.raises(TopologyError) as caught:
        await bus.propose(Proposal(changed(bus.platform, lost=lost), packed), CENTRAL)
    codes = {fault.code for fault in caught.value.faults}
    assert codes >= {"unknown-account", "unknown-event"}


async def test_a_proposal_that_compliance_objects_to_needs_a_reason(bus: Bus) -> None:
    proposal = Proposal(changed(bus.platform, late=NEW), bus.generation.contracts.pack())
    with pytest.raises(PlanRefused) as caught:
        await bus.propose(proposal, CENTRAL)
    assert any(fault.code == "DX06" for fault in caught.value.faults)
    despite = msgspec.structs.replace(proposal, despite="the fire brigade needs it")
    applied = await bus.propose(despite, CENTRAL)
    assert "fire brigade" in applied.note


async def test_what_the_footing_lacks_cannot_be_applied_at_all(bus: Bus) -> None:
    watched = msgspec.convert(
        {"account": "me", "events": ["delivery.status.updated@1"], "alarms": {"waiting": 5}},
        Subscription,
    )
    proposal = Proposal(
        changed(bus.platform, late=watched), bus.generation.contracts.pack(), despite="please"
    )
    with pytest.raises(PlanRefused, match="alarms"):
        await bus.propose(proposal, CENTRAL)


async def test_a_consumer_whose_subscription_goes_to_another_account_is_ended(
    start: StartBus,
) -> None:
    bus = await start(authorization="enforce")
    mine = Consumer(bus, "foreign", principal=Principal("me", frozenset({"subscriber"}), "C1"))
    moved = msgspec.structs.replace(bus.platform.subscriptions["foreign"], account="deliveries")
    await apply(bus, changed(bus.platform, foreign=moved))
    await turns()
    assert mine.session.lost.is_set()
    assert "foreign" in mine.session.ended


async def test_anybody_may_put_only_where_nobody_is_asked(start: StartBus) -> None:
    bus = await start(authorization="enforce")
    [result] = await bus.put([status()], ANYBODY)
    assert result.code == "AccessDeniedException"
    publisher = Principal("deliveries", frozenset({"publisher"}), "C2")
    [result] = await bus.put([status()], publisher)
    assert result.event_id
    stranger = Principal("me", frozenset({"publisher"}), "C3")
    [result] = await bus.put([status()], stranger)
    assert result.code == "NotAuthorizedForSource"
    await bus.audit.write(BUS, "test.done")
    assert (await acts(bus)).count("exchange.refused") == 1
    assert (await acts(bus)).count("authentication.failed") == 1
