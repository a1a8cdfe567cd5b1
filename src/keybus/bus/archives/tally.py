"""How much is in an archive, day by day, as far as the log was looked through."""

from collections.abc import Mapping

import msgspec

from keybus.bus.archives.archive import DAY_US, NamedArchive

Days = dict[int, tuple[int, int]]
"""Events, and bytes of their envelopes, by the day since the Unix epoch."""


class Counted(msgspec.Struct, frozen=True):
    """How much is in an archive, to a day.

    Attributes:
        events: How many events.
        size: Bytes of their envelopes.
    """

    events: int
    size: int


class Kept(msgspec.Struct, frozen=True):
    """A tally as it is kept.

    Attributes:
        pattern: The pattern by which was counted.
        created_us: When the archive was made that was counted.
        through: The position of the log up to which was looked.
        days: What was found.
    """

    pattern: str
    created_us: int
    through: int
    days: Mapping[int, tuple[int, int]]


class Tally:
    """The tally of one archive.

    Args:
        archive: Of which.
        kept: What was counted in an earlier run, where it is of the same archive.

    Attributes:
        through: The position of the log up to which was looked.
        is_kept: Whether the store has it as it is.
    """

    def __init__(self, archive: NamedArchive, kept: Kept | None = None) -> None:
        self._of = archive.pattern, archive.created_us
        self.through, self.is_kept = 0, kept is not None
        self._days: Days = {}
        if kept is not None and self._of == (kept.pattern, kept.created_us):
            self.through, self._days = kept.through, dict(kept.days)

    def is_of(self, archive: NamedArchive) -> bool:
        """Whether it counts what is in an archive, as that one is now."""
        return self._of == (archive.pattern, archive.created_us)

    def add(self, ingested_at: int, size: int) -> None:
        """Count an event: when the bus took it, and the bytes of its envelope."""
        day = ingested_at // DAY_US
        events, total = self._days.get(day, (0, 0))
        self._days[day] = events + 1, total + size
        self.is_kept = False

    def reach(self, position: int) -> None:
        """It was looked through up to a position."""
        self.is_kept = self.is_kept and position == self.through
        self.through = position

    def forget(self, before: int) -> None:
        """Forget days that have ended before a time: their events are in the log no more."""
        for day in [each for each in self._days if (each + 1) * DAY_US <= before]:
            del self._days[day]
            self.is_kept = False

    def counted(self, since: int) -> Counted:
        """How much was taken since a time, in microseconds since the Unix epoch; to a day."""
        days = [each for day, each in self._days.items() if (day + 1) * DAY_US > since]
        return Counted(sum(events for events, _ in days), sum(size for _, size in days))

    def kept(self) -> Kept:
        """It, as it is kept."""
        pattern, created_us = self._of
        return Kept(pattern, created_us, self.through, dict(self._days))
