"""What caused an event: trace, correlation and causation, carried along without being asked.

While a handler runs, the event that it handles is the cause of every event created there. A new
event then carries the cause's trace (W3C traceparent, a new span of the same trace), its
correlation id (the first event's id, all the way down) and, as causation id, the cause's own id.
An event created outside of any handler starts a new trace.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from keybus.clock import Clock


class Cause(msgspec.Struct, frozen=True):
    """The event being handled.

    Attributes:
        event_id: Its ``id``.
        correlation_id: Its ``correlation_id``, or its own id where it has none.
        trace: Its W3C traceparent, or None.
    """

    event_id: str
    correlation_id: str
    trace: str | None = None


_current: ContextVar[Cause | None] = ContextVar("keybus_cause", default=None)


def current_cause() -> Cause | None:
    """The event that is being handled here, or None outside of handlers."""
    return _current.get()


@contextmanager
def caused_by(cause: Cause) -> Iterator[None]:
    """Make every event created inside an effect of ``cause``."""
    token = _current.set(cause)
    try:
        yield
    finally:
        _current.reset(token)


def next_trace(clock: Clock) -> str:
    """A traceparent for a new event: a new span of the cause's trace, or of a new trace.

    Source: W3C Trace Context, section 3.2 (version 00; 32, 16 and 2 hexadecimal digits).
    """
    cause = _current.get()
    if cause is not None and cause.trace is not None and _is_traceparent(cause.trace):
        version, trace_id, _, flags = cause.trace.split("-")[:4]
        return f"{version}-{trace_id}-{clock.hex(16)}-{flags}"
    return f"00-{clock.hex(32)}-{clock.hex(16)}-01"


def _is_traceparent(text: str) -> bool:
    parts = text.split("-")
    return (
        len(parts) == 4  # noqa: PLR2004 - version, trace, span, flags
        and [len(part) for part in parts] == [2, 32, 16, 2]
        and all(character in "0123456789abcdef" for part in parts for character in part)
    )
