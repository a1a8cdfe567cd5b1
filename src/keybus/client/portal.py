"""One event loop in a thread of its own, on which the sync face runs the async core."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


class Portal:
    """A daemon thread with an event loop, made when it is first needed and once a process.

    Safe for use from any thread. After a fork the child makes its own.
    """

    _lock = threading.Lock()
    _shared: "Portal | None" = None
    _abandoned: ClassVar[list["Portal"]] = []

    def __init__(self) -> None:
        self.process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="keybus client", daemon=True
        )
        self._thread.start()

    @classmethod
    def shared(cls) -> "Portal":
        """The process's portal."""
        with cls._lock:
            if cls._shared is None:
                cls._shared = cls()
            return cls._shared

    @classmethod
    def existing(cls) -> "Portal | None":
        """The process's portal, if it has needed one."""
        return cls._shared

    @classmethod
    def forget(cls) -> None:
        """In a forked child: leave the parent's portal alone.

        The child has neither its thread nor, maybe, a lock that is free. It shares the parent's
        epoll, though: closing connections here would make the parent deaf to them. So the child's
        end of it is closed first.
        """
        cls._lock = threading.Lock()
        if cls._shared is not None:
            selector = getattr(cls._shared._loop, "_selector", None)  # noqa: SLF001 - asyncio has no way
            if selector is not None:
                selector.close()
            cls._abandoned.append(cls._shared)
            cls._shared = None

    def start(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run it there; the future is the caller's to wait for."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it there and wait for what it returns."""
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("the sync publisher cannot be used on the client's own event loop")
        future = self.start(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """End the loop and its thread; for a portal that is not the process's shared one."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class HandlersPortal(Portal):
    """Where the handlers of a Lambda function run: a loop that may wait for the publisher's."""

    _lock = threading.Lock()
    _shared: "Portal | None" = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Portal.forget)
    os.register_at_fork(after_in_child=HandlersPortal.forget)
