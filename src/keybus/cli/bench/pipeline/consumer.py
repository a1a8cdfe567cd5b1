"""The consuming process: a WebSocket a subscription, every frame acknowledged at once, on one thread."""

import select
import sys
from array import array
from pathlib import Path
from typing import Final

import msgspec

from keybus.cli.bench.pipeline.board import Board, now_us
from keybus.cli.bench.pipeline.bodies import BLOCKED, EPOCH
from keybus.cli.bench.pipeline.latency import Percentiles, percentiles
from keybus.cli.bench.pipeline.plan import WINDOW
from keybus.cli.bench.pipeline.wire import WebSocket
from keybus.protocol import API

_BEAT_US: Final = 2_000_000
_MOST_WAIT: Final = 0.02
_HEARTBEAT: Final = b"{}"


class _Detail(msgspec.Struct):
    sent_us: int
    parcel_id: str


class _Envelope(msgspec.Struct):
    detail: _Detail


class _Delivered(msgspec.Struct):
    position: int
    attempt: int
    envelope: _Envelope


class _Frame(msgspec.Struct, tag="frame"):
    deliveries: list[_Delivered]


class _Hello(msgspec.Struct, tag="hello"):
    pass


class _Notice(msgspec.Struct, tag="notice"):
    message: str


_messages = msgspec.json.Decoder(_Frame | _Hello | _Notice)
_encode = msgspec.json.Encoder().encode


class Consuming(msgspec.Struct, frozen=True, kw_only=True):
    """What the consuming process is asked for.

    Attributes:
        url: The bus, or what stands in for it.
        token: Who asks.
        board: The board's file.
        subscriptions: Their names.
        seconds: For how long events are put.
        warm: Seconds in the beginning that do not count.
        failing: Events of the blocked key fail, until the board says stop.
    """

    url: str
    token: str = ""
    board: str
    subscriptions: list[str]
    seconds: float
    warm: float = 0.0
    failing: bool = False


class Consumed(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        delivered: Deliveries of each subscription.
        again: How many of all were not the first attempt.
        frames: Frames of all.
        handled: From when an event was due to be put until it was here, decoded, in milliseconds:
            of those that were due in the seconds that count.
        counted: How many that were.
    """

    delivered: list[int]
    again: int
    frames: int
    handled: Percentiles | None
    counted: int


class Consumer:
    """Takes frames of all subscriptions, and acknowledges them.

    Args:
        asked: What is asked for.
    """

    def __init__(self, asked: Consuming) -> None:
        self._asked = asked
        self._board = Board(Path(asked.board), len(asked.subscriptions))
        self._sockets: dict[int, tuple[int, WebSocket]] = {}
        for index, name in enumerate(asked.subscriptions):
            path = f"{API}/subscriptions/{name}/deliveries?window={WINDOW}"
            socket = WebSocket(asked.url, path, asked.token)
            self._sockets[socket.number] = index, socket
        self._delivered = [0] * len(asked.subscriptions)
        self._again = self._frames = 0
        self._times = array("I")
        self._from = self._until = 0

    def run(self) -> Consumed:
        """Consume until the board says stop."""
        numbers, beat = [*self._sockets], now_us()
        while not self._board.stopped:
            for number in select.select(numbers, [], [], _MOST_WAIT)[0]:
                self._take(*self._sockets[number])
            if (now := now_us()) > beat + _BEAT_US:
                beat = now
                for _, socket in self._sockets.values():
                    socket.send(_HEARTBEAT)
        return Consumed(
            self._delivered,
            self._again,
            self._frames,
            percentiles(self._times),
            len(self._times),
        )

    def _take(self, index: int, socket: WebSocket) -> None:
        positions: list[int] = []
        failed: list[int] = []
        for message in socket.receive():
            frame = _messages.decode(message)
            if not isinstance(frame, _Frame):
                continue
            self._frames += 1
            self._measure(frame.deliveries)
            if self._asked.failing:
                failed += [each.position for each in frame.deliveries if _fails(each)]
            positions += [each.position for each in frame.deliveries]
        if not positions:
            return
        if failed:
            positions = [each for each in positions if each not in failed]
        settlement = {"ack": positions, "retry": [_failure(each) for each in failed]}
        socket.send(_encode(settlement))
        self._delivered[index] += len(positions)
        self._board.deliver(index, self._delivered[index])

    def _measure(self, deliveries: list[_Delivered]) -> None:
        now = now_us() + EPOCH
        if not self._until:
            self._settle_times()
        low, high = self._from, self._until
        self._times.extend(
            [
                now - each.envelope.detail.sent_us
                for each in deliveries
                if low <= each.envelope.detail.sent_us < high
            ]
        )
        self._again += sum([each.attempt > 1 for each in deliveries])

    def _settle_times(self) -> None:
        if begin := self._board.begin_us:
            self._from = begin + round(self._asked.warm * 1e6) + EPOCH
            self._until = begin + round(self._asked.seconds * 1e6) + EPOCH


def _fails(delivered: _Delivered) -> bool:
    return delivered.envelope.detail.parcel_id.endswith(BLOCKED)


def _failure(position: int) -> dict[str, object]:
    return {"position": position, "reason": "it is not to be handled yet"}


def main(text: str) -> None:
    """Consume as the text asks; what came of it goes to standard output."""
    consumer = Consumer(msgspec.json.decode(text, type=Consuming))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(msgspec.json.encode(consumer.run()).decode() + "\n")
