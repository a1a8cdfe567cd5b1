"""Dead letters that wait at a desk, as far as it has read: known by their ids alone."""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Final

AHEAD: Final = 20_000
"""So many letters may wait behind others of their groups; then nothing more is read."""
Waiting = tuple[str, str]
"""A letter's id, and its group."""


class Lineup:
    """Which letters may go, the oldest first. Belongs to one event loop.

    A letter of a group waits while another one of that group is out; letters of no group wait for
    none.
    """

    def __init__(self) -> None:
        self._ids = set[str]()
        self._waiting: dict[str, list[str]] = {}
        self._first: list[Waiting] = []  # the first of each group that may go; some no longer may
        self._out: dict[str, int] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._ids)

    def __contains__(self, letter: str) -> bool:
        """Whether a letter waits."""
        return letter in self._ids

    def add(self, letters: Iterable[Waiting]) -> None:
        """Letters wait from now on; none of them does yet."""
        for letter, group in letters:
            self._ids.add(letter)
            waiting = self._waiting.setdefault(group, [])
            heappush(waiting, letter)
            if waiting[0] == letter:
                self._offer(group)

    def pick(self, most: int) -> list[Waiting]:
        """Letters that wait no more; several of a group only together, in order."""
        picked: list[Waiting] = []
        while len(picked) < most and self._first:
            letter, group = heappop(self._first)
            waiting = self._waiting.get(group)
            if not waiting or waiting[0] != letter or group in self._out:
                continue
            self._ids.remove(heappop(waiting))
            picked.append((letter, group))
            if waiting:
                self._offer(group)
            else:
                del self._waiting[group]
        return picked

    def went(self, group: str) -> None:
        """A letter of a group is out."""
        if group:
            self._out[group] = self._out.get(group, 0) + 1

    def came(self, group: str) -> None:
        """A letter of a group is out no more."""
        if not group:
            return
        self._out[group] -= 1
        if not self._out[group]:
            del self._out[group]
            self._offer(group)

    def _offer(self, group: str) -> None:
        if group not in self._out and (waiting := self._waiting.get(group)):
            heappush(self._first, (waiting[0], group))
