"""Publishing: the async core."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, overload

import msgspec

from keybus.client.batcher import Batcher
from keybus.client.identity import Identity
from keybus.client.transport import Transport, TransportName, way_to
from keybus.clock import SYSTEM, Clock
from keybus.contracts import Event, bound, bound_types, stamp
from keybus.envelope import Entry, EntryResult
from keybus.errors import (
    BusUnavailable,
    EntriesRefused,
    Forbidden,
    KeybusError,
    PublishError,
    RefusedEntry,
    Unauthenticated,
    UnknownEventType,
)
from keybus.settings import Settings

LINGER_SECONDS = 0.005
OnRefused = Literal["raise", "return"]
_MAX_UNSEEN = 10


class AsyncEventPublisher:
    """Publishes typed events; each call returns once the bus has them durably.

    Belongs to the event loop on which it is first used. Close it, or use it in ``async with``.

    Args:
        url: The bus; ``KEYBUS_URL`` or the local default where it is not given.
        publisher: The name under which this service publishes: ``KEYBUS_PUBLISHER``, or else the
            one publisher that the bus knows to emit the event's type.
        source: The envelope's source; the one that the platform declares where it is not given.
        transport: The way to the bus: ``http``, ``aws``, or one of your own, such as a test's
            in-memory bus; ``KEYBUS_TRANSPORT`` where it is not given.
        linger: Seconds that `publish_soon` may wait for company.
        settings: Settings; read from the environment where they are not given.
        clock: Time and jitter.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        publisher: str | None = None,
        source: str | None = None,
        transport: Transport | TransportName | None = None,
        linger: float = LINGER_SECONDS,
        settings: Settings | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        settings = settings or Settings.from_environment()
        way, made = way_to(transport, url, settings, clock)
        self._owned = way if made else None
        retry_timeout = settings.retry_timeout
        self._batcher = Batcher(way, clock, linger=linger, retry_timeout=retry_timeout)
        self._identity = Identity(
            way,
            clock,
            name=publisher or settings.publisher,
            source=source,
            retry_timeout=retry_timeout,
        )
        self._unseen: list[Exception] = []
        self._unseen_count = 0

    @overload
    async def publish(self, event: Event, /) -> str: ...
    @overload
    async def publish(self, event_type: str, event: Event | Mapping[str, Any], /) -> str: ...
    async def publish(
        self, first: Event | str, second: Event | Mapping[str, Any] | None = None, /
    ) -> str:
        """Publish one event.

        Args:
            first: The event; or its type, with the event as second argument.
            second: The event of that type, or its fields.

        Returns:
            The id that the bus gave its envelope.

        Raises:
            InvalidEvent: The event does not fit its contract.
            UnknownEventType: No binding has this type.
            EntriesRefused: The bus refused it, and why.
            Unauthenticated: The bus does not know the token.
            BusUnavailable: The bus did not answer in time, after all retries.
        """
        event = typed(first, second)
        result = await (await self._add(event, urgent=True))
        if result.code:
            raise EntriesRefused([_refusal(0, event, result)], accepted=0)
        return result.event_id

    async def publish_many(
        self, events: Iterable[Event], *, on_refused: OnRefused = "raise"
    ) -> Sequence[EntryResult]:
        """Publish events, in order.

        Args:
            events: The events.
            on_refused: ``raise`` once all were tried, or ``return`` what failed among the results,
                with its code and reason.

        Returns:
            A result for each event, in the same order.

        Raises:
            InvalidEvent: An event does not fit its contract; none was published.
            EntriesRefused: The bus refused some; each is named, the others are durable.
            BusUnavailable: The bus did not answer in time, after all retries; the message says how
                many events are durable.
        """
        events = list(events)
        entries = [await self._entry(event) for event in events]
        pending = [await self._batcher.add(entry, urgent=True) for entry in entries]
        if pending:
            await asyncio.wait(pending)
        failures = [error for future in pending if (error := future.exception())]
        results = [_result(future) for future in pending]
        if on_refused == "return":
            return results
        accepted = sum(1 for result in results if result.event_id)
        if failures and not accepted and isinstance(failures[0], Unauthenticated | Forbidden):
            raise failures[0]
        if failures:
            reason = f"{failures[0]}; {accepted} of {len(results)} events are durable"
            kind = BusUnavailable if isinstance(failures[0], BusUnavailable) else PublishError
            raise kind(reason) from failures[0]
        refused = [
            _refusal(index, event, result)
            for index, (event, result) in enumerate(zip(events, results, strict=True))
            if result.code
        ]
        if refused:
            raise EntriesRefused(refused, accepted)
        return results

    async def publish_soon(self, event: Event) -> "asyncio.Future[str]":
        """Queue an event and go on; the future holds the envelope's id once it is durable.

        Waits only where too much is pending already. A failure is in the future, and also raised
        by the next `flush` or `close`, so that it cannot be overlooked.

        Raises:
            InvalidEvent: The event does not fit its contract.
        """
        pending = await self._add(event, urgent=False)
        outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        pending.add_done_callback(lambda done: self._resolve(outcome, event, done))
        return outcome

    async def flush(self) -> None:
        """Wait until everything pending is durable.

        Raises:
            PublishError: Events queued by `publish_soon` failed since the last flush.
        """
        await self._batcher.flush()
        await asyncio.sleep(0)  # lets the outcomes reach their futures
        unseen, self._unseen = self._unseen, []
        count, self._unseen_count = self._unseen_count, 0
        if unseen:
            lines = [f"  {error}" for error in unseen]
            if count > len(unseen):
                lines.append(f"  and {count - len(unseen)} more")
            told = "\n".join([f"{count} queued events failed", *lines])
            raise PublishError(told) from unseen[0]

    async def close(self) -> None:
        """Flush, then let go of the connection."""
        try:
            await self.flush()
        finally:
            await self._batcher.close()
            if self._owned is not None:
                await self._owned.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _add(self, event: Event, *, urgent: bool) -> "asyncio.Future[EntryResult]":
        return await self._batcher.add(await self._entry(event), urgent=urgent)

    async def _entry(self, event: Event) -> Entry:
        name, source = await self._identity.of(event.TYPE)
        detail = stamp(event, name).to_json()
        return Entry(source=source, detail_type=event.TYPE, detail=msgspec.Raw(detail))

    def _resolve(
        self,
        outcome: "asyncio.Future[str]",
        event: Event,
        done: "asyncio.Future[EntryResult]",
    ) -> None:
        error = done.exception()
        if error is None and done.result().code:
            error = EntriesRefused([_refusal(0, event, done.result())], accepted=0)
        if error is None:
            if not outcome.done():
                outcome.set_result(done.result().event_id)
            return
        self._unseen_count += 1
        if isinstance(error, Exception) and len(self._unseen) < _MAX_UNSEEN:
            self._unseen.append(error)
        if not outcome.done():
            outcome.set_exception(error)
            outcome.exception()  # seen: flush raises it too


def typed(first: Event | str, second: Event | Mapping[str, Any] | None) -> Event:
    """The event that `publish`'s arguments mean.

    Raises:
        UnknownEventType: No binding has the type.
        PublishError: The event is of another type than was named.
        InvalidEvent: The fields do not fit the contract.
    """
    if not isinstance(first, Event | str):
        raise PublishError(
            f"a {type(first).__name__} is no event",
            hint="publish an event, or a type and its fields",
        )
    if isinstance(first, Event):
        if second is not None:
            raise PublishError("publish takes an event, or a type and an event")
        return first
    if isinstance(second, Event):
        if first != second.TYPE:
            if bound(first) is None:
                raise UnknownEventType(first, bound_types())
            raise PublishError(
                f"the event is a {second.TYPE!r}, not a {first!r}",
                hint="publish(event) takes the type from the event",
            )
        return second
    kind = bound(first)
    if kind is None:
        raise UnknownEventType(first, bound_types())
    return kind(**dict(second or {}))


def _result(future: "asyncio.Future[EntryResult]") -> EntryResult:
    """What became of an entry, also where nothing could."""
    error = future.exception()
    if error is None:
        return future.result()
    code = error.code if isinstance(error, KeybusError) else type(error).__name__
    return EntryResult(code=code, message=str(error))


def _refusal(index: int, event: Event, result: EntryResult) -> RefusedEntry:
    return RefusedEntry(index, event.id, event.TYPE, result.code, result.message)
