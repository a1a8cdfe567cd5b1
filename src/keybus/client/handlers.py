"""Which handler gets which event, and how an event's bytes become what the handler asks for."""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from contextvars import copy_context
from functools import partial
from typing import Any

import msgspec

from keybus.causality import Cause, caused_by
from keybus.client.threads import in_thread
from keybus.contracts import Event
from keybus.contracts.versions import major_of
from keybus.envelope import Envelope
from keybus.errors import Fault, InvalidEvent, KeybusError, SettingsError

Handler = Callable[[Any], Awaitable[None] | None]
MAX_BATCH_SECONDS = 300.0


class Batch(msgspec.Struct, frozen=True, eq=False):
    """A handler that takes a list of events.

    Attributes:
        handler: The function.
        size: Events that it takes at once, at most.
        window: Seconds for which the first of them waits for the others.
    """

    handler: Handler
    size: int
    window: float


class PartlyFailed(KeybusError):
    """Raised by a batch's handler: these events failed, and all others of the batch are handled.

    Args:
        failed: The events, as the handler was given them.
        reason: Why.
    """

    code = "partly-failed"

    def __init__(self, failed: Iterable[Event | Envelope], reason: str) -> None:
        super().__init__(reason)
        self.failed = tuple(failed)


class NoHandler(Exception):
    """No handler was registered for an event's type (or its major version)."""


class _Version(msgspec.Struct):
    schema_version: str = ""


_version = msgspec.json.Decoder(_Version)


class Handlers:
    """The handlers of a subscriber, by event type and major version.

    Attributes:
        has_batches: Whether one of them takes events by the list.
    """

    def __init__(self) -> None:
        self._typed: dict[str, dict[int, tuple[type[Event], Handler | Batch]]] = {}
        self._untyped: dict[str, Handler | Batch] = {}
        self.has_batches = False

    @property
    def types(self) -> frozenset[str]:
        """The event types that have a handler."""
        return frozenset(self._typed) | frozenset(self._untyped)

    def add(self, what: type[Event] | str, handler: Handler | Batch) -> None:
        """Register a handler.

        Raises:
            SettingsError: The type and version have one already, or it is no handler.
        """
        kind: object = what
        if not isinstance(kind, str) and not (isinstance(kind, type) and issubclass(kind, Event)):
            raise SettingsError(
                f"{what!r} is no event class and no detail-type",
                hint="@subscriber.on(AnEventClass)",
            )
        function = handler.handler if isinstance(handler, Batch) else handler
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise SettingsError(
                f"{function.__qualname__} is a generator", hint="it would never run"
            )
        event_type = what if isinstance(what, str) else what.TYPE
        if isinstance(what, str):
            taken = what in self.types
        else:
            majors = self._typed.get(event_type, {})
            taken = event_type in self._untyped or major_of(what.VERSION) in majors
        if taken:
            raise SettingsError(
                f"{event_type!r} has a handler already", hint="register one handler a type"
            )
        self.has_batches = self.has_batches or isinstance(handler, Batch)
        if isinstance(what, str):
            self._untyped[what] = handler
        else:
            self._typed.setdefault(event_type, {})[major_of(what.VERSION)] = (what, handler)

    def resolve(self, envelope: Envelope) -> tuple[Event | Envelope, Handler | Batch]:
        """The handler of a delivered event, and the event as it takes it.

        Raises:
            InvalidEvent: The event does not fit its contract.
            NoHandler: There is none for its type and version.
        """
        majors = self._typed.get(envelope.detail_type)
        if majors is None:
            handler = self._untyped.get(envelope.detail_type)
            if handler is None:
                raise NoHandler(f"no handler for {envelope.detail_type!r}")
            return envelope, handler
        if len(majors) == 1:
            [(kind, handler)] = majors.values()
        else:
            kind, handler = self._by_version(envelope, majors)
        return kind.from_json(bytes(envelope.detail)), handler

    @staticmethod
    def _by_version(
        envelope: Envelope, majors: dict[int, tuple[type[Event], Handler | Batch]]
    ) -> tuple[type[Event], Handler | Batch]:
        try:
            version = _version.decode(envelope.detail).schema_version
        except msgspec.DecodeError as error:
            fault = Fault("type", "is not a text", "/schema_version")
            raise InvalidEvent(envelope.detail_type, [fault]) from error
        found = majors.get(major_of(version))
        if found is None:
            raise NoHandler(f"no handler for {envelope.detail_type!r} in version {version!r}")
        return found


def cause_of(event: Event | Envelope) -> Cause:
    """What every event created while this one is handled has as its cause."""
    correlation, trace = getattr(event, "correlation_id", None), getattr(event, "trace", None)
    return Cause(
        event_id=event.id,
        correlation_id=correlation if isinstance(correlation, str) else event.id,
        trace=trace if isinstance(trace, str) else None,
    )


async def call(handler: Handler, event: Event | Envelope) -> None:
    """Run a handler with the event as the cause of whatever it creates.

    A plain function runs in a thread, since it may block.
    """
    with caused_by(cause_of(event)):
        await _run(handler, event)


async def call_batch(batch: Batch, events: list[Event | Envelope]) -> None:
    """Run a batch's handler; a single event is the cause of what it creates, several are not."""
    if len(events) == 1:
        with caused_by(cause_of(events[0])):
            await _run(batch.handler, events)
    else:
        await _run(batch.handler, events)


async def _run(handler: Handler, argument: object) -> None:
    if inspect.iscoroutinefunction(handler):
        await handler(argument)
        return
    outcome = await in_thread(partial(copy_context().run, handler, argument), "keybus handler")
    if inspect.isawaitable(outcome):
        await outcome
