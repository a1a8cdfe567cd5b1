"""The disturbing process: one subscription is consumed slowly, another is connected and never read."""

import select
import sys
import time
from collections import deque
from typing import Final

import msgspec

from keybus.cli.bench.pipeline.plan import WINDOW
from keybus.cli.bench.pipeline.wire import WebSocket
from keybus.protocol import API

_BEAT_SECONDS: Final = 2.0
_MOST_WAIT: Final = 0.1
_HEARTBEAT: Final = b"{}"


class _Delivered(msgspec.Struct):
    position: int


class _Frame(msgspec.Struct, tag="frame"):
    deliveries: list[_Delivered]


class _Hello(msgspec.Struct, tag="hello"):
    pass


class _Notice(msgspec.Struct, tag="notice"):
    pass


_messages = msgspec.json.Decoder(_Frame | _Hello | _Notice)
_encode = msgspec.json.Encoder().encode


class Disturbing(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is asked for.

    Attributes:
        url: The bus.
        token: Who asks.
        slow: The subscription that is consumed slowly.
        rate: Deliveries of it that are handled a second, one by one.
        dead: The subscription that is connected, heard, and never read.
    """

    url: str
    token: str
    slow: str
    rate: float
    dead: str


class Disturber:
    """Both consumers, until the process is ended.

    Args:
        asked: What is asked for.
    """

    def __init__(self, asked: Disturbing) -> None:
        self._asked = asked
        self._slow, self._dead = self._open(asked.slow), self._open(asked.dead)
        self._waiting: deque[int] = deque()

    def run(self) -> None:
        """Disturb."""
        beat = due = time.monotonic()
        while True:
            wait = due - time.monotonic() if self._waiting else _MOST_WAIT
            if select.select([self._slow.number], [], [], max(0.0, min(wait, _MOST_WAIT)))[0]:
                self._take()
            now = time.monotonic()
            if now >= due:
                due = max(due + 1 / self._asked.rate, now - 1)
                self._handle_one()
            if now > beat + _BEAT_SECONDS:
                beat = now
                self._beat()

    def _take(self) -> None:
        for message in self._slow.receive():
            frame = _messages.decode(message)
            if isinstance(frame, _Frame):
                self._waiting.extend(each.position for each in frame.deliveries)

    def _handle_one(self) -> None:
        if self._waiting:
            self._slow.send(_encode({"ack": [self._waiting.popleft()]}))

    def _beat(self) -> None:
        self._slow.send(_HEARTBEAT)
        try:
            self._dead.send(_HEARTBEAT)
        except OSError:  # the bus has had enough of it; such a consumer comes back
            self._dead.close()
            self._dead = self._open(self._asked.dead)

    def _open(self, name: str) -> WebSocket:
        path = f"{API}/subscriptions/{name}/deliveries?window={WINDOW}"
        return WebSocket(self._asked.url, path, self._asked.token)


def main(text: str) -> None:
    """Disturb as the text asks, until SIGTERM."""
    disturber = Disturber(msgspec.json.decode(text, type=Disturbing))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    disturber.run()
