"""Dead letters in the store: chosen by the page, counted by kind, redriven and purged."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial

from keybus.bus.dead_letters.letters import DeadLetter, LetterChoice, LetterSummary
from keybus.bus.engine import Delivery
from keybus.clock import Clock
from keybus.engines.sqlite import letter_rows as rows
from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.held import Back
from keybus.engines.sqlite.moving import Moving
from keybus.engines.sqlite.opening import Opened
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.settlements import Place
from keybus.steady import SteadyTime

LETTER_PAGE = 1_000
"""Letters that are moved or deleted in one transaction: so many hold up others' commits little."""

_REVIVE, _KEEP, _DELETE = query("revive"), query("keep_bytes"), query("delete_dead_letter")
_READ = 256


class SqliteDeadLetters:
    """One subscription's dead letters. Belongs to the event loop.

    Attributes:
        count_now: How many there are.
        any_redriven: Whether deliveries may have been dead letters before.
    """

    def __init__(
        self,
        place: Place,
        *,
        committer: Committer,
        reader: Reader,
        clock: Clock,
        time: SteadyTime,
        moving: Moving,
        check_open: Callable[[], None],
        come_back: Callable[[Back], None],
        opened: Opened,
    ) -> None:
        """The dead letters of a cursor.

        Args:
            place: The subscription's place.
            committer: Who writes.
            reader: Who reads.
            clock: What the time is.
            time: What deliveries are due by.
            moving: Nobody loads delays while rows become exceptions.
            check_open: Raises where the cursor is spent.
            come_back: Told of dead letters that are among the exceptions now.
            opened: How the subscription stood.
        """
        self._place, self._id = place, place.ledger.subscription
        self._committer, self._reader, self._moving = committer, reader, moving
        self._clock, self._time = clock, time
        self._check_open, self._come_back = check_open, come_back
        self.count_now, self.any_redriven = opened.dead, opened.redriven

    async def each(self) -> AsyncIterator[DeadLetter]:
        """All of them, oldest first.

        Raises:
            StorageFailed: The store could not be read.
        """
        choice = LetterChoice()
        while letters := await self.page(choice, _READ):
            for letter in letters:
                yield letter
            choice = LetterChoice(after=letters[-1].id)

    async def page(self, choice: LetterChoice, limit: int) -> Sequence[DeadLetter]:
        """The first of those that are meant.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()

        return await self._reader.snapshot(lambda c: rows.letters(c, self._id, choice, limit))

    async def summary(self, choice: LetterChoice) -> LetterSummary:
        """What is meant, counted: a row is read for each kind, or for each of the ids.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        return await self._reader.snapshot(lambda c: rows.summary(c, self._id, choice))

    async def count(self, choice: LetterChoice) -> int:
        """How many are meant: an index's entry is read for each.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        return await self._reader.snapshot(lambda c: rows.count(c, self._id, choice))

    async def redrive(self, choice: LetterChoice, limit: int) -> int:
        """Make the first of those that are meant deliverable again; how many they were.

        Raises:
            StorageFailed: It is unknown whether they were.
        """
        return await self._moving.submit(
            partial(
                _Redrive,
                self._place,
                choice,
                min(limit, LETTER_PAGE),
                due_at=self._time.now(),
                noted_at=self._clock.time_us(),
                then=self._redriven,
            )
        )

    async def purge(self, choice: LetterChoice, limit: int) -> int:
        """Delete the first of those that are meant; how many they were.

        Raises:
            StorageFailed: It is unknown whether they were.
        """
        self._check_open()
        return await self._committer.submit(
            _Purge(self._place, choice, min(limit, LETTER_PAGE), self.lose)
        )

    async def redriven(self, positions: Sequence[int]) -> Mapping[int, Delivery]:
        """Those of some deliveries that were dead letters before; without a look where none was."""
        if not (positions and self.any_redriven):
            return {}
        found = await self._reader.snapshot(lambda c: list(rows.redriven(c, self._id, positions)))
        return {each.position: each for each in found}

    async def redriven_at(self, positions: Sequence[int]) -> Mapping[int, int]:
        """When those of some deliveries that were dead letters before were redriven last."""
        if not (positions and self.any_redriven):
            return {}
        return await self._reader.snapshot(lambda c: rows.redriven_at(c, self._id, positions))

    def gain(self, count: int) -> None:
        """So many were buried."""
        self.count_now += count

    def lose(self, count: int) -> None:
        """So many are gone."""
        self.count_now -= count

    def _redriven(self, back: Back) -> None:
        self.any_redriven = True
        self.lose(back.freed)
        self._come_back(back)


class _Redrive(Operation[int]):
    """Dead letters become exceptions that are due.

    Alone in its transaction, as what brings held deliveries back is: a delivery that is buried in
    the same one loses its exception's row only when that is written.
    """

    alone = True

    def __init__(
        self,
        place: Place,
        choice: LetterChoice,
        limit: int,
        *,
        due_at: int,
        noted_at: int,
        then: Callable[[Back], None],
        lock: asyncio.Lock,
    ) -> None:
        super().__init__()
        self._place, self._choice, self._limit = place, choice, limit
        self._due_at, self._noted_at = due_at, noted_at
        self._then, self._lock = then, lock
        self._back: Back | None = None

    def apply(self, transaction: Transaction) -> None:
        """Move a page of them."""
        self._place.check()
        self._back = None
        connection = transaction.connection
        page = rows.chosen(connection, self._place.ledger.subscription, self._choice, self._limit)
        if not page:
            return
        before = connection.total_changes()
        connection.executemany(
            _REVIVE, [(self._due_at, self._noted_at, number) for number, _ in page]
        )
        count = connection.total_changes() - before
        connection.executemany(_KEEP, [(self._noted_at, number) for number, _ in page])
        connection.executemany(_DELETE, [(number,) for number, _ in page])
        positions = [position for _, position in page]
        self._back = Back(min(positions), max(positions), self._due_at, len(page), count)

    def landed(self) -> int:
        """They are among the delays."""
        self._lock.release()
        if self._back is None:
            return 0
        self._then(self._back)
        return self._back.freed

    def failed(self) -> None:
        """They are dead letters as before."""
        self._lock.release()


class _Purge(Operation[int]):
    """Dead letters are deleted."""

    def __init__(
        self, place: Place, choice: LetterChoice, limit: int, then: Callable[[int], None]
    ) -> None:
        super().__init__()
        self._place, self._choice, self._limit, self._then = place, choice, limit, then
        self._count = 0

    def apply(self, transaction: Transaction) -> None:
        """Delete a page of them."""
        self._place.check()
        connection = transaction.connection
        page = rows.chosen(connection, self._place.ledger.subscription, self._choice, self._limit)
        connection.executemany(_DELETE, [(number,) for number, _ in page])
        self._count = len(page)

    def landed(self) -> int:
        """They are gone."""
        self._then(self._count)
        return self._count

    def failed(self) -> None:
        """They stand."""
