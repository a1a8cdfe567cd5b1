"""The publishing process: finished requests over a few connections, on one thread."""

import select
import sys
from array import array
from pathlib import Path
from typing import Final

import msgspec

from keybus.cli.bench.pipeline.board import Board, now_us
from keybus.cli.bench.pipeline.bodies import Bodies
from keybus.cli.bench.pipeline.latency import Percentiles, percentiles
from keybus.cli.bench.pipeline.pace import Saturating, Steady
from keybus.cli.bench.pipeline.plan import Load
from keybus.cli.bench.pipeline.wire import Connection

_PATIENCE_US: Final = 30_000_000  # for what is on its way in the end
_MOST_WAIT: Final = 0.05
_OK = b"HTTP/1.1 200"


class Publishing(msgspec.Struct, frozen=True, kw_only=True):
    """What the publishing process is asked for.

    Attributes:
        url: The bus, or what stands in for it.
        token: Who asks.
        board: The board's file.
        subscriptions: How many there are.
        load: What to put.
        seconds: For how long.
        warm: Seconds in the beginning that do not count.
        lag: Events by which a subscription may be behind before it pauses; 0: any number.
        most: Requests in all; 0: any number.
        run: Tells this run's events from others'.
        key: The digits of the events' only key; empty: many keys.
    """

    url: str
    token: str = ""
    board: str
    subscriptions: int
    load: Load
    seconds: float
    warm: float = 0.0
    lag: int = 0
    most: int = 0
    run: int = 0
    key: str = ""


class Published(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        sent: Events that were sent.
        taken: Events that were acknowledged.
        refused: Why one was not, and how many; empty where all were.
        answered: From when a request was due to its answer, in milliseconds.
        late_us: By how much a request was sent later than it was due, at most, because no
            connection was free or this process was late.
    """

    sent: int
    taken: int
    refused: str
    answered: Percentiles | None
    late_us: int


class Publisher:
    """Sends what is due over whatever connection is free.

    Args:
        asked: What is asked for.
    """

    def __init__(self, asked: Publishing) -> None:
        self._asked = asked
        self._board = Board(Path(asked.board), asked.subscriptions)
        self._bodies = Bodies(asked.url, asked.token, asked.load.per_request, asked.run, asked.key)
        self._idle = [Connection(asked.url) for _ in range(asked.load.connections)]
        self._busy: dict[int, Connection] = {}
        self._pace: Steady | Saturating
        self._sent = self._taken = self._late = 0
        self._refusal = ""
        self._counted_from = 0
        self._answered = array("I")

    def run(self) -> Published:
        """Wait for the beginning, then put until the end, and until all is answered."""
        while not (begin := self._board.begin_us):
            select.select([], [], [], _MOST_WAIT)
        self._counted_from = begin + round(self._asked.warm * 1e6)
        end = begin + round(self._asked.seconds * 1e6)
        self._pace = self._paced(begin, end)
        last = end + _PATIENCE_US
        while (now := now_us()) < last and (self._busy or not self._pace.over(now)):
            self._send(now)
            wait = min(self._pace.wait(now_us()), _MOST_WAIT) if self._idle else _MOST_WAIT
            for number in select.select([*self._busy], [], [], wait)[0]:
                self._receive(number)
        if self._busy and not self._refusal:
            self._refusal = f"{len(self._busy)} requests were not answered"
        return Published(
            self._sent, self._taken, self._refusal, percentiles(self._answered), self._late
        )

    def _paced(self, begin: int, end: int) -> Steady | Saturating:
        load = self._asked.load
        if load.rate:
            return Steady(begin, end, 1e6 * load.per_request / load.rate)
        return Saturating(begin, end, self._board, self._asked.lag, self._asked.most)

    def _send(self, now: int) -> None:
        while self._idle and (due := self._pace.due(now)) is not None:
            connection = self._idle.pop()
            connection.send(self._bodies.next(due), due)
            self._busy[connection.number] = connection
            self._sent += self._asked.load.per_request
            if due >= self._counted_from:
                self._late = max(self._late, now - due)

    def _receive(self, number: int) -> None:
        connection = self._busy[number]
        answer = connection.receive()
        if answer is None:
            return
        del self._busy[number]
        self._idle.append(connection)
        head, body = answer
        taken = body.count(b'"event_id"') if head.startswith(_OK) else 0
        if taken < self._asked.load.per_request and not self._refusal:
            self._refusal = (head[:40] + b" " + body[:300]).decode(errors="replace")
        self._taken += taken
        self._board.taken = self._taken
        if connection.due_us >= self._counted_from:
            self._answered.append(now_us() - connection.due_us)


def main(text: str) -> None:
    """Publish as the text asks; what came of it goes to standard output."""
    publisher = Publisher(msgspec.json.decode(text, type=Publishing))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(msgspec.json.encode(publisher.run()).decode() + "\n")
