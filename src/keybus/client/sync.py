"""Publishing: the sync face, a thin one over the async core."""

import asyncio
import atexit
import logging
import os
import weakref
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, overload

from keybus.client.batcher import finish_all
from keybus.client.portal import HandlersPortal, Portal
from keybus.client.publisher import LINGER_SECONDS, AsyncEventPublisher, OnRefused, typed
from keybus.client.transport import Transport, TransportName
from keybus.clock import SYSTEM, Clock
from keybus.contracts import Event
from keybus.envelope import EntryResult
from keybus.errors import PublishError
from keybus.settings import Settings

_log = logging.getLogger(__name__)
_open: "weakref.WeakSet[EventPublisher]" = weakref.WeakSet()


class EventPublisher:
    """Publishes typed events from code that is not async; safe for use from any thread.

    What it takes and raises is what `AsyncEventPublisher` does. Close it, or use it in ``with``;
    what is pending when the process ends is sent then.
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
        self._portal = Portal.shared()
        self._core = AsyncEventPublisher(
            url,
            publisher=publisher,
            source=source,
            transport=transport,
            linger=linger,
            settings=settings,
            clock=clock,
        )
        self._closed = False
        _open.add(self)

    @overload
    def publish(self, event: Event, /) -> str: ...
    @overload
    def publish(self, event_type: str, event: Event | Mapping[str, Any], /) -> str: ...
    def publish(
        self, first: Event | str, second: Event | Mapping[str, Any] | None = None, /
    ) -> str:
        """Publish one event and wait until it is durable; see `AsyncEventPublisher.publish`."""
        # Made typed here, in the caller's thread, where the event that is being handled is known.
        return self._portal.call(self._checked().publish(typed(first, second)))

    def publish_many(
        self, events: Iterable[Event], *, on_refused: OnRefused = "raise"
    ) -> Sequence[EntryResult]:
        """Publish events, in order; see `AsyncEventPublisher.publish_many`."""
        return self._portal.call(self._checked().publish_many(list(events), on_refused=on_refused))

    def publish_soon(self, event: Event) -> "Future[str]":
        """Queue an event and go on; see `AsyncEventPublisher.publish_soon`."""
        core = self._checked()

        async def queued() -> "asyncio.Future[str]":
            return await core.publish_soon(event)

        inner = self._portal.call(queued())
        outcome: Future[str] = Future()
        self._portal.start(_carry(inner, outcome))
        return outcome

    def flush(self) -> None:
        """Wait until everything pending is durable; see `AsyncEventPublisher.flush`."""
        self._portal.call(self._checked().flush())

    def close(self) -> None:
        """Flush, then let go of the connection; closing twice is fine."""
        if not self._closed and self._portal.process == os.getpid():
            self._closed = True
            _open.discard(self)
            self._portal.call(self._core.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _checked(self) -> AsyncEventPublisher:
        if self._portal.process != os.getpid():
            raise PublishError(
                "the publisher was made before a fork, and cannot be used after it",
                hint="make a new one in the new process",
            )
        if self._closed:
            raise PublishError("the publisher is closed", hint="make a new one")
        return self._core


async def _carry(inner: "asyncio.Future[str]", outcome: "Future[str]") -> None:
    try:
        outcome.set_result(await inner)
    except Exception as error:  # noqa: BLE001 - it belongs to whoever holds the future
        outcome.set_exception(error)


@atexit.register
def _close_all() -> None:
    for publisher in list(_open):
        try:
            publisher.close()
        except Exception:  # noqa: BLE001 - logged; the other publishers have events to send too
            _log.exception("events that were pending at the end were not published")
    for portal in (HandlersPortal.existing(), Portal.existing()):
        if portal is not None:
            portal.call(finish_all())
