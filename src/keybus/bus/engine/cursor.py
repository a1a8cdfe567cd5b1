"""A subscription's place in the log, as an engine's protocol has it."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from keybus.bus.dead_letters.letters import REJECTED, DeadLetter, Letters
from keybus.bus.engine.delivery import CursorState, Delivery, Group, Held, Status


class Cursor(Protocol):
    """A subscription's durable place in the log.

    A delivery that was fetched is leased to the caller, in memory, until it is settled by
    exactly one of ``ack``, ``retry``, ``bury``, ``hold`` or ``release``; settling one that is
    not leased does nothing. After a restart every delivery that was not durably settled comes
    again.

    Where settling raises ``StorageFailed``, the delivery is leased as before, and it is unknown
    whether the settlement was kept. It may be settled again: at worst an attempt counts, or a
    dead letter stands, twice.

    A cursor is spent when its queue was closed or removed, or the engine closed: a fetch that
    waits ends, and everything but ``release``, which then does nothing, raises ``EngineError``.
    Safe for use from one event loop.
    """

    @property
    def name(self) -> str:
        """The subscription's name."""
        ...

    @property
    def filled(self) -> int | None:
        """Up to which position of the log it is filled, where it was made to begin in the past.

        None: it is whole. Until then nothing can be fetched, and nothing expires.
        """
        ...

    async def fill(self, positions: Sequence[int], through: int, *, whole: bool = False) -> None:
        """Add positions of the past, durably, to a queue that is not whole.

        Whoever fills it goes through the log in order, from `filled` on, and up to where every
        later append says itself that it matches. What is there already is not added twice. An
        engine that works the match set out itself never has a queue that is not whole.

        Args:
            positions: What matches; they grow.
            through: Everything up to this position was looked at.
            whole: Nothing is left to fill: deliveries begin, in log order.

        Raises:
            StorageFailed: It is unknown whether they were added; they may be added again.
        """
        ...

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        """Lease up to ``limit`` deliveries, in log order but for those whose retry is due.

        Waits until there is at least one. Cancelling it leases nothing. One fetch at a time.
        """
        ...

    async def ack(self, positions: Sequence[int]) -> None:
        """Settle deliveries as handled; durable on return."""
        ...

    async def retry(
        self, position: int, *, delay: float, reason: str, group: str = "", alone: bool = False
    ) -> None:
        """Count a failed attempt, durably, and deliver again after ``delay`` seconds.

        The delay is measured on the monotonic clock; over a restart on the wall clock, but it
        is never longer from there than it was at first.

        Args:
            position: Of the delivery.
            delay: Seconds.
            reason: Why it failed.
            group: The group whose order it belongs to.
            alone: It shall be delivered by itself; what is fetched says so.

        Raises:
            EngineError: The delay is not finite, negative or longer than a year, the reason is
                no Unicode text, or the group's name none of at most `MAX_GROUP` characters.
        """
        ...

    async def begin(self, position: int, *, reason: str) -> None:
        """Count, durably, the attempt that is about to be made; the delivery stays leased.

        Where the process dies with it, the attempt has failed. Settling it in any way counts
        nothing twice. What was not leased is passed over.

        Args:
            position: Of the delivery.
            reason: Why it will have failed, if nobody says more.

        Raises:
            EngineError: The reason is no Unicode text.
        """
        ...

    async def bury(
        self, position: int, *, reason: str, cause: str = REJECTED, tried: bool = True
    ) -> None:
        """Move the delivery to the dead letters, durably.

        Args:
            position: The delivery's.
            reason: Why, in words.
            cause: Why, as a stable code: words in lower case, joined by hyphens or dots.
            tried: Count a failed attempt.

        Raises:
            EngineError: The reason is no Unicode text, or the cause is no code.
        """
        ...

    async def expire(self, before: int, *, reason: str, limit: int) -> int:
        """Bury what is too old, with the cause ``expired``; how many deliveries that were.

        That is what was ingested before a time, and was not redriven since, whether it was ever
        fetched or not; but nothing that is leased, held, or delayed. No attempt is counted, and
        nothing is looked at that is not to be buried. An engine may leave what stands in the log
        right before something younger to a later call.

        What `groups` has counted may be among it: not to be called by whoever waits for that.

        Args:
            before: Microseconds since the Unix epoch.
            reason: Why, in words.
            limit: At most so many; where as many were buried, there may be more.
        """
        ...

    async def hold(self, positions: Sequence[int], *, reason: str, group: str = "") -> None:
        """Put deliveries aside, durably, and count no attempt.

        They are not delivered until ``unhold``. They hold up nothing, and cost no memory,
        however many there are and for however long.

        Args:
            positions: Of the deliveries.
            reason: Why; `ORDER` where they wait behind an earlier one of their group.
            group: The group whose order they belong to.

        Raises:
            EngineError: The reason is no Unicode text, or the group's name none of at most
                `MAX_GROUP` characters.
        """
        ...

    async def unhold(self, group: str | None = None, limit: int | None = None) -> int:
        """Make what is held deliverable again, durably; how many there were.

        They are due at once, in log order among themselves, with the attempt and the group that
        each was held with. What is held while this runs may be among them, or stay held.

        Without a limit it works in parts. Where it raises, or is cancelled, some may be
        deliverable and the others are held as before; calling it again goes on with those.

        Args:
            group: Only of this group; empty: only what has none; None: everything.
            limit: Only so many, the first in the log; with a group only.

        Returns:
            How many are deliverable now that were not. With a limit: 0 where none is held, and
            else at least one.
        """
        ...

    async def groups(self) -> Sequence[Group]:
        """The groups that have deliveries which were tried again or are held.

        Asked before the first fetch: it tells which groups are blocked from an earlier run.
        """
        ...

    async def reached(self) -> int:
        """A position up to which there is nothing more to be fetched that could be fetched now.

        After a restart, what was out comes for the first time once more; whoever keeps order has
        to know when the last of it has come, before it goes on with what is later in the log.
        """
        ...

    def held(self) -> AsyncIterator[Held]:
        """All held deliveries, in log order."""
        ...

    async def status(self, position: int) -> Status:
        """How the delivery of one event stands; cheap, however much is in the queue."""
        ...

    async def oldest(self) -> int:
        """When the first delivery was ingested that is neither settled nor held.

        In microseconds since the Unix epoch; 0 where there is none. Cheap, however many there are.
        """
        ...

    async def release(self, positions: Sequence[int]) -> None:
        """Hand leases back untried, to be delivered again at once."""
        ...

    async def state(self) -> CursorState:
        """How the subscription stands now."""
        ...

    def dead_letters(self) -> AsyncIterator[DeadLetter]:
        """All dead letters, oldest first."""
        ...

    @property
    def letters(self) -> Letters:
        """The dead letters, to be chosen from, redriven and purged."""
        ...
