"""Batches entries on their way to the bus, and tries again what may be tried again.

One request is under way at a time, so entries keep their order; what arrives meanwhile forms the
next batch. A batch lingers only while nobody waits for it.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterable, Sequence

from keybus.backoff import backoff
from keybus.client.transport import Transport
from keybus.clock import Clock
from keybus.envelope import Entry, EntryResult, size
from keybus.errors import BusUnavailable, PublishError, Throttled
from keybus.settings import FIRST_PAUSE, LONGEST_PAUSE

MAX_BATCH_ENTRIES = 500
MAX_BATCH_BYTES = 1 << 20
MAX_PENDING_BYTES = 32 << 20
"""A publisher that is faster than the bus waits here, instead of growing."""
_MOST_TOLD = 100
_log = logging.getLogger(__name__)
_RETRYABLE = frozenset({"InternalFailure", "InternalException", "ThrottlingException"})
# What is pending must not go with a publisher that somebody forgot: it stays here until it is sent.
_sending: set["Batcher"] = set()


class _Pending:
    __slots__ = ("bytes", "deadline", "entry", "result")

    def __init__(
        self, entry: Entry, result: "asyncio.Future[EntryResult]", deadline: float
    ) -> None:
        self.entry, self.result, self.deadline = entry, result, deadline
        self.bytes = size(entry)


class Batcher:
    """Sends entries in order, in batches, with retries.

    Belongs to one event loop.

    Args:
        transport: The way to the bus.
        clock: Time and jitter.
        linger: Seconds that a batch waits for company while nobody waits for it.
        retry_timeout: Seconds after which an entry that was added is given up.
    """

    def __init__(
        self, transport: Transport, clock: Clock, *, linger: float, retry_timeout: float
    ) -> None:
        self._transport, self._clock = transport, clock
        self._linger, self._retry_timeout = linger, retry_timeout
        self._pending: deque[_Pending] = deque()
        self._bytes = 0
        self._urgent = asyncio.Event()
        self._room = asyncio.Condition()
        self._sender: asyncio.Task[None] | None = None
        self._closed = False
        self._told: set[str] = set()

    async def add(self, entry: Entry, *, urgent: bool) -> "asyncio.Future[EntryResult]":
        """Queue an entry; the future holds what became of it, or why nothing could.

        Args:
            entry: The entry.
            urgent: Somebody waits for it: do not linger.

        Raises:
            PublishError: The batcher is closed.
        """
        if self._bytes > MAX_PENDING_BYTES:
            async with self._room:
                await self._room.wait_for(lambda: self._bytes <= MAX_PENDING_BYTES or self._closed)
        if self._closed:
            raise _closed()
        deadline = self._clock.monotonic() + self._retry_timeout
        pending = _Pending(entry, asyncio.get_running_loop().create_future(), deadline)
        self._pending.append(pending)
        self._bytes += pending.bytes
        if urgent or len(self._pending) >= MAX_BATCH_ENTRIES:
            self._urgent.set()
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_all(), name="keybus publisher")
            _sending.add(self)
            self._sender.add_done_callback(lambda _: _sending.discard(self))
        return pending.result

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop on which it sends; None before it does."""
        return None if self._sender is None else self._sender.get_loop()

    async def flush(self) -> None:
        """Wait until nothing is pending."""
        while self._sender is not None and not self._sender.done():
            self._urgent.set()
            await asyncio.wait([self._sender])

    async def close(self) -> None:
        """Give up what is still pending; `flush` first to send it."""
        self._closed = True
        if self._sender is not None and not self._sender.done():
            self._sender.cancel()
            await asyncio.wait([self._sender])
        _give_up(self._pending, _closed())
        self._pending.clear()
        async with self._room:
            self._room.notify_all()

    async def _send_all(self) -> None:
        while self._pending:
            if not self._urgent.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._linger):
                        await self._urgent.wait()
            self._urgent.clear()
            batch = self._take()
            try:
                await self._deliver(batch)
            except asyncio.CancelledError:
                _give_up(batch, _closed())
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the callers must hear of it
                _give_up(batch, error)
            self._bytes -= sum(pending.bytes for pending in batch)
            async with self._room:
                self._room.notify_all()
            if self._pending:
                self._urgent.set()  # they have lingered while the last batch was under way

    def _take(self) -> list[_Pending]:
        batch: list[_Pending] = []
        held = 0
        while self._pending and len(batch) < MAX_BATCH_ENTRIES:
            if batch and held + self._pending[0].bytes > MAX_BATCH_BYTES:
                break
            held += self._pending[0].bytes
            batch.append(self._pending.popleft())
        return batch

    async def _deliver(self, batch: Sequence[_Pending]) -> None:
        """Put until each entry was taken, refused for good, or its time is up."""
        attempt, left = 0, list(batch)
        while left:
            attempt += 1
            pause = 0.0
            try:
                results = await self._transport.put([pending.entry for pending in left])
            except BusUnavailable as error:
                reason = error
            except Throttled as error:
                reason, pause = BusUnavailable(str(error)), error.retry_after
            else:
                left = _hand_out(left, results)
                reason = _last_word(results)
                self._warn(results)
            wait = backoff(attempt, self._clock, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
            wait += pause  # a bus that says when is not asked before
            resumes = self._clock.monotonic() + wait
            late = [pending for pending in left if pending.deadline < resumes]
            _give_up(late, _exhausted(reason, attempt))
            left = [pending for pending in left if pending.deadline >= resumes]
            if left:
                await self._clock.sleep(wait)

    def _warn(self, results: Sequence[EntryResult]) -> None:
        """Log what the bus warns of, each sentence once."""
        for result in results:
            if result.warning and result.warning not in self._told and len(self._told) < _MOST_TOLD:
                self._told.add(result.warning)
                _log.warning("%s", result.warning)


async def finish_all() -> None:
    """Wait until nothing is pending anywhere on this event loop, in forgotten publishers too."""
    loop = asyncio.get_running_loop()
    for batcher in list(_sending):
        if batcher.loop is loop:
            await batcher.flush()


def _hand_out(sent: Sequence[_Pending], results: Sequence[EntryResult]) -> list[_Pending]:
    """Hand out results; what may be tried again is returned."""
    again = []
    for pending, result in zip(sent, results, strict=True):
        if result.code in _RETRYABLE:
            again.append(pending)
        elif not pending.result.done():
            pending.result.set_result(result)
    return again


def _last_word(results: Sequence[EntryResult]) -> BusUnavailable:
    """Why entries are to be tried again."""
    told = [f"{each.code}: {each.message}" for each in results if each.code in _RETRYABLE]
    return BusUnavailable(
        f"the bus kept failing for this event: {'; '.join(dict.fromkeys(told[:3]))}"
    )


def _give_up(batch: Iterable[_Pending], error: Exception) -> None:
    for pending in batch:
        if not pending.result.done():
            pending.result.set_exception(error)
            pending.result.exception()  # whoever waits hears of it; whoever has gone need not


def _closed() -> PublishError:
    return PublishError("the publisher is closed", hint="make a new one")


def _exhausted(error: BusUnavailable, attempts: int) -> BusUnavailable:
    tries = "try" if attempts == 1 else "tries"
    failed = BusUnavailable(f"{error.args[0]} (after {attempts} {tries})", hint=error.hint)
    failed.__cause__ = error
    return failed
