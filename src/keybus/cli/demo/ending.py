"""Ends the demo in order when a signal says so, wherever it stands."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from types import FrameType
from typing import Any

import click


class Ending:
    """Catches SIGINT, SIGTERM and SIGHUP: the first one ends the demo, in order."""

    def __init__(self) -> None:
        self._number = 0
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None

    def catch(self) -> None:
        """From now on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._caught)

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine on a new event loop; a signal cancels it and ends the process after it."""

        async def run() -> None:
            task = asyncio.ensure_future(coroutine)
            self._running = asyncio.get_running_loop(), task
            try:
                await task
            finally:
                self._running = None

        try:
            asyncio.run(run())
        except asyncio.CancelledError:
            sys.exit(128 + self._number)

    def _caught(self, number: int, _: FrameType | None) -> None:
        if self._number:
            return
        self._number = number
        click.echo(f"ended by {signal.Signals(number).name}", err=True)
        if self._running is None:
            sys.exit(128 + number)
        loop, task = self._running
        # An exception raised here would land in whatever task happens to run.
        loop.call_soon_threadsafe(task.cancel)
