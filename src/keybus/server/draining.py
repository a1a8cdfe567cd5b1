"""Whether the other end of a connection takes what is written to it.

uvicorn waits for ever for one that does not read: an answer that nobody takes, and a connection that
was closed with such an answer still in it, would keep their place among all connections.
"""

import asyncio

SECONDS = 30.0
"""How long a connection may take less than `LEAST_BYTES`."""
LEAST_BYTES = 16 << 10


class Draining:
    """Ends a connection whose peer takes (almost) nothing of what waits for it.

    It is told when nothing is added to what waits: while writing is paused, and after the close.

    Args:
        transport: The connection.
        seconds: How long it may take less than `LEAST_BYTES`.
    """

    def __init__(self, transport: asyncio.Transport, seconds: float = SECONDS) -> None:
        self._transport, self._seconds = transport, seconds
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0

    def watch(self) -> None:
        """From now on nothing is added to what waits."""
        if self._timer is None:
            self._left = self._transport.get_write_buffer_size()
            self._timer = self._loop.call_later(self._seconds, self._look)

    def rest(self) -> None:
        """What waited was taken, so that more may be written."""
        if not self._transport.is_closing():
            self.end()

    def end(self) -> None:
        """The connection is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        before, self._timer = self._left, None
        if before - self._transport.get_write_buffer_size() < LEAST_BYTES:
            self._transport.abort()
        else:
            self.watch()
