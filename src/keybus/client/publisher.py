"""Publishing: the async core."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, overload

import msgspec

from keybus.client.batcher import Batcher
from keybus.client.http import HttpTransport
from keybus.client.transport import Transport
from keybus.clock import SYSTEM, Clock
from keybus.contracts import Event, bound, bound_types, stamp
from keybus.envelope import Entry, EntryResult
from keybus.errors import (
    BusUnavailable,
    EntriesRefused,
    PublishError,
    RefusedEntry,
    SettingsError,
    UnknownEventType,
)
from keybus.settings import Settings

LINGER_SECONDS = 0.005
OnRefused = Literal["raise", "return"]
_MAX_UNSEEN = 100


class AsyncEventPublisher:
    """Publishes typed events; each call returns once the bus has them durably.

    Belongs to the event loop on which it is first used. Close it, or use it in ``async with``.

    Args:
        url: The bus; ``KEYBUS_URL`` or the local default where it is not given.
        publisher: The name under which this service publishes: ``KEYBUS_PUBLISHER``, or else the
            one publisher that the bus knows to emit the event's type.
        source: The envelope's source; the publisher's name where it is not given.
        transport: Another way to the bus, such as a test's in-memory bus.
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
        transport: Transport | None = None,
        linger: float = LINGER_SECONDS,
        settings: Settings | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        settings = settings or Settings.from_environment()
        self._name = publisher or settings.publisher
        self._source = source
        self._known: dict[str, tuple[str, str]] = {}
        self._transport = transport or HttpTransport(
            settings.bus(url), request_timeout=settings.request_timeout
        )
        self._batcher = Batcher(
            self._transport, clock, linger=linger, retry_timeout=settings.retry_timeout
        )
        self._unseen: list[Exception] = []

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
            on_refused: ``raise`` once all were tried, or ``return`` refusals among the results.

        Returns:
            A result for each event, in the same order.

        Raises:
            InvalidEvent: An event does not fit its contract; none was published.
            EntriesRefused: The bus refused some; each is named, the others are durable.
            BusUnavailable: The bus did not answer in time, after all retries.
        """
        events = list(events)
        entries = [await self._entry(event) for event in events]
        pending = [await self._batcher.add(entry, urgent=True) for entry in entries]
        if pending:
            await asyncio.wait(pending)
        failures = [error for future in pending if (error := future.exception())]
        if failures:
            durable = len(pending) - len(failures)
            raise BusUnavailable(f"{failures[0]}; {durable} of {len(pending)} events are durable")
        results = [future.result() for future in pending]
        refused = [
            _refusal(index, event, result)
            for index, (event, result) in enumerate(zip(events, results, strict=True))
            if result.code
        ]
        if refused and on_refused == "raise":
            raise EntriesRefused(refused, accepted=len(results) - len(refused))
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
        if unseen:
            lines = "\n".join(f"  {error}" for error in unseen)
            raise PublishError(f"{len(unseen)} queued events failed\n{lines}") from unseen[0]

    async def close(self) -> None:
        """Flush, then let go of the connection."""
        try:
            await self.flush()
        finally:
            await self._batcher.close()
            await self._transport.close()

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
        known = self._known.get(event.TYPE)
        if known is None:
            known = self._known[event.TYPE] = await self._identity(event.TYPE)
        name, source = known
        detail = stamp(event, name).to_json()
        return Entry(source=source, detail_type=event.TYPE, detail=msgspec.Raw(detail))

    async def _identity(self, event_type: str) -> tuple[str, str]:
        """The publisher's name and source for this type."""
        if self._name:
            return self._name, self._source or self._name
        found = await self._transport.publishers(event_type)
        if len(found) == 1:
            return found[0].name, self._source or found[0].sources[0]
        names = ", ".join(publisher.name for publisher in found)
        problem = f"several publishers emit it: {names}" if found else "no publisher emits it"
        raise SettingsError(
            f"who publishes {event_type!r}? {problem}",
            hint="name the publisher: EventPublisher(publisher=…) or KEYBUS_PUBLISHER",
        )

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


def _refusal(index: int, event: Event, result: EntryResult) -> RefusedEntry:
    return RefusedEntry(index, event.id, event.TYPE, result.code, result.message)
