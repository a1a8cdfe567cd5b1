"""How a subscription's leases come to their ends."""

from collections.abc import Sequence

from keybus.bus.dead_letters.letters import EXPIRED
from keybus.clock import Clock
from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.dead_letters import SqliteDeadLetters
from keybus.engines.sqlite.delays import Delay
from keybus.engines.sqlite.ledger import Retried
from keybus.engines.sqlite.moving import Moving
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.queue import Queue
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.settlements import (
    Ack,
    Begin,
    Burial,
    Bury,
    Epitaph,
    Expire,
    Place,
    Retry,
)
from keybus.steady import SteadyTime

_LAST_BEFORE = query("last_before")


class Settling:
    """One subscription's settlements, each made here and submitted at once.

    Nothing may wait between the two: the ledger hears of what was taken from the line with the
    next settlement that is submitted, in the order in which they are made. Belongs to the event
    loop.
    """

    def __init__(
        self,
        place: Place,
        *,
        queue: Queue,
        letters: SqliteDeadLetters,
        moving: Moving,
        committer: Committer,
        reader: Reader,
        clock: Clock,
        time: SteadyTime,
    ) -> None:
        """The settlements of a cursor.

        Args:
            place: The subscription's place.
            queue: Where what is tried again comes back to.
            letters: The dead letters.
            moving: Says whether the cursor is spent.
            committer: Who writes.
            reader: Who reads.
            clock: What the time is.
            time: What deliveries are due by.
        """
        self._place, self._leases = place, place.leases
        self._queue, self._letters, self._check_open = queue, letters, moving.check_open
        self._committer, self._reader = committer, reader
        self._clock, self._time = clock, time

    async def ack(self, positions: Sequence[int]) -> None:
        """Handled."""
        if taken := self._leases.settle(positions):
            await self._committer.submit(Ack(self._place, taken))

    async def retry(
        self, position: int, delay: float, reason: str, group: str, *, alone: bool
    ) -> None:
        """An attempt failed; there will be another after ``delay`` seconds."""
        if taken := self._leases.settle([position]):
            attempts, wait = taken[position].attempt, round(delay * 1_000_000)
            retried = self._retried(position, attempts, wait, reason, group, alone=alone)
            again = Delay(retried.due_at, position, attempts, group, int(alone))
            await self._committer.submit(
                Retry(self._place, taken, retried, lambda: self._queue.delay([again]))
            )

    async def begin(self, position: int, reason: str) -> None:
        """An attempt is about to be made by itself; it is counted now."""
        if taken := self._leases.settle([position]):
            hold = taken[position]
            begun = self._retried(position, hold.attempt, 0, reason, hold.group, alone=True)
            await self._committer.submit(Begin(self._place, taken, begun))

    async def bury(self, position: int, reason: str, cause: str, *, tried: bool) -> None:
        """There will be no more attempts."""
        if position not in self._leases:
            return
        # Read here, so that no commit waits for it.
        [event] = await self._queue.events([position], kept=1)
        self._check_open()
        if taken := self._leases.settle([position]):
            attempt = taken[position].attempt
            burial = Burial(event, attempt if tried else attempt - 1, failed=tried)
            epitaph = Epitaph(cause, reason, self._clock.time_us())
            await self._committer.submit(
                Bury(self._place, taken, [burial], epitaph, self._letters.gain)
            )

    async def expire(self, before: int, reason: str, limit: int) -> int:
        """Bury what is too old and in nobody's hands; how many that were.

        Whole segments of the log are too old, or not: whether there are any takes one look into
        an index, and nothing of what is younger is read.
        """
        rows = await self._reader.rows(_LAST_BEFORE, (before,))
        if not rows:
            return 0
        old = await self._queue.lease_old(int(rows[0][0]), before, limit)
        if not old:
            return 0
        taken = self._leases.settle([each.position for each in old])
        burials = [Burial(each, each.attempt - 1, failed=False) for each in old]
        epitaph = Epitaph(EXPIRED, reason, self._clock.time_us())
        gain, back = self._letters.gain, self._queue.release
        await self._committer.submit(
            Expire(self._place, taken, burials, epitaph, then=gain, back=back)
        )
        return len(old)

    def _retried(
        self, position: int, attempts: int, wait: int, reason: str, group: str, *, alone: bool
    ) -> Retried:
        return Retried(
            position=position,
            attempts=attempts,
            due_at=self._time.now() + wait,
            delay=wait,
            noted_at=self._clock.time_us(),
            reason=reason,
            group=group,
            alone=alone,
        )
