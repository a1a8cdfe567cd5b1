"""What a cursor's user may ask of its queue's dead letters."""

from collections.abc import AsyncIterator, Callable, Sequence

from keybus.bus.dead_letters.letters import DeadLetter, LetterChoice, LetterSummary
from keybus.clock import Clock
from keybus.engines.memory.queue import Queue
from keybus.steady import SteadyTime


class MemoryDeadLetters:
    """The dead letters of a cursor's queue. Belongs to one event loop; nothing in it waits.

    Args:
        queue: The queue.
        clock: What the time is.
        time: What deliveries are due by.
        check_open: Raises where the cursor is spent.
        changed: Called when something became deliverable.
    """

    def __init__(
        self,
        queue: Queue,
        clock: Clock,
        time: SteadyTime,
        check_open: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self._queue, self._clock, self._time = queue, clock, time
        self._check_open, self._changed = check_open, changed

    async def each(self) -> AsyncIterator[DeadLetter]:
        """All of them, oldest first."""
        for letter in await self.page(LetterChoice(), len(self._queue.letters)):
            yield letter

    async def page(self, choice: LetterChoice, limit: int) -> Sequence[DeadLetter]:
        """The first of those that are meant."""
        self._check_open()
        return self._queue.letters.chosen(choice, limit)

    async def summary(self, choice: LetterChoice) -> LetterSummary:
        """What is meant, counted."""
        self._check_open()
        return self._queue.letters.summary(choice)

    async def count(self, choice: LetterChoice) -> int:
        """How many are meant."""
        self._check_open()
        return len(self._queue.letters.chosen(choice))

    async def redrive(self, choice: LetterChoice, limit: int) -> int:
        """Make the first of those that are meant deliverable again."""
        self._check_open()
        now, at = self._time.now(), self._clock.time_us()
        count = self._queue.redrive(choice, limit, now=now, at=at)
        self._changed()
        return count

    async def purge(self, choice: LetterChoice, limit: int) -> int:
        """Delete the first of those that are meant."""
        self._check_open()
        return len(self._queue.letters.take(choice, limit))
