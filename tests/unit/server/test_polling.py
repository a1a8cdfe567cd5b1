"""Consumers that poll: what they were sent stays theirs from one poll to the next, for a while."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.engines.memory import MemoryEngine
from keybus.errors import Forbidden, StorageFailed, SubscriptionError, Throttled
from keybus.governance import ANYBODY, Principal
from keybus.protocol import (
    MAX_POLL_SECONDS,
    POLL_SILENCE_SECONDS,
    Failed,
    ReceiveRequest,
    ReceiveResponse,
)
from keybus.server.answers import BadRequest
from keybus.server.native import Pollers, pollers, polling
from keybus.server.native.polling import NoSuchConsumer, Poller
from keybus.testing import ManualClock
from keybus.topology import load_platform
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.failing import Store, failing
from tests.unit.bus.offered import foreign, status

PLATFORM = """\
bus: tiny
accounts:
  me: {id: "222222222222"}
subscriptions:
  all: {account: me, filter: {source: [{prefix: "other."}]}}
  more: {account: me, filter: {source: [{prefix: "other."}]}}
  hasty: {account: me, filter: {source: [{prefix: "other."}]}, retry: {attempts: 0}}
  keyed:
    account: me
    filter: {source: [{prefix: "other."}]}
    order: {key: /key}
"""
SECONDS = 10.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def bus(
    tmp_path: Path, example: Path, clock: ManualClock, store: Store
) -> AsyncIterator[Bus]:
    (tmp_path / "contracts").symlink_to(example / "contracts")
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    engine = failing(MemoryEngine(clock=clock), store)
    bus = await Bus.start(Declared(*load_platform(tmp_path)), engine, clock=clock)
    yield bus
    await bus.close()


class Client:
    """Polls as a program over HTTP does: with the consumer that the last answer named."""

    def __init__(self, bus: Bus, subscription: str = "all", principal: Principal = ANYBODY) -> None:
        self.all = Pollers(bus)
        self.subscription, self.principal = subscription, principal
        self.consumer: str | None = None
        self.leaves = asyncio.Event()

    def poller(self) -> Poller:
        if self.consumer is None:
            return self.all.open(self.subscription, self.principal, None)
        return self.all.find(self.subscription, self.consumer, self.principal)

    async def poll(self, **asked: object) -> ReceiveResponse:
        request = ReceiveRequest(consumer=self.consumer, **asked)  # type: ignore[arg-type]
        async with asyncio.timeout(SECONDS):
            answer = await self.poller().poll(request, self.leaves)
        self.consumer = answer.consumer
        return answer

    def begin(self, **asked: object) -> "asyncio.Task[ReceiveResponse]":
        return asyncio.create_task(self.poll(**asked))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


async def clock_until(clock: ManualClock, true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not true():
            clock.advance(1)
            await asyncio.sleep(0)


def positions(answer: ReceiveResponse) -> list[int]:
    return [each.position for each in answer.deliveries]


async def put(bus: Bus, count: int, detail: str = "{}") -> None:
    await bus.put([foreign(detail=detail) for _ in range(count)])


async def test_a_poll_answers_what_waits_and_the_next_one_settles_it(bus: Bus) -> None:
    client = Client(bus)
    await put(bus, 3)
    first = await client.poll(max=2)
    assert positions(first) == [1, 2]
    assert [each.attempt for each in first.deliveries] == [1, 1]
    second = await client.poll(max=2, ack=[1, 2])
    assert positions(second) == [3]
    assert (await client.poll(max=0, ack=[3])).deliveries == []
    state = (await bus.states())["all"]
    assert (state.waiting, state.in_flight) == (0, 0)
    assert bus.dispatcher("all").acknowledged == 3


async def test_a_poll_waits_for_an_event(bus: Bus) -> None:
    client = Client(bus)
    waiting = client.begin()
    await turns()
    assert not waiting.done()
    await put(bus, 1)
    assert positions(await waiting) == [1]


async def test_a_poll_ends_empty_after_its_wait(bus: Bus, clock: ManualClock) -> None:
    client = Client(bus)
    waiting = client.begin(wait=5)
    await turns()
    clock.advance(4.9)
    await turns()
    assert not waiting.done()
    clock.advance(0.2)
    answer = await waiting
    assert (answer.deliveries, answer.consumer is None) == ([], False)


async def test_nothing_is_leased_to_one_that_does_not_ask(bus: Bus) -> None:
    client = Client(bus)
    await client.poll(max=0)
    await put(bus, 5)
    await turns()
    assert (await bus.states())["all"].in_flight == 0
    await client.poll(max=2)
    await client.poll(max=0, ack=[1])
    await turns()
    assert (await bus.states())["all"].in_flight == 1


async def test_a_batch_waits_for_company(bus: Bus, clock: ManualClock) -> None:
    client = Client(bus)
    waiting = client.begin(max=3, batch_window=2)
    await put(bus, 1)
    await turns()
    assert not waiting.done()
    await put(bus, 2)
    assert positions(await waiting) == [1, 2, 3]
    waiting = client.begin(max=3, batch_window=2, ack=[1, 2, 3])
    await put(bus, 2)
    await turns()
    clock.advance(2)
    assert positions(await waiting) == [4, 5]


async def test_everything_can_be_said_of_a_delivery(bus: Bus, clock: ManualClock) -> None:
    client = Client(bus)
    await put(bus, 4)
    await client.poll(max=4)
    answer = await client.poll(
        max=1,
        ack=[1],
        retry=[Failed(2, "no luck")],
        bury=[Failed(3, "not mine")],
        release=[4],
    )
    assert positions(answer) == [4]
    state = (await bus.states())["all"]
    assert (state.dead, state.delayed, state.in_flight) == (1, 1, 1)
    clock.advance(60)
    [again] = (await client.poll(max=1, ack=[4])).deliveries
    assert (again.position, again.attempt) == (2, 2)


async def test_what_it_does_not_hold_is_told(bus: Bus) -> None:
    client, other = Client(bus), Client(bus)
    await put(bus, 2)
    await client.poll(max=1)
    await other.poll(max=1)
    answer = await client.poll(max=0, ack=[1, 2], retry=[Failed(7, "")])
    assert answer.unknown == [2, 7]
    assert (await bus.states())["all"].in_flight == 1


async def test_an_answer_that_did_not_arrive_is_asked_for_again(bus: Bus) -> None:
    client = Client(bus)
    await put(bus, 4)
    await client.poll(max=1)
    await client.poll(max=2)
    again = await client.poll(max=2, again=True)
    assert positions(again) == [1, 2]
    assert [each.attempt for each in again.deliveries] == [1, 1]
    assert positions(await client.poll(max=9, again=True, ack=[1])) == [2, 3]
    assert positions(await client.poll(max=9, again=True, ack=[2, 3])) == [4]


async def test_a_later_poll_ends_the_wait_of_an_earlier_one(bus: Bus) -> None:
    client = Client(bus)
    await client.poll(max=0)
    earlier = client.begin()
    await turns()
    later = client.begin()
    assert (await earlier).deliveries == []
    await put(bus, 1)
    assert positions(await later) == [1]


async def test_what_comes_after_its_client_left_is_the_next_polls(bus: Bus) -> None:
    client = Client(bus)
    await client.poll(max=0)
    waiting = client.begin()
    await turns()
    client.leaves.set()
    assert (await waiting).deliveries == []
    client.leaves.clear()
    await put(bus, 1)
    assert positions(await client.poll()) == [1]


async def test_silence_ends_the_leases_and_counts_an_attempt(bus: Bus, clock: ManualClock) -> None:
    client = Client(bus)
    await put(bus, 2)
    await client.poll(max=1)
    other = Consumer(bus, "all")
    await other.until(1)
    clock.advance(POLL_SILENCE_SECONDS)
    await until(lambda: len(bus.dispatcher("all").sessions) == 1)
    await clock_until(clock, lambda: len(other.deliveries) == 2)
    again = other.deliveries[1]
    assert (again.position, again.attempt) == (1, 2)
    with pytest.raises(NoSuchConsumer, match="begin as another"):
        await client.poll(ack=[1])


async def test_each_poll_keeps_it_from_falling_silent(bus: Bus, clock: ManualClock) -> None:
    client = Client(bus)
    await put(bus, 1)
    await client.poll()
    for _ in range(3):
        clock.advance(POLL_SILENCE_SECONDS - 1)
        await turns()
        await client.poll(max=0)
    waiting = client.begin(wait=MAX_POLL_SECONDS)
    await turns()
    clock.advance(MAX_POLL_SECONDS + 1)
    await waiting
    assert (await client.poll(max=0, ack=[1])).unknown == []


async def test_what_it_was_never_answered_goes_back_untried(bus: Bus, clock: ManualClock) -> None:
    client = Client(bus, "hasty")
    waiting = client.begin(max=9, batch_window=9)
    await put(bus, 1)
    await turns()
    client.leaves.set()
    await waiting
    assert (await bus.states())["hasty"].in_flight == 1
    clock.advance(POLL_SILENCE_SECONDS)
    await until(lambda: not bus.dispatcher("hasty").sessions)
    other = Consumer(bus, "hasty")
    assert (await other.until(1))[0].attempt == 1


async def test_one_that_leaves_hands_back_untried(bus: Bus) -> None:
    client = Client(bus)
    await put(bus, 2)
    await client.poll()
    answer = await client.poll(leaving=True, ack=[1])
    assert (answer.consumer, answer.deliveries) == (None, [])
    state = (await bus.states())["all"]
    assert (state.in_flight, state.waiting, state.delayed) == (0, 1, 0)
    assert positions(await client.poll()) == [2]


async def test_stopping_the_bus_ends_polls_and_hands_leases_back(bus: Bus) -> None:
    client, idle = Client(bus), Client(bus)
    await put(bus, 1)
    await idle.poll()
    waiting = client.begin()
    await turns()
    await bus.stop_delivering()
    answer = await waiting
    assert (answer.consumer, answer.deliveries) == (None, [])
    state = (await bus.states())["all"] if bus.control.dispatchers else None
    assert state is None or (state.waiting, state.in_flight, state.delayed) == (1, 0, 0)


async def test_one_that_may_consume_no_longer_is_told_so(bus: Bus) -> None:
    client = Client(bus)
    waiting = client.begin()
    await turns()
    bus.end_consumers(lambda _subscription, _principal: "it was taken away")
    with pytest.raises(Forbidden, match="it was taken away"):
        await waiting


async def test_the_end_of_its_credential_ends_it(bus: Bus) -> None:
    revoked = asyncio.Event()
    asked = []

    async def ended(credential: str) -> None:
        asked.append(credential)
        await revoked.wait()

    await put(bus, 1)
    everybody = Pollers(bus)
    poller = everybody.open("all", Principal("me", frozenset({"subscriber"}), "K1"), ended)
    assert positions(await poller.poll(ReceiveRequest(), asyncio.Event())) == [1]
    waiting = asyncio.create_task(poller.poll(ReceiveRequest(), asyncio.Event()))
    await turns()
    revoked.set()
    with pytest.raises(Forbidden, match="revoked"):
        await waiting
    assert asked == ["K1"]
    state = (await bus.states())["all"]
    assert (state.waiting, state.in_flight, state.delayed) == (1, 0, 0)


async def test_a_consumer_is_its_credentials_and_its_subscriptions(bus: Bus) -> None:
    client = Client(bus, principal=Principal("me", frozenset({"subscriber"}), "K1"))
    await client.poll(max=0)
    assert client.consumer is not None
    with pytest.raises(NoSuchConsumer):
        client.all.find("all", client.consumer, Principal("me", frozenset({"subscriber"}), "K2"))
    with pytest.raises(NoSuchConsumer):
        client.all.find("more", client.consumer, client.principal)


async def test_what_the_store_cannot_settle_is_no_success(
    bus: Bus, store: Store, clock: ManualClock
) -> None:
    client = Client(bus)
    await put(bus, 1)
    await client.poll()
    store.fails = lambda call: call[0] == "ack"
    with pytest.raises(StorageFailed, match="delivered again"):
        await client.poll(ack=[1])
    store.fails = lambda _call: False
    waiting = client.begin()
    await turns()
    clock.advance(1)  # the pump is careful with a store that failed
    assert positions(await waiting) == [1]


async def test_keys_are_kept_in_order(bus: Bus) -> None:
    client = Client(bus, "keyed")
    for key in ("a", "b", "a"):
        await put(bus, 1, f'{{"key": "{key}"}}')
    first = await client.poll(max=1)
    assert positions(first) == [1]
    second = await client.poll(max=5)
    assert positions(second) == [2]
    third = await client.poll(max=5, ack=[1])
    assert positions(third) == [3]
    assert third.deliveries[0].group == first.deliveries[0].group != ""


async def test_notices_come_with_the_answer(bus: Bus) -> None:
    client = Client(bus)
    await client.poll(max=0)
    await bus.pauses.pause("all", ANYBODY, "broken")
    await turns()
    [notice] = (await client.poll(max=0)).notices
    assert (notice.code, "broken" in notice.message) == ("paused", True)


async def test_an_answer_has_a_frames_bytes_at_most(bus: Bus) -> None:
    client = Client(bus)
    for _ in range(6):
        await put(bus, 1, '{"text": "%s"}' % ("x" * 900_000))
    first = await client.poll(batch_window=1)
    seen = positions(first)
    assert 1 < len(seen) < 6
    while len(seen) < 6:
        seen += positions(await client.poll())
    assert seen == [1, 2, 3, 4, 5, 6]


async def test_what_one_may_hold_is_bounded(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "MAX_WINDOW", 2)
    client = Client(bus)
    await put(bus, 3)
    assert positions(await client.poll()) == [1, 2]
    with pytest.raises(BadRequest, match="settle"):
        await client.poll()
    assert positions(await client.poll(ack=[1])) == [3]


async def test_pollers_are_bounded(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pollers, "MOST_OF_SUBSCRIPTION", 2)
    monkeypatch.setattr(pollers, "MOST_OF_ACCOUNT", 3)
    everybody = Pollers(bus)
    first = everybody.open("all", ANYBODY, None)
    everybody.open("all", ANYBODY, None)
    with pytest.raises(Throttled, match="consumer"):
        everybody.open("all", ANYBODY, None)
    everybody.open("more", ANYBODY, None)
    with pytest.raises(Throttled):
        everybody.open("more", ANYBODY, None)
    await first.poll(ReceiveRequest(leaving=True), asyncio.Event())
    everybody.open("more", ANYBODY, None)
    with pytest.raises(SubscriptionError, match="no subscription"):
        everybody.open("nobody", ANYBODY, None)


async def test_a_lost_poller_beside_a_socket_takes_nothing_from_it(bus: Bus) -> None:
    """What has to go alone does not wait for one that is not asking."""
    client = Client(bus)
    await client.poll(max=0)
    consumer = Consumer(bus, "all")
    await bus.put([status(), foreign(), foreign()])
    await consumer.until(2)
    await consumer.leave()
    other = Consumer(bus, "all")
    clock = bus.clock
    assert isinstance(clock, ManualClock)
    await clock_until(clock, lambda: len(other.deliveries) == 1)
