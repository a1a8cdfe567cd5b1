"""Removing a subscription: its name at once, and what it leaves behind by and by."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.ledger import Ledger
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.queries import query
from keybus.errors import EngineError, StorageFailed

SWEEP_ROWS = 1_000
"""Rows of each table that are deleted in one transaction."""

_DELETE, _NOTE = query("delete_subscription"), query("insert_removed")
_DONE = query("delete_removed")
_SWEEPS = (
    query("sweep_matches"),
    query("sweep_exceptions"),
    query("sweep_held"),
    query("sweep_redriven"),
    query("sweep_dead_letters"),
)

_log = logging.getLogger(__name__)


class Remove(Operation[None]):
    """Takes a subscription's name away, where there is one of that name.

    Alone in its transaction: whatever is committed after it knows that the name is gone.
    """

    alone = True

    def __init__(
        self,
        name: str,
        ledger: Ledger | None,
        *,
        then: Callable[[str, int | None], None],
        ended: Callable[[], None],
    ) -> None:
        """Remove it.

        Args:
            name: The subscription's name.
            ledger: Its durable place, where it is open.
            then: Called on the loop, with its name and id, when it is gone.
            ended: Called on the loop when it has landed or failed.
        """
        super().__init__()
        self._name, self._ledger = name, ledger
        self._then, self._ended = then, ended
        self._subscription: int | None = None

    def apply(self, transaction: Transaction) -> None:
        """Take the name away, and note what is left."""
        self._subscription = transaction.connection.execute(_DELETE, (self._name,)).get
        if self._subscription is not None:
            transaction.connection.execute(_NOTE, (self._subscription,))
            transaction.log.name(self._name, None)
        if self._ledger is not None:
            transaction.ledger(self._ledger).remove()

    def landed(self) -> None:
        """Forget it."""
        self._ended()
        self._then(self._name, self._subscription)

    def failed(self) -> None:
        """It stands as before."""
        self._ended()


class _Sweep(Operation[bool]):
    """Deletes some of what a removed subscription left; whether there may be more."""

    def __init__(self, subscription: int) -> None:
        super().__init__()
        self._subscription = subscription
        self._more = True

    def apply(self, transaction: Transaction) -> None:
        """Delete a page of each table."""
        connection, deleted = transaction.connection, 0
        for sweep in _SWEEPS:
            connection.execute(sweep, (self._subscription, SWEEP_ROWS))
            deleted = max(deleted, connection.changes())
        self._more = deleted == SWEEP_ROWS
        if not self._more:
            connection.execute(_DONE, (self._subscription,))

    def landed(self) -> bool:
        """Whether there may be more."""
        return self._more


class Sweeper:
    """Deletes what removed subscriptions left, a page at a time, between the commits of others.

    What it does not come to is swept when the store is opened again. Belongs to the event loop.
    """

    def __init__(self, committer: Committer, left: Iterable[int]) -> None:
        """Sweep up.

        Args:
            committer: Who writes.
            left: Removed subscriptions of earlier runs, by their ids.
        """
        self._committer = committer
        self._tasks = set[asyncio.Task[None]]()
        for subscription in left:
            self.sweep(subscription)

    def sweep(self, subscription: int) -> None:
        """Begin to sweep up after a subscription, by its id."""
        task = asyncio.create_task(self._sweep(subscription), name="keybus sweep")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ended(self) -> None:
        """Until nothing is being swept; after the committer was stopped that is soon."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _sweep(self, subscription: int) -> None:
        try:
            while await self._committer.submit(_Sweep(subscription)):
                pass
        except StorageFailed as error:
            _log.warning("what a removed subscription left stays until the next start: %s", error)
        except EngineError:
            pass  # closed
