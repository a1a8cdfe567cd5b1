"""How far back a log's newest events reach: for so long, and to so many."""

from collections import deque
from typing import Final, NamedTuple

_STEP: Final = 1.0
_PARTS: Final = 64


class _Group(NamedTuple):
    """Events that leave the window together.

    Attributes:
        ended: When the last of them was added.
        position: Of that one, in the log.
        total: How many were added up to it, since the beginning.
    """

    ended: float
    position: int
    total: int


class Window:
    """Says which positions of a log are of the last seconds, and of its newest events.

    Events leave it in groups of a second, or of a 64th of the limit: none is let go before its
    time, unless there are too many, and each within a second after it. Times are of a clock that
    never goes back.

    Attributes:
        floor: The last position that is not in it; 0: everything is.
        crowded: Whether it reaches less far back than it should, since there are too many events.

    Args:
        seconds: How far it reaches back.
        limit: How many events it has at most, but for a group.
    """

    def __init__(self, seconds: float, limit: int) -> None:
        self._seconds, self._limit = seconds, limit
        self._size = max(1, limit // _PARTS)
        self._groups: deque[_Group] = deque()
        self.floor, self._left_at, self._left = 0, float("-inf"), 0
        # The group that still grows, as a tuple would be: this is touched by every append.
        self._began = self._ended = float("-inf")
        self._position = self._total = self._before = 0
        self.crowded = False

    def add(self, now: float, position: int, count: int) -> bool:
        """Events were appended.

        Args:
            now: When; no earlier than those before.
            position: Of the last of them.
            count: How many.

        Returns:
            Whether a group began, so that it is time to `move`.
        """
        begins = now - self._began >= _STEP or self._total - self._before >= self._size
        if begins:
            self._close()
            self._began = now
        self._ended, self._position = now, position
        self._total += count
        return begins

    def move(self, now: float) -> None:
        """Let go of what is too old, or too much."""
        oldest = now - self._seconds
        if self._ended < oldest:
            self._close()
        while self._groups and (
            self._groups[0].ended < oldest or self._total - self._left > self._limit
        ):
            self._left_at, self.floor, self._left = self._groups.popleft()
        self.crowded = self._left_at >= oldest

    def reach(self, now: float) -> float:
        """How many seconds it reaches back."""
        return min(self._seconds, now - self._left_at)

    def _close(self) -> None:
        """Let nothing more into the group that grows."""
        if self._total > self._before:
            self._groups.append(_Group(self._ended, self._position, self._total))
            self._before, self._began = self._total, float("-inf")
