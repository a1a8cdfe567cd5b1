"""Batches, order, retries and failures, over a transport that answers as the test says."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import pytest

from keybus.client.batcher import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_PENDING_BYTES, Batcher
from keybus.envelope import Entry, EntryResult
from keybus.errors import (
    BusUnavailable,
    Forbidden,
    KeybusError,
    PublishError,
    Throttled,
    Unauthenticated,
)
from keybus.testing import ManualClock

Answer = Callable[[Sequence[Entry]], Sequence[EntryResult]]


def take_all(entries: Sequence[Entry]) -> Sequence[EntryResult]:
    return [EntryResult(event_id=entry.source) for entry in entries]


class ScriptedTransport:
    """Answers each put by the next of its answers, and then takes everything."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.puts: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        self.puts.append([entry.source for entry in entries])
        await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else take_all
        if isinstance(answer, Exception):
            raise answer
        return answer(entries)


class RushingClock(ManualClock):
    """Sleeping takes no time, but the clock moves."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)


def entry(name: object, bytes_: int = 2) -> Entry:
    return Entry(str(name), "a.b", msgspec.Raw(b"{" + b" " * (bytes_ - 2) + b"}"))


def batcher(transport: ScriptedTransport, linger: float = 0.005, retry: float = 30) -> Batcher:
    return Batcher(transport, RushingClock(), linger=linger, retry_timeout=retry)  # type: ignore[arg-type]  # only put is asked of it


async def test_one_entry_alone_is_sent_at_once() -> None:
    transport = ScriptedTransport()
    result = await (await batcher(transport, linger=60).add(entry("a"), urgent=True))
    assert result.event_id == "a"


async def test_entries_that_nobody_waits_for_linger_for_company() -> None:
    transport = ScriptedTransport()
    lingering = batcher(transport)
    results = [await lingering.add(entry(number), urgent=False) for number in range(3)]
    await asyncio.gather(*results)
    assert transport.puts == [["0", "1", "2"]]


async def test_what_arrives_while_a_request_is_under_way_forms_the_next_batch() -> None:
    transport = ScriptedTransport()
    transport.gate.clear()
    busy = batcher(transport)
    results = [await busy.add(entry("first"), urgent=True)]
    await asyncio.sleep(0)
    results += [await busy.add(entry(number), urgent=True) for number in range(3)]
    transport.gate.set()
    assert [result.event_id for result in await asyncio.gather(*results)] == [
        "first",
        "0",
        "1",
        "2",
    ]
    assert transport.puts == [["first"], ["0", "1", "2"]]


async def test_batches_are_bounded_in_entries_and_bytes() -> None:
    transport = ScriptedTransport()
    many = batcher(transport)
    results = [
        await many.add(entry(number), urgent=False) for number in range(MAX_BATCH_ENTRIES + 1)
    ]
    results += [
        await many.add(entry("large", MAX_BATCH_BYTES // 2), urgent=False) for _ in range(3)
    ]
    await asyncio.gather(*results)
    assert [len(put) for put in transport.puts] == [MAX_BATCH_ENTRIES, 2, 1, 1]


async def test_what_the_bus_warns_of_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    def warn(entries: Sequence[Entry]) -> Sequence[EntryResult]:
        return [EntryResult(event_id=each.source, warning="a.b@1 is old") for each in entries]

    warned = batcher(ScriptedTransport(warn, warn))
    for number in range(2):
        result = await (await warned.add(entry(number), urgent=True))
        assert (result.event_id, result.warning) == (str(number), "a.b@1 is old")
    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("WARNING", "a.b@1 is old")
    ]


async def test_a_batch_is_tried_again_until_the_bus_answers() -> None:
    transport = ScriptedTransport(BusUnavailable("down"), BusUnavailable("down"))
    result = await (await batcher(transport).add(entry("a"), urgent=True))
    assert result.event_id == "a"
    assert transport.puts == [["a"]] * 3


async def test_only_what_failed_and_may_be_tried_again_is() -> None:
    transport = ScriptedTransport(
        lambda _: [
            EntryResult(event_id="a"),
            EntryResult(code="ThrottlingException"),
            EntryResult(code="MalformedDetail", message="no"),
        ]
    )
    again = batcher(transport)
    results = [await again.add(entry(name), urgent=False) for name in "abc"]
    a, b, c = await asyncio.gather(*results)
    assert (a.event_id, b.event_id, c.code) == ("a", "b", "MalformedDetail")
    assert transport.puts == [["a", "b", "c"], ["b"]]


async def test_when_the_time_is_up_the_callers_hear_why_and_the_next_batch_goes_on() -> None:
    down = [BusUnavailable("down", hint="start it") for _ in range(50)]
    transport = ScriptedTransport(*down)
    late = batcher(transport, retry=2.0)
    result = await late.add(entry("a"), urgent=True)
    with pytest.raises(BusUnavailable, match=r"down \(after \d+ tries\) \(start it\)"):
        await result
    transport.answers.clear()
    assert (await (await late.add(entry("b"), urgent=True))).event_id == "b"


async def test_an_error_that_is_none_of_ours_reaches_the_callers_too() -> None:
    result = await batcher(ScriptedTransport(ZeroDivisionError())).add(entry("a"), urgent=True)
    with pytest.raises(ZeroDivisionError):
        await result


async def test_closing_gives_up_what_is_pending() -> None:
    transport = ScriptedTransport()
    transport.gate.clear()
    closing = batcher(transport)
    results = [await closing.add(entry("a"), urgent=True)]
    await asyncio.sleep(0)
    results.append(await closing.add(entry("b"), urgent=True))
    await closing.close()
    for result in results:
        with pytest.raises(PublishError, match="closed"):
            await result


async def test_a_publisher_that_is_faster_than_the_bus_waits() -> None:
    transport = ScriptedTransport()
    transport.gate.clear()
    full = batcher(transport)
    share = MAX_PENDING_BYTES // 10
    results = [await full.add(entry("x", share), urgent=True) for _ in range(10)]
    waiting = asyncio.create_task(full.add(entry("x", share), urgent=True))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    transport.gate.set()
    results.append(await waiting)
    assert len(await asyncio.gather(*results)) == 11


async def test_a_bus_that_says_when_is_not_asked_before() -> None:
    transport, clock = ScriptedTransport(Throttled("slow down", retry_after=7)), RushingClock()
    throttled = Batcher(transport, clock, linger=0, retry_timeout=30)  # type: ignore[arg-type]
    began = clock.monotonic()
    result = await (await throttled.add(entry("a"), urgent=True))
    assert result.event_id == "a"
    assert clock.monotonic() - began >= 7


@pytest.mark.parametrize(
    "error", [Unauthenticated("who?"), Forbidden("not yours", rule="role")], ids=["401", "403"]
)
async def test_a_credential_that_does_not_do_is_not_tried_again(error: KeybusError) -> None:
    transport = ScriptedTransport(error)
    with pytest.raises(type(error)):
        await (await batcher(transport).add(entry("a"), urgent=True))
    assert transport.puts == [["a"]]
