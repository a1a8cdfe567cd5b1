"""Work that blocks, in threads that must not keep a process up."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def in_thread(
    function: Callable[[], T], name: str, unwanted: Callable[[T], None] | None = None
) -> "asyncio.Future[T]":
    """Run a function in a daemon thread: one that never returns must not keep the process up.

    How many there are at once is bounded by who calls: each waits for its own.

    Args:
        function: The function.
        name: The thread's.
        unwanted: Given, in a thread, what the function returned when nobody waited for it any more.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def lose(result: T) -> None:
        if unwanted is not None:
            unwanted(result)

    def land(result: T) -> None:
        if outcome.done():
            _start(partial(lose, result), name)
        else:
            outcome.set_result(result)

    def work() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - it is the caller's, on the loop
            with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits
                loop.call_soon_threadsafe(_fail, outcome, error)
            return
        try:
            loop.call_soon_threadsafe(land, result)
        except RuntimeError:  # the loop has ended meanwhile
            lose(result)

    _start(work, name)
    return outcome


def _fail(outcome: "asyncio.Future[T]", error: BaseException) -> None:
    if outcome.done():
        return
    if isinstance(error, StopIteration):  # no future can hold it
        error = RuntimeError("the handler raised StopIteration")
    outcome.set_exception(error)


def _start(work: Callable[[], None], name: str) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()
