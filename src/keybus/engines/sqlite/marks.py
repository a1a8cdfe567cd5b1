"""How far deliveries were handed out, so that a crash leaves known what may have been out."""

import asyncio
import logging
from collections.abc import Callable

from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.settlements import Place
from keybus.errors import EngineError

AHEAD = 1_000
"""Positions of the log that the mark stands ahead, so that not every delivery waits for it."""
_FETCHES_AHEAD = 4
"""So many fetches' worth where that is more."""

_MARK, _ENDED = query("mark_fetched"), query("mark_ended")
_log = logging.getLogger(__name__)

Due = tuple[int, int]
"""A place in the order of the exceptions: when it is due, and its position."""
NO_DUE: Due = (-1, -1)


class Mark(Operation[None]):
    """Whatever is up to here may have been handed out."""

    def __init__(self, place: Place, line: int, due: Due, then: Callable[[int, Due], None]) -> None:
        super().__init__()
        self._place, self._line, self._due, self._then = place, line, due, then

    def apply(self, transaction: Transaction) -> None:
        """Move the marks."""
        ledger = self._place.ledger
        if not ledger.removed:
            transaction.connection.execute(_MARK, (self._line, *self._due, ledger.subscription))

    def landed(self) -> None:
        """They stand."""
        self._then(self._line, self._due)

    def failed(self) -> None:
        """They may stand where they did."""


class Ended(Operation[None]):
    """Nothing is handed out any more: leases ended untried, in order."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def apply(self, transaction: Transaction) -> None:
        """Take the marks away."""
        transaction.connection.execute(_ENDED, (self._place.ledger.subscription,))

    def landed(self) -> None:
        """They are gone."""

    def failed(self) -> None:
        """They may stand: the next run is more careful than it need be."""


class Marks:
    """A subscription's marks. Belongs to the event loop.

    A mark is durable before anything beyond it is handed out. In the log it stands ahead and is
    moved in the background, so that deliveries hardly ever wait for it; of what was tried before,
    each fetch moves it. Where the disk fails, deliveries go on without.
    """

    def __init__(self, place: Place, committer: Committer, line: int) -> None:
        """Marks as they stood when the queue was opened.

        Args:
            place: The subscription's place.
            committer: Who writes.
            line: Up to where deliveries from the line may have been handed out by an earlier run.
        """
        self._place, self._committer = place, committer
        self._line, self._due = line, NO_DUE
        self._moving: asyncio.Future[None] | None = None
        self._ended = False

    async def reach(self, position: int, count: int, due: Due) -> None:
        """Deliveries up to here are about to be handed out.

        Args:
            position: The last one from the line; 0: none is.
            count: How many of them come from the line.
            due: The last one of the exceptions; `NO_DUE`: none is.
        """
        if self._ended:
            return
        ahead = max(AHEAD, _FETCHES_AHEAD * count)
        if position > self._line or due > self._due:
            try:
                await self._move(position, ahead, due)
            except EngineError as error:
                _log.warning("%s: what is out is not noted: %s", self._place.name, error)
        elif self._moving is None and position > self._line - max(AHEAD // 4, 2 * count):
            self._moving = self._move(position, ahead, due)
            self._moving.add_done_callback(self._moved)

    def end(self) -> None:
        """Leases end in order: after the next start nothing is known to have been out."""
        self._ended = True
        ended = self._committer.enqueue(Ended(self._place))
        ended.add_done_callback(_whatever)

    def _move(self, position: int, ahead: int, due: Due) -> "asyncio.Future[None]":
        line = max(self._line, position + ahead if position else 0)
        return self._committer.enqueue(Mark(self._place, line, max(due, self._due), self._stand))

    def _stand(self, line: int, due: Due) -> None:
        self._line, self._due = max(line, self._line), max(due, self._due)

    def _moved(self, moving: "asyncio.Future[None]") -> None:
        self._moving = None
        _whatever(moving)


def _whatever(moving: "asyncio.Future[None]") -> None:
    """Look at how it ended, so that nobody else has to."""
    if not moving.cancelled():
        moving.exception()
