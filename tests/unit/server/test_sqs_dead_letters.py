"""Dead letters of declared subscriptions as queues: who gets which, for how long, and what it costs."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.dead_letters import desk
from keybus.bus.message_queues.received import Received
from keybus.engines.memory import MemoryEngine
from keybus.governance import ANYBODY, Principal
from keybus.protocol import Failed, Settlement
from keybus.server.aws import AwsError, Call
from keybus.server.sqs import attempts
from keybus.server.sqs.letters import LetterQueue
from keybus.server.sqs.names import Place
from keybus.server.sqs.queue import Wanted
from keybus.server.sqs.subscribed import SubscriptionQueue
from keybus.testing import ManualClock
from keybus.topology import load_platform
from keybus.topology.model import Grant, Order
from tests.unit.bus.consuming import Consumer
from tests.unit.bus.failing import Store, failing
from tests.unit.bus.offered import foreign, status

PLATFORM = """\
bus: tiny
accounts:
  deliveries: {id: "111111111111", owners: [dora]}
  me: {id: "222222222222"}
publishers:
  key.delivery: {account: deliveries, events: [delivery.status.updated]}
  other.app: {account: me, events: []}
subscriptions:
  all: {account: me, filter: {source: [{prefix: "other."}]}}
  line: {account: me, filter: {source: [{prefix: "other."}]}, order: {key: /k}}
  granted:
    account: me
    events: [delivery.status.updated@1]
    order: {key: /delivery_id}
grants:
  g: {account: me, reason: r, approver: dora, expires: "2999-01-01", events: [delivery.status.updated]}
"""
HOURS = 3_600
ME = Principal("me", frozenset({"subscriber"}), "C1")
PUBLISHER = Principal("me", frozenset({"publisher"}), "C3")
DELIVERIES = Principal("deliveries", frozenset({"publisher"}), "C2")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory, example: Path) -> Declared:
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "contracts").symlink_to(example / "contracts")
    (folder / "platform.yaml").write_text(PLATFORM)
    return Declared(*load_platform(folder))


@pytest.fixture
async def bus(declared: Declared, clock: ManualClock, store: Store) -> AsyncIterator[Bus]:
    bus = await Bus.start(
        declared,
        failing(MemoryEngine(clock=clock), store),
        admission="off",
        authorization="enforce",
        clock=clock,
    )
    yield bus
    await bus.close()


def queue(bus: Bus, subscription: str) -> LetterQueue:
    return LetterQueue(bus, Place("me", f"{subscription}-dlq"), subscription)


async def bury(bus: Bus, subscription: str, *keys: str) -> None:
    """Dead letters of events, numbered from 0, each with one of these keys."""
    consumer = Consumer(bus, subscription, len(keys) + 1, ME)
    events = [foreign(detail=json.dumps({"n": n, "k": key})) for n, key in enumerate(keys)]
    for at in range(0, len(events), 10):
        results = await bus.put(events[at : at + 10], PUBLISHER)
        assert all(each.event_id for each in results)
    await bury_all(consumer, len(keys))


async def bury_all(consumer: Consumer, count: int) -> None:
    settled = 0
    while settled < count:
        found = (await consumer.until(settled + 1))[settled:]
        await consumer.settle(Settlement(bury=[Failed(each.position, "no") for each in found]))
        settled += len(found)
    await consumer.leave()


async def receive(
    bus: Bus, subscription: str, most: int = 10, visibility: int = 30, attempt: str = ""
) -> list[Received]:
    wanted = Wanted(most, 0, visibility, attempt)
    return list(await queue(bus, subscription).receive(Call(bus, ME), wanted))


def numbers(found: list[Received]) -> list[Any]:
    return [json.loads(each.body)["detail"]["n"] for each in found]


async def delete(bus: Bus, subscription: str, *found: Received) -> list[str]:
    """What each deletion is refused with; empty where it is not."""
    receipts = [each.receipt for each in found]
    outcomes = await queue(bus, subscription).delete(Call(bus, ME), receipts)
    return ["" if each is None else each.kind for each in outcomes]


async def dead(bus: Bus, subscription: str) -> int:
    return (await bus.states())[subscription].dead


async def refused(bus: Bus, subscription: str, found: Received, seconds: int) -> str:
    asked = [(found.receipt, seconds)]
    [outcome] = await queue(bus, subscription).change_visibility(Call(bus, ME), asked)
    return "" if outcome is None else str(outcome)


@pytest.mark.parametrize("subscription", ["all", "line"])
async def test_each_is_read_about_once_however_many_are_out(
    bus: Bus, store: Store, subscription: str
) -> None:
    await bury(bus, subscription, *(str(n) for n in range(200)))
    store.calls.clear()
    got: list[Any] = []
    while found := await receive(bus, subscription):
        got += numbers(found)
    assert got == list(range(200))
    pages = [call for call in store.calls if call[0] == "page"]
    assert sum(int(str(limit)) for _, _, limit in pages) < 3 * 200


async def test_what_comes_back_is_next_and_is_the_oldest(bus: Bus, clock: ManualClock) -> None:
    await bury(bus, "all", *"abcdef")
    assert numbers(await receive(bus, "all", 2)) == [0, 1]
    assert numbers(await receive(bus, "all", 2, visibility=60)) == [2, 3]
    clock.advance(30)
    assert numbers(await receive(bus, "all", 3)) == [0, 1, 4]
    clock.advance(30)
    again = await receive(bus, "all")
    assert numbers(again) == [0, 1, 2, 3, 4, 5]
    assert [each.count for each in again] == [3, 3, 2, 2, 2, 1]


async def test_of_two_receives_at_once_one_gets_a_group(bus: Bus, store: Store) -> None:
    await bury(bus, "line", *"aaa")
    store.waits = lambda call: call[0] == "page"
    receiving = [asyncio.ensure_future(receive(bus, "line", 1)) for _ in range(3)]
    await asyncio.wait_for(store.waiting.wait(), 10)
    store.go.set()
    assert [numbers(each) for each in await asyncio.gather(*receiving)].count([]) == 2


async def test_groups_wait_for_their_own_and_for_no_other(bus: Bus, clock: ManualClock) -> None:
    await bury(bus, "line", *"aabbab")
    [a] = await receive(bus, "line", 1)
    assert numbers([a]) == [0]
    found = await receive(bus, "line")
    assert numbers(found) == [2, 3, 5]
    assert await receive(bus, "line") == []
    assert await delete(bus, "line", a) == [""]
    assert numbers(await receive(bus, "line")) == [1, 4]
    assert await delete(bus, "line", *found[:2]) == ["", ""]
    assert await receive(bus, "line") == []  # the third of that group is still out
    clock.advance(30)
    assert numbers(await receive(bus, "line")) == [1, 4, 5]


async def test_so_many_wait_behind_their_groups_and_no_more_are_read(
    bus: Bus, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "AHEAD", 100)
    await bury(bus, "line", *("a" * 250))
    await bury(bus, "line", "b")
    [first] = await receive(bus, "line", 1)
    assert await receive(bus, "line") == []
    store.calls.clear()
    for _ in range(3):
        assert await receive(bus, "line") == []
    assert [call for call in store.calls if call[0] == "page"] == []
    await delete(bus, "line", first)
    got = []
    while found := await receive(bus, "line"):
        got += numbers(found)
        await delete(bus, "line", *found)
    assert [each for each in got if each] == list(range(1, 250))
    assert 0 in got  # of the other group


async def test_for_one_receive_so_many_are_looked_at_and_the_next_goes_on(
    bus: Bus, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "MOST_LOOKED_AT", 100)
    await bury(bus, "line", *("a" * 450))
    await bury(bus, "line", "b")
    assert numbers(await receive(bus, "line", 1)) == [0]
    got = []
    for _ in range(6):
        store.calls.clear()
        got.append(numbers(await receive(bus, "line", 1)))
        assert len([call for call in store.calls if call[0] == "page"]) <= 3
    assert got.index([0]) >= 3  # behind all those of the other group


async def test_no_more_are_out_than_may_be(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MOST_IN_FLIGHT", 2)
    await bury(bus, "all", *"abc")
    await bury(bus, "line", *"abc")
    first, _ = await receive(bus, "all")
    with pytest.raises(AwsError) as error:
        await receive(bus, "all")
    assert error.value.kind == "OverLimit"
    await delete(bus, "all", first)
    assert numbers(await receive(bus, "all")) == [2]
    assert len(await receive(bus, "line")) == 2
    assert await receive(bus, "line") == []  # in order nothing is said


async def test_a_handle_deletes_only_where_nobody_else_has_it(bus: Bus, clock: ManualClock) -> None:
    await bury(bus, "all", "a", "b")
    mine, also_mine = await receive(bus, "all", visibility=1)
    clock.advance(1)
    assert await delete(bus, "all", mine, mine) == ["", ""]  # late, but nobody has it
    assert await dead(bus, "all") == 1
    [theirs] = await receive(bus, "all")
    assert await delete(bus, "all", also_mine) == [""]
    assert await dead(bus, "all") == 1
    assert await refused(bus, "all", theirs, 60) == ""
    assert await delete(bus, "all", theirs, theirs) == ["", ""]
    assert await dead(bus, "all") == 0


async def test_in_order_a_handle_whose_time_has_ended_is_refused_while_there_is_a_letter(
    bus: Bus, clock: ManualClock
) -> None:
    await bury(bus, "line", "a")
    [late] = await receive(bus, "line", visibility=1)
    clock.advance(1)
    assert await delete(bus, "line", late) == ["InvalidParameterValueException"]
    [found] = await receive(bus, "line")
    assert await delete(bus, "line", late) == ["InvalidParameterValueException"]
    assert await delete(bus, "line", found) == [""]
    assert await delete(bus, "line", late, found) == ["", ""]  # it is gone: as it was to be


async def test_nobody_has_one_for_longer_than_twelve_hours(bus: Bus, clock: ManualClock) -> None:
    await bury(bus, "all", "a")
    [found] = await receive(bus, "all", visibility=12 * HOURS)
    clock.advance(HOURS)
    assert await refused(bus, "all", found, 11 * HOURS) == ""
    assert "beyond the limit" in await refused(bus, "all", found, 11 * HOURS + 1)
    clock.advance(11 * HOURS)
    assert len(await receive(bus, "all")) == 1


async def test_what_is_deleted_is_written_down_once_a_call_and_nothing_else_is(bus: Bus) -> None:
    await bury(bus, "all", "a", "b")
    found = await receive(bus, "all")
    wrong = msgspec.structs.replace(found[0], receipt="garbage")
    for _ in range(3):
        assert await delete(bus, "all", wrong) == ["ReceiptHandleIsInvalid"]
    await delete(bus, "all", wrong, *found, found[0])
    for _ in range(3):
        await delete(bus, "all", *found)
    written = [each async for each in bus.audit.entries() if each.action == "dead-letters.delete"]
    assert [each.data for each in written] == [{"count": 2}]


async def test_another_order_hands_everything_out_anew(bus: Bus) -> None:
    await bury(bus, "line", "a", "a")
    assert numbers(await receive(bus, "line", 1)) == [0]
    line = msgspec.structs.replace(bus.platform.subscriptions["line"], order=Order(key="/n"))
    subscriptions = {**bus.platform.subscriptions, "line": line}
    platform = msgspec.structs.replace(bus.platform, subscriptions=subscriptions)
    await bus.apply(Declared(platform, bus.generation.contracts))
    assert numbers(await receive(bus, "line")) == [0, 1]


async def test_what_may_not_be_had_comes_once_it_may(bus: Bus) -> None:
    await bury_granted(bus, 2)
    grants = bus.platform.grants
    await grant(bus, {})
    assert await receive(bus, "granted") == []
    await grant(bus, grants)
    assert len(await receive(bus, "granted")) == 2


@pytest.mark.parametrize("kind", [LetterQueue, SubscriptionQueue])
async def test_a_repeated_receive_goes_through_the_same_gate(bus: Bus, kind: Any) -> None:
    if kind is LetterQueue:
        await bury_granted(bus, 1)
    else:
        await bus.put([status()], DELIVERIES)
    of = kind(bus, Place("me", "granted.fifo"), "granted")
    asked = Wanted(1, 20, 60, "once")
    first = await of.receive(Call(bus, ME), asked)
    assert len(first) == 1
    assert await of.receive(Call(bus, ME), asked) == first
    await grant(bus, {})
    asked = msgspec.structs.replace(asked, wait=0)
    receiving = asyncio.ensure_future(of.receive(Call(bus, ME), asked))
    while not receiving.done():
        bus.clock.advance(0.1)  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    assert await receiving == []


async def test_a_repeated_receive_begins_the_timeout_anew(bus: Bus, clock: ManualClock) -> None:
    await bury(bus, "line", "a", "b")
    first = await receive(bus, "line", attempt="x")
    clock.advance(20)
    assert await receive(bus, "line", attempt="x") == first
    clock.advance(20)
    assert await receive(bus, "line") == []
    assert await receive(bus, "line", attempt="y") == []
    await delete(bus, "line", first[0])
    assert await receive(bus, "line", attempt="x") == []  # what it was is not all there
    clock.advance(10)
    assert [each.count for each in await receive(bus, "line", attempt="x")] == [2]


async def test_attempts_are_known_for_five_minutes_and_without_bodies(
    bus: Bus, clock: ManualClock
) -> None:
    await bury(bus, "line", "a", "b", "c")
    known = attempts.Attempts()
    hands = bus.letter_desks.of("line")
    for attempt in "xyz":
        [each] = await receive(bus, "line", 1, visibility=HOURS)
        known.keep(hands, ANYBODY, attempt, [each.receipt], clock)
        clock.advance(100)
    assert known.answered(hands, ANYBODY, "x", clock)
    clock.advance(100)
    assert not known.answered(hands, ANYBODY, "x", clock)
    assert len(known) == 2


async def bury_granted(bus: Bus, count: int) -> None:
    consumer = Consumer(bus, "granted", count + 1, ME)
    await bus.put([status(n) for n in range(count)], DELIVERIES)
    await bury_all(consumer, count)


async def grant(bus: Bus, grants: dict[str, Grant]) -> None:
    platform = msgspec.structs.replace(bus.platform, grants=grants)
    await bus.apply(Declared(platform, bus.generation.contracts))
