"""Rows that become exceptions, and what must not happen meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.operation import Operation

T = TypeVar("T")


class Moving:
    """Of loading delays, and of making exceptions of other rows, one at a time.

    A load might read what was committed and not yet told of, and count it twice. Belongs to the
    event loop.

    Attributes:
        lock: Held for as long as one of them is under way.
        check_open: Raises where the cursor is spent.
    """

    def __init__(self, committer: Committer, check_open: Callable[[], None]) -> None:
        """Nothing is moving.

        Args:
            committer: Who writes.
            check_open: Raises where the cursor is spent.
        """
        self._committer, self.check_open = committer, check_open
        self.lock = asyncio.Lock()

    async def submit(self, make: Callable[..., Operation[T]]) -> T:
        """Make rows exceptions, durably, when nothing else is moving.

        Cancelling it only stops waiting: what was submitted is carried out.

        Args:
            make: Makes the operation, given the ``lock``, which the operation lets go of when it
                has landed or failed.

        Raises:
            StorageFailed: The store could not make it durable.
            EngineError: The cursor is spent.
        """
        await self.lock.acquire()
        try:
            self.check_open()
            operation = make(lock=self.lock)
        except BaseException:
            self.lock.release()
            raise
        return await self._committer.submit(operation)
