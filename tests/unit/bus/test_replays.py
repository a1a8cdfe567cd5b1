"""Events are sent once more: what was previewed, page by page, also over a restart."""

import asyncio
import json
from itertools import count as numbers

import msgspec
import pytest

from keybus.bus import Bus, Declared
from keybus.bus.archive import looking, passage
from keybus.bus.archive.replay import AlreadyReplaying, NoSuchReplay, Replay, Wanted
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.envelope import decode
from keybus.errors import PatternError, SubscriptionError
from keybus.governance.audit import AuditEntry
from keybus.protocol import Delivered, Settlement
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.failing import Store, failing
from tests.unit.bus.offered import foreign, status
from tests.unit.bus.test_holding import DELIVERIES, ENDS, ME, SIXTY_SECONDS, START, granting

FOR_EVER = 10**16
EVERYTHING = Wanted("", 0, FOR_EVER)
TO_ALL = Wanted("all", 0, FOR_EVER)
NUMBERS = numbers(1)


async def published(bus: Bus, count: int, value: str = "IN_GARAGE") -> None:
    """So many events that everybody has handled."""
    await bus.put([status(next(NUMBERS), value) for _ in range(count)], DELIVERIES)
    await drain(bus)


async def drain(bus: Bus) -> dict[str, list[str]]:
    """Everybody handles what waits; the ids of the envelopes, each with its replay's name."""
    found: dict[str, list[str]] = {}
    for name, state in (await bus.states()).items():
        consumer = Consumer(bus, name, window=10_000, principal=ME)
        async with asyncio.timeout(60):
            while len(consumer.deliveries) < state.waiting:  # noqa: ASYNC110 - many, on a slow machine
                await asyncio.sleep(0)
        deliveries = consumer.deliveries
        found[name] = [decode(each.envelope).replay_name for each in deliveries]
        await consumer.settle(Settlement(ack=[each.position for each in deliveries]))
        await consumer.leave()
    return found


async def ended(bus: Bus, replay: Replay) -> Replay:
    """It, once it has ended."""
    async with asyncio.timeout(60):
        while (found := bus.replays.get(replay.id)).state == "running":  # noqa: ASYNC110 - nobody is told of its end
            await asyncio.sleep(0)
    return found


async def acts(bus: Bus) -> list[AuditEntry]:
    return [each async for each in bus.audit.entries() if each.action.startswith("replay.")]


async def log(bus: Bus) -> int:
    return len([None async for _ in bus.engine.read()])


async def test_a_preview_counts_and_changes_nothing(bus: Bus, clock: ManualClock) -> None:
    await published(bus, 3)
    clock.advance(1)
    await published(bus, 2, "FAILED")
    clock.advance(1)
    preview = await bus.replays.preview(TO_ALL, ME)
    assert (preview.count, preview.looked, preview.complete) == (5, 5, True)
    assert preview.types == {"delivery.status.updated": 5}
    assert preview.subscriptions == {"all": 5}
    assert (preview.first, preview.last, preview.until) == (START, START + 10**6, START + 2 * 10**6)
    assert preview.size == sum([len(each.envelope) async for each in bus.engine.read()])
    assert preview.withheld == {}
    to_bus = await bus.replays.preview(EVERYTHING, ME)
    assert to_bus.subscriptions == {"all": 5, "failed": 2, "impatient": 5}
    later = await bus.replays.preview(Wanted("all", START + 1, FOR_EVER), ME)
    assert (later.count, later.looked) == (2, 2)
    nothing = await bus.replays.preview(Wanted("all", 0, START), ME)
    assert (nothing.count, nothing.first, nothing.last) == (0, 0, 0)
    assert await log(bus) == 5
    assert await acts(bus) == []


async def test_a_preview_looks_at_no_more_than_it_may(
    bus: Bus, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MOST_LOOKED_AT", 4)
    await published(bus, 5)
    clock.advance(1)
    preview = await bus.replays.preview(TO_ALL, ME)
    assert (preview.count, preview.looked, preview.complete) == (4, 4, False)
    found = await ended(bus, await bus.replays.begin(TO_ALL, ME))
    assert found.sent == 5


async def test_one_subscription_gets_what_it_asks_for_and_the_others_nothing(bus: Bus) -> None:
    await published(bus, 2)
    await published(bus, 3, "FAILED")
    bus_clock = bus.clock.time_us()
    found = await ended(bus, await bus.replays.begin(Wanted("failed", 0, bus_clock + 1), ME))
    # What comes at the very moment of the beginning is left alone.
    assert found.sent == 0
    assert isinstance(bus.clock, ManualClock)
    bus.clock.advance(1)
    found = await ended(
        bus, await bus.replays.begin(Wanted("failed", 0, FOR_EVER), ME, name="june")
    )
    assert (found.state, found.sent, found.looked, found.by) == ("done", 3, 5, "me")
    told = await drain(bus)
    assert told == {"all": [], "failed": ["june"] * 3, "foreign": [], "impatient": []}


async def test_the_bus_gets_it_by_the_rules_of_now(bus: Bus, clock: ManualClock) -> None:
    await published(bus, 2, "FAILED")
    clock.advance(1)
    rest = {name: each for name, each in bus.platform.subscriptions.items() if name != "impatient"}
    added = {**rest, "newcomer": rest["failed"]}
    changed = msgspec.structs.replace(bus.platform, subscriptions=added)
    await bus.apply(Declared(changed, bus.generation.contracts))
    found = await ended(bus, await bus.replays.begin(EVERYTHING, ME))
    assert found.sent == 2
    told = await drain(bus)
    assert told == {
        "all": [found.id] * 2,
        "failed": [found.id] * 2,
        "foreign": [],
        "newcomer": [found.id] * 2,
    }


async def test_a_replayed_event_is_itself_but_for_its_name(bus: Bus, clock: ManualClock) -> None:
    await bus.put([status(7, note="ä\\u0000")], DELIVERIES)
    clock.advance(1)
    await ended(bus, await bus.replays.begin(TO_ALL, ME, name="june"))
    consumer = Consumer(bus, "all")
    deliveries = await consumer.until(2)
    delivered = [
        Delivered(each.position, each.ingested_at, each.attempt, msgspec.Raw(each.envelope))
        for each in deliveries
    ]
    assert [each.replay_name for each in delivered] == ["", "june"]
    first, second = [json.loads(each.envelope) for each in deliveries]
    assert second.pop("replay-name") == "june"
    assert first == second
    assert "replay-name" not in first


async def test_what_was_replayed_is_not_replayed_again(bus: Bus, clock: ManualClock) -> None:
    await published(bus, 3)
    for times in (1, 2):
        clock.advance(1)
        assert (await bus.replays.preview(TO_ALL, ME)).count == 3
        found = await ended(bus, await bus.replays.begin(TO_ALL, ME))
        assert found.sent == 3
        assert await log(bus) == 3 + 3 * times


async def test_a_rule_may_match_the_name(bus: Bus, clock: ManualClock) -> None:
    subscription = bus.platform.subscriptions["all"]
    added = {
        "again": msgspec.structs.replace(subscription, filter={"replay-name": [{"exists": True}]}),
        "first": msgspec.structs.replace(subscription, filter={"replay-name": [{"exists": False}]}),
    }
    changed = msgspec.structs.replace(bus.platform, subscriptions=added)
    await bus.apply(Declared(changed, bus.generation.contracts))
    await bus.put([status(1)], DELIVERIES)
    clock.advance(1)
    await ended(bus, await bus.replays.begin(EVERYTHING, ME, name="june"))
    assert await drain(bus) == {"again": ["june"], "first": [""]}


async def test_a_pattern_chooses(bus: Bus, clock: ManualClock) -> None:
    await published(bus, 2)
    await published(bus, 3, "FAILED")
    await bus.put([foreign()])
    await drain(bus)
    clock.advance(1)
    failed = '{"detail": {"status": ["FAILED"]}}'
    for to, sent in (("all", {"all": 3}), ("", {"all": 3, "failed": 3, "impatient": 3})):
        wanted = Wanted(to, 0, FOR_EVER, failed)
        assert (await bus.replays.preview(wanted, ME)).subscriptions == sent
        found = await ended(bus, await bus.replays.begin(wanted, ME))
        assert (found.sent, found.looked) == (3, 6)
        told = await drain(bus)
        assert {name: len(each) for name, each in told.items() if each} == sent
        clock.advance(1)
    for wrong in ('{"detail": 1}', "{", "{}"):
        with pytest.raises(PatternError):
            await bus.replays.preview(Wanted("all", 0, FOR_EVER, wrong), ME)
        with pytest.raises(PatternError):
            await bus.replays.begin(Wanted("all", 0, FOR_EVER, wrong), ME)


async def test_a_pattern_finds_nothing_in_what_is_not_delivered(
    bus: Bus, clock: ManualClock
) -> None:
    cut = msgspec.structs.replace(bus.platform.subscriptions["all"], fields=["/status"])
    changed = msgspec.structs.replace(
        bus.platform, subscriptions={**bus.platform.subscriptions, "all": cut}
    )
    await bus.apply(Declared(changed, bus.generation.contracts))
    await bus.put([status(1, garage_code="1234")], DELIVERIES)
    clock.advance(1)
    secret = '{"detail": {"garage_code": ["1234"]}}'
    assert (await bus.replays.preview(Wanted("all", 0, FOR_EVER, secret), ME)).count == 0
    seen = '{"detail": {"status": ["IN_GARAGE"]}}'
    assert (await bus.replays.preview(Wanted("all", 0, FOR_EVER, seen), ME)).count == 1


async def closed(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, expires: str = ENDS
) -> Bus:
    """A bus on which a grant ends after a minute."""
    platform, contracts = declared
    return await Bus.start(
        Declared(granting(platform, expires), contracts),
        MemoryEngine(clock=clock),
        authorization="enforce",
        clock=clock,
    )


async def test_what_may_not_be_received_now_is_left_out_and_not_compared(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    bus = await closed(declared, clock)
    await published(bus, 2)
    clock.advance(SIXTY_SECONDS)
    for pattern in (
        "",
        '{"detail": {"status": ["FAILED"]}}',
        '{"detail": {"status": ["IN_GARAGE"]}}',
    ):
        wanted = Wanted("all", 0, FOR_EVER, pattern)
        preview = await bus.replays.preview(wanted, ME)
        assert (preview.count, preview.types, preview.size, preview.first) == (0, {}, 0, 0)
        [(why, count)] = preview.withheld.items()
        assert ("ended" in why, count) == (True, 2)
        found = await ended(bus, await bus.replays.begin(wanted, ME))
        assert (found.sent, found.withheld) == (0, 2)
        assert await log(bus) == 2
    await bus.close()


async def test_who_replayed_what_is_written_down(bus: Bus, clock: ManualClock) -> None:
    await published(bus, 2)
    clock.advance(1)
    pattern = '{"source": ["key.delivery"]}'
    await bus.replays.preview(Wanted("all", 0, FOR_EVER, pattern), ME)
    await bus.replays.preview(Wanted("", 0, FOR_EVER, pattern), ME)
    found = await ended(bus, await bus.replays.begin(Wanted("", 0, FOR_EVER, pattern), ME))
    slow = await bus.replays.begin(TO_ALL, ME, rate=1)
    await turns()
    await bus.replays.cancel(slow.id, ME)
    entries = await acts(bus)
    assert [(each.action, each.actor.account, each.subject) for each in entries] == [
        ("replay.preview", "me", ""),  # everybody's events, by what is in them
        ("replay.begin", "me", ""),
        ("replay.end", "", ""),
        ("replay.begin", "me", "all"),
        ("replay.cancel", "me", "all"),
        ("replay.end", "", "all"),
    ]
    assert entries[1].data["pattern"] == pattern
    assert entries[2].data == {"id": found.id, "sent": 2, "withheld": 0, "state": "done"}
    assert entries[5].data["state"] == "cancelled"


async def test_a_rate_is_kept_and_a_replay_can_be_cancelled(bus: Bus, clock: ManualClock) -> None:
    await published(bus, 9)
    clock.advance(1)
    begun = await bus.replays.begin(TO_ALL, ME, rate=2)
    for sent in (2, 4, 6):
        await turns()
        assert bus.replays.get(begun.id).sent == sent
        clock.advance(1)
    await turns()
    found = await bus.replays.cancel(begun.id, ME)
    assert (found.state, found.sent) == ("cancelled", 8)
    assert await bus.replays.cancel(begun.id, ME) == found
    assert (await bus.states())["all"].waiting == 8


async def test_one_at_a_time_to_each(bus: Bus, clock: ManualClock) -> None:
    await published(bus, 3)
    clock.advance(1)
    begun = await bus.replays.begin(TO_ALL, ME, rate=1)
    with pytest.raises(AlreadyReplaying, match=begun.id):
        await bus.replays.begin(TO_ALL, ME)
    other = await bus.replays.begin(EVERYTHING, ME, rate=1)
    with pytest.raises(AlreadyReplaying, match=other.id):
        await bus.replays.begin(EVERYTHING, ME)
    assert [each.id for each in bus.replays.all()] == [other.id, begun.id]
    with pytest.raises(NoSuchReplay):
        await bus.replays.cancel("0" * 16, ME)
    for call in (bus.replays.begin, bus.replays.preview):
        with pytest.raises(SubscriptionError, match="declare it"):
            await call(Wanted("nobody", 0, FOR_EVER), ME)
        with pytest.raises(SubscriptionError, match="did you mean 'all'"):
            await call(Wanted("alll", 0, FOR_EVER), ME)


async def test_a_replay_waits_for_room_in_the_queue(
    bus: Bus, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage, "FULL", 600)
    await published(bus, 1_000)
    await bus.put([status(next(NUMBERS)) for _ in range(601)], DELIVERIES)
    clock.advance(1)
    begun = await bus.replays.begin(TO_ALL, ME)
    await turns()
    assert (bus.replays.get(begun.id).waits_for, bus.replays.get(begun.id).sent) == ("all", 0)
    await drain(bus)
    # Now it goes on until the queue is full again.
    async with asyncio.timeout(60):
        while not bus.replays.get(begun.id).sent or not bus.replays.get(begun.id).waits_for:
            clock.advance(passage.ROOM_SECONDS)
            await turns()
    standing = bus.replays.get(begun.id)
    assert 600 < standing.sent <= 600 + 500
    assert (await bus.states())["all"].waiting == standing.sent
    assert (await bus.replays.cancel(begun.id, ME)).state == "cancelled"


async def test_of_the_bus_a_queue_that_nobody_consumes_holds_up_nobody(
    bus: Bus, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage, "FULL", 10)
    await bus.put([status(next(NUMBERS)) for _ in range(11)], DELIVERIES)
    clock.advance(1)
    found = await ended(bus, await bus.replays.begin(EVERYTHING, ME))
    assert (found.state, found.sent) == ("done", 11)


async def test_a_replay_goes_on_after_a_restart(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    engine = MemoryEngine(clock=clock)
    bus = await Bus.start(Declared(*declared), engine, clock=clock)
    await published(bus, 5)
    clock.advance(1)
    begun = await bus.replays.begin(TO_ALL, ME, rate=2)
    await turns()
    await bus.stop()
    clock.advance(60)
    again = await Bus.start(None, engine, clock=clock)
    await turns()
    assert again.replays.get(begun.id).sent == 4
    clock.advance(1)
    found = await ended(again, begun)
    assert (found.state, found.sent, found.looked) == ("done", 5, 5)
    assert (await drain(again))["all"] == [begun.id] * 5
    await again.close()


async def test_a_store_that_fails_is_asked_again_and_loses_nothing(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, store: Store
) -> None:
    bus = await Bus.start(
        Declared(*declared), failing(MemoryEngine(clock=clock), store), clock=clock
    )
    await published(bus, 3)
    clock.advance(1)
    begun = await bus.replays.begin(TO_ALL, ME)
    store.fails = lambda call: call[0] == "append"
    await turns()
    assert bus.replays.get(begun.id).sent == 0
    store.fails, store.kept = lambda call: call[0] == "append", True
    clock.advance(1)
    await turns()
    assert bus.replays.get(begun.id).sent == 0
    store.fails = lambda call: call[0] == "put" and call[1] == "replays"
    clock.advance(1)
    await turns()
    assert bus.replays.get(begun.id).state == "running"
    store.fails = lambda _call: False
    for _ in range(4):
        clock.advance(1)
        await turns()
    assert bus.replays.get(begun.id).state == "done"
    # At least once: of one append it was not known that it had been kept.
    assert (await bus.states())["all"].waiting == 6
    await bus.close()


async def test_where_the_subscription_goes_its_replay_fails(bus: Bus, clock: ManualClock) -> None:
    await published(bus, 3)
    clock.advance(1)
    begun = await bus.replays.begin(TO_ALL, ME, rate=1)
    await turns()
    rest = {name: each for name, each in bus.platform.subscriptions.items() if name != "all"}
    without = msgspec.structs.replace(bus.platform, subscriptions=rest)
    await bus.apply(Declared(without, bus.generation.contracts))
    clock.advance(1)
    await turns()
    clock.advance(1)
    await turns()
    found = bus.replays.get(begun.id)
    assert (found.state, "no subscription 'all'" in found.error) == ("failed", True)


async def test_the_last_ones_are_remembered(bus: Bus, clock: ManualClock) -> None:
    for _ in range(25):
        clock.advance(1)
        await ended(bus, await bus.replays.begin(TO_ALL, ME))
    await turns()
    assert len(bus.replays.all()) == 20
    kept = [each async for each in bus.engine.documents.list("replays")]
    assert len(kept) == 20
