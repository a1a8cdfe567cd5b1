"""Who watches sees events as they become durable, as far as he may."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.tapping.lines import Alive, End, Event, LeftOut, Line
from keybus.bus.tapping.tail import Tail, Wanted
from keybus.bus.tapping.tap import MOST_BYTES, MOST_WAITING
from keybus.bus.tapping.taps import MOST, MOST_EACH
from keybus.bus.tapping.view import AccountView, SubscriptionView, View
from keybus.contracts import ContractRepository
from keybus.errors import EngineError, Throttled
from keybus.governance import Principal
from keybus.patterns import Pattern
from keybus.testing import ManualClock
from keybus.topology import Platform
from keybus.topology.model import Grant
from tests.unit.bus.offered import StartBus, foreign, status

TYPE = "delivery.status.updated"
DELIVERIES = Principal("deliveries", frozenset({"publisher"}))
ME = Principal("me", frozenset({"subscriber"}))
FAILED = Pattern.parse({"detail": {"status": ["FAILED"]}})


class Watcher:
    """Reads lines, without polling."""

    def __init__(self, lines: AsyncGenerator[Sequence[Line]]) -> None:
        self._lines = lines
        self.seen: list[Line] = []

    async def until(self, count: int) -> list[Line]:
        """So many lines that are no signs of life."""
        async with asyncio.timeout(20):
            while len(self.seen) < count:
                lines = await anext(self._lines)
                self.seen += [each for each in lines if not isinstance(each, Alive)]
        return self.seen

    async def details(self, count: int) -> list[dict[str, Any]]:
        return [detail(each) for each in await self.until(count)]

    async def to_the_end(self) -> list[Line]:
        async with asyncio.timeout(20):
            async for lines in self._lines:
                self.seen += lines
        return self.seen


def detail(line: Line) -> dict[str, Any]:
    assert isinstance(line, Event), line
    found: dict[str, Any] = json.loads(bytes(line.envelope))["detail"]
    return found


@asynccontextmanager
async def watching(
    bus: Bus, view: View | None = None, wanted: Wanted | None = None, account: str = ""
) -> AsyncIterator[Watcher]:
    view = view or AccountView(bus.control, None, bus.clock)
    tail = Tail(bus.engine, bus.taps, view, wanted or Wanted(), bus.clock)
    with bus.taps.tap(account, view.may) as tap:
        async with aclosing(tail.lines(tap)) as lines:
            yield Watcher(lines)


async def test_what_becomes_durable_is_shown_in_order(bus: Bus) -> None:
    await bus.put([status(1)])
    async with watching(bus) as watcher:
        await bus.put([status(2), status(3)])
        await bus.put([status(4)])
        found = await watcher.details(3)
    assert [each["delivery_id"] for each in found] == ["DEL-2", "DEL-3", "DEL-4"]
    assert len(bus.taps) == 0
    await bus.put([status(5)])


async def test_a_pattern_chooses_and_a_limit_ends(bus: Bus) -> None:
    async with watching(bus, wanted=Wanted(FAILED, limit=2)) as watcher:
        for number in range(6):
            await bus.put([status(number, "FAILED" if number % 2 else "IN_GARAGE")])
        *events, end = await watcher.to_the_end()
    assert [detail(each)["delivery_id"] for each in events] == ["DEL-1", "DEL-3"]
    assert end == End("")


async def test_what_stands_comes_first_and_nothing_twice(bus: Bus, clock: ManualClock) -> None:
    await bus.put([status(1)])
    clock.advance(10)
    since = clock.time_us()
    await bus.put([status(number) for number in range(2, 60)])
    async with watching(bus, wanted=Wanted(since=since)) as watcher:
        await bus.put([status(60)])
        found = await watcher.details(59)
        await bus.put([status(61)])
        found = await watcher.details(60)
    assert [each["delivery_id"] for each in found] == [f"DEL-{each}" for each in range(2, 62)]


async def test_whoever_is_slow_loses_the_oldest_and_is_told_how_many(bus: Bus) -> None:
    async with watching(bus) as watcher:
        for start in range(0, MOST_WAITING + 500, 500):
            await bus.put([status(start + each) for each in range(500)])
        first, second, *_ = await watcher.until(2)
    assert first == LeftOut(500)
    assert detail(second)["delivery_id"] == "DEL-500"


async def test_what_waits_is_bounded_in_bytes(bus: Bus) -> None:
    large = "x" * (MOST_BYTES // 5)
    async with watching(bus) as watcher:
        for number in range(7):
            await bus.put([status(number, large=large)])
        first, *_ = await watcher.until(2)
    assert first == LeftOut(3)


async def test_a_sign_of_life_comes_where_nothing_else_does(bus: Bus) -> None:
    view = AccountView(bus.control, None, bus.clock)
    tail = Tail(bus.engine, bus.taps, view, Wanted(), bus.clock, alive=0.01)
    with bus.taps.tap("", view.may) as tap:
        async with asyncio.timeout(20), aclosing(tail.lines(tap)) as lines:
            assert await anext(lines) == [Alive()]


async def test_there_are_only_so_many_tails(bus: Bus) -> None:
    view = AccountView(bus.control, None, bus.clock)
    opened = [bus.taps.tap("me", view.may) for _ in range(MOST_EACH)]
    for each in opened:
        each.__enter__()
    with pytest.raises(Throttled):
        bus.taps.tap("me", view.may).__enter__()
    others = [bus.taps.tap(f"account {each}", view.may) for each in range(MOST - MOST_EACH)]
    for each in others:
        each.__enter__()
    with pytest.raises(Throttled):
        bus.taps.tap("another", view.may).__enter__()
    for each in [*opened, *others]:
        each.__exit__(None, None, None)
    with bus.taps.tap("me", view.may):
        assert len(bus.taps) == 1


async def test_the_end_of_the_bus_ends_a_tail(bus: Bus) -> None:
    async with watching(bus) as watcher:
        await bus.stop_delivering()
        assert await watcher.to_the_end() == [End("the bus is stopping")]
    with pytest.raises(EngineError), bus.taps.tap("", lambda _: True):
        pass


@pytest.fixture
async def closed(
    start: StartBus, declared: tuple[Platform, ContractRepository]
) -> tuple[Bus, Platform, ContractRepository]:
    """A bus that enforces, on which `failed` asks for one field only, and has a grant."""
    platform, contracts = declared
    grant = Grant(
        account="me", reason="shows them", approver="olga", expires="2999-01-01", events=[TYPE]
    )
    narrow = msgspec.structs.replace(
        platform.subscriptions["failed"], fields=["/delivery_id", "/status"]
    )
    platform = msgspec.structs.replace(
        platform, subscriptions={"failed": narrow}, grants={"deliveries": grant}
    )
    bus = await start(authorization="enforce", admission="off")
    await bus.apply(Declared(platform, contracts))
    return bus, platform, contracts


Closed = tuple[Bus, Platform, ContractRepository]


async def put(bus: Bus, number: int, value: str = "FAILED") -> None:
    [result] = await bus.put([status(number, value, garage_code="1234")], DELIVERIES)
    assert result.event_id, result


async def test_an_account_sees_its_own_and_what_was_granted(closed: Closed) -> None:
    bus, platform, contracts = closed
    owner, reader = (AccountView(bus.control, each, bus.clock) for each in (DELIVERIES, ME))
    async with watching(bus, owner) as own, watching(bus, reader) as other:
        await put(bus, 1)
        await put(bus, 2, "IN_GARAGE")
        assert [each["garage_code"] for each in await own.details(2)] == ["1234", "1234"]
        # Of what its subscription matches, it sees what that is delivered.
        first, second = await other.details(2)
        assert "garage_code" not in first
        assert second["garage_code"] == "1234"
        await bus.apply(Declared(msgspec.structs.replace(platform, grants={}), contracts))
        await put(bus, 3)
        await bus.apply(Declared(platform, contracts))
        await put(bus, 4)
        *_, last = await other.details(3)
        assert last["delivery_id"] == "DEL-4"
        assert len(await own.details(4)) == 4


async def test_what_an_account_may_not_have_is_not_even_counted(closed: Closed) -> None:
    bus, platform, contracts = closed
    await bus.apply(Declared(msgspec.structs.replace(platform, grants={}), contracts))
    view = AccountView(bus.control, ME, bus.clock)
    entries = [status(each) for each in range(500)]
    with bus.taps.tap("me", view.may) as tap:
        for _ in range(0, MOST_WAITING + 500, 500):
            await bus.put(entries, DELIVERIES)
        assert (tap.told(), tap.take(10)) == (0, [])


async def test_a_subscription_is_shown_as_it_is_delivered(closed: Closed) -> None:
    bus, platform, contracts = closed
    view = SubscriptionView(bus.control, "failed", ME, bus.clock)
    await put(bus, 1)
    await put(bus, 2, "IN_GARAGE")
    async with watching(bus, view, Wanted(since=0)) as watcher:
        await put(bus, 3)
        await put(bus, 4, "IN_GARAGE")
        await put(bus, 5)
        found = await watcher.details(3)
        assert [each["delivery_id"] for each in found] == ["DEL-1", "DEL-3", "DEL-5"]
        assert not any("garage_code" in each for each in found)
        await bus.apply(Declared(msgspec.structs.replace(platform, grants={}), contracts))
        await put(bus, 6)
        await bus.apply(Declared(platform, contracts))
        await put(bus, 7)
        assert (await watcher.details(4))[-1]["delivery_id"] == "DEL-7"


async def test_a_pattern_is_asked_of_what_is_shown(closed: Closed) -> None:
    bus, *_ = closed
    view = SubscriptionView(bus.control, "failed", ME, bus.clock)
    guess = Pattern.parse({"detail": {"garage_code": [{"prefix": "1"}]}})
    async with watching(bus, view, Wanted(guess, limit=1)) as watcher:
        await put(bus, 1)
        bus.taps.close()
        assert await watcher.to_the_end() == [End("the bus is stopping")]


async def test_a_subscription_that_is_anothers_now_is_shown_no_longer(closed: Closed) -> None:
    bus, platform, contracts = closed
    view = SubscriptionView(bus.control, "failed", ME, bus.clock)
    moved = msgspec.structs.replace(platform.subscriptions["failed"], account="deliveries")
    async with watching(bus, view) as watcher:
        await bus.apply(
            Declared(msgspec.structs.replace(platform, subscriptions={"failed": moved}), contracts)
        )
        await put(bus, 1)
        [end] = await watcher.to_the_end()
        assert isinstance(end, End)
        assert "no subscription" in end.reason


async def test_what_cannot_be_looked_at_is_left_out(bus: Bus) -> None:
    pattern = Pattern.parse({"detail": {"a": [1]}})
    async with watching(bus, wanted=Wanted(pattern)) as watcher:
        await bus.put([foreign(detail='{"a": ' + "[" * 900 + "]" * 900 + "}")])
        await bus.put([foreign(detail='{"a": 1}')])
        assert await watcher.details(1) == [{"a": 1}]
