"""A subscription's place in a log that is gone with the process."""

from collections.abc import AsyncIterator, Sequence

from keybus.bus.dead_letters.letters import REJECTED, DeadLetter
from keybus.bus.engine import CursorState, Delivery, Group, Held, Status
from keybus.clock import Clock
from keybus.engines.alarm import Alarm
from keybus.engines.limits import check_cause, check_delay, check_group, check_reason
from keybus.engines.memory.dead_letters import MemoryDeadLetters
from keybus.engines.memory.queue import Queue, Try
from keybus.errors import EngineError
from keybus.steady import SteadyTime


class MemoryCursor:
    """Whoever uses a queue holds its cursor; the queue outlives it.

    Belongs to one event loop; nothing in it waits but ``fetch``.
    """

    def __init__(self, name: str, queue: Queue, clock: Clock, time: SteadyTime) -> None:
        self._name, self._queue = name, queue
        self._clock, self._time = clock, time
        self._alarm = Alarm(clock, time)
        self._letters = MemoryDeadLetters(queue, clock, time, self._check_open, self._alarm.ring)
        self._fetching = False
        self._spent: EngineError | None = None

    @property
    def name(self) -> str:
        """The subscription's name."""
        return self._name

    @property
    def filled(self) -> int | None:
        """Up to which position it is filled from the log; None: it is whole."""
        return self._queue.filled

    async def fill(self, positions: Sequence[int], through: int, *, whole: bool = False) -> None:
        """Add positions of the past to a queue that is not whole."""
        self._check_open()
        if self._queue.filled is not None:
            self._queue.fill(positions, through, whole=whole)
            self._alarm.ring()

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        """Lease up to ``limit`` deliveries, in log order but for those whose retry is due.

        Waits until there is at least one. Cancelling it leases nothing.

        Raises:
            EngineError: The cursor is spent, or another fetch is waiting.
        """
        if self._fetching:
            raise EngineError(f"subscription {self._name!r} is being fetched from already")
        self._fetching = True
        try:
            while True:
                self._check_open()
                if deliveries := self._queue.lease(limit, self._time.now()):
                    return deliveries
                await self._alarm.wait(self._queue.next_due)
        finally:
            self._fetching = False

    async def ack(self, positions: Sequence[int]) -> None:
        """Settle deliveries as handled."""
        self._check_open()
        for position in positions:
            if self._queue.settle(position) is not None:
                self._queue.forget(position)

    async def retry(
        self, position: int, *, delay: float, reason: str, group: str = "", alone: bool = False
    ) -> None:
        """Count a failed attempt, and deliver again after ``delay`` seconds."""
        self._check_open()
        check_delay(delay)
        check_reason(reason)
        check_group(group)
        tried = self._queue.settle(position)
        if tried is not None:
            self._queue.failed(position, self._clock.time_us(), reason)
            due_at = self._time.now() + round(delay * 1_000_000)
            self._queue.delay(position, Try(tried.attempt + 1, group, alone), due_at)
            self._alarm.ring()

    async def begin(self, position: int, *, reason: str) -> None:  # noqa: ARG002 - nobody outlives the process to read it
        """Nothing is left where the process dies, so nothing has to be counted."""
        self._check_open()
        check_reason(reason)

    async def bury(
        self, position: int, *, reason: str, cause: str = REJECTED, tried: bool = True
    ) -> None:
        """Move the delivery to the dead letters."""
        self._check_open()
        check_reason(reason)
        check_cause(cause)
        last = self._queue.settle(position)
        if last is not None:
            now = self._clock.time_us()
            if tried:
                self._queue.failed(position, now)
            attempts = last.attempt if tried else last.attempt - 1
            self._queue.bury(position, attempts, cause=cause, reason=reason, at=now)

    async def expire(self, before: int, *, reason: str, limit: int) -> int:
        """Bury what is too old; how many deliveries that were."""
        self._check_open()
        check_reason(reason)
        return self._queue.expire(
            before, reason=reason, limit=limit, now=self._time.now(), at=self._clock.time_us()
        )

    async def hold(self, positions: Sequence[int], *, reason: str, group: str = "") -> None:
        """Put deliveries aside, and count no attempt."""
        self._check_open()
        check_reason(reason)
        check_group(group)
        for position in positions:
            tried = self._queue.settle(position)
            if tried is not None:
                again = Try(tried.attempt, group)
                self._queue.hold(position, again, reason, self._clock.time_us())

    async def unhold(self, group: str | None = None, limit: int | None = None) -> int:
        """Make what is held deliverable again; how many there were."""
        self._check_open()
        count = self._queue.unhold(self._time.now(), group, limit)
        self._alarm.ring()
        return count

    async def groups(self) -> Sequence[Group]:
        """The groups that have deliveries which were tried again or are held."""
        self._check_open()
        return self._queue.groups()

    async def reached(self) -> int:
        """A position up to which there is nothing more to be fetched that could be fetched now."""
        self._check_open()
        return self._queue.reached(self._time.now())

    async def held(self) -> AsyncIterator[Held]:
        """All held deliveries, in log order."""
        self._check_open()
        for each in self._queue.held():
            yield each

    async def status(self, position: int) -> Status:
        """How the delivery of one event stands."""
        self._check_open()
        return self._queue.status(position, self._time.now())

    async def oldest(self) -> int:
        """When the first delivery was ingested that is neither settled nor held; 0: none is."""
        self._check_open()
        return self._queue.oldest()

    async def release(self, positions: Sequence[int]) -> None:
        """Hand leases back untried, to be delivered again at once."""
        if self._spent is None:
            self._queue.release(positions)
            self._alarm.ring()

    async def state(self) -> CursorState:
        """How the subscription stands now."""
        self._check_open()
        return self._queue.state(self._time.now())

    async def dead_letters(self) -> AsyncIterator[DeadLetter]:
        """All dead letters, oldest first."""
        self._check_open()
        async for letter in self._letters.each():
            yield letter

    @property
    def letters(self) -> MemoryDeadLetters:
        """The dead letters, to be chosen from, redriven and purged."""
        return self._letters

    def feed(self) -> None:
        """Something was appended to the queue; for the engine."""
        self._alarm.ring()

    def spend(self, why: EngineError) -> None:
        """No more deliveries: whoever uses it is told so. For the engine."""
        self._spent = why
        self._alarm.ring()

    def _check_open(self) -> None:
        if self._spent is not None:
            raise EngineError(*self._spent.args, hint=self._spent.hint)
