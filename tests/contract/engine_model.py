"""One queue of an engine, as simply as it can be said: what its histories are compared with."""

from collections.abc import Iterable

from keybus.bus.engine import Group


class Model:
    """One subscription's queue.

    Attributes:
        attempts: Of everything that is not settled, the attempts that failed.
        due: When what was tried again may be fetched.
        leased: What is out.
        held: Whether each that is held is held for order.
        groups: Of everything that was tried again or held.
        dead: Dead letters: the position and the attempts of each.
        redriven: Of everything that is not settled, what was a dead letter before.
        filled: Up to which position it is filled from the log; None: it is whole.
    """

    def __init__(self) -> None:
        self.attempts: dict[int, int] = {}
        self.due: dict[int, int] = {}
        self.leased: set[int] = set()
        self.held: dict[int, bool] = {}
        self.groups: dict[int, str] = {}
        self.dead: list[tuple[int, int]] = []
        self.redriven: set[int] = set()
        self.filled: int | None = None

    def available(self, now: int) -> list[int]:
        if self.filled is not None:
            return []
        return [
            position
            for position in sorted(self.attempts)
            if position not in self.leased | self.held.keys() and self.due.get(position, 0) <= now
        ]

    def settle(self, position: int) -> int:
        self.leased.discard(position)
        self.due.pop(position, None)
        self.groups.pop(position, None)
        self.redriven.discard(position)
        return self.attempts.pop(position)

    def named(self) -> list[Group]:
        found = []
        for name in sorted(set(self.groups.values()) - {""}):
            of_it = {position for position, each in self.groups.items() if each == name}
            held, returning = of_it & self.held.keys(), of_it - self.held.keys()
            returning -= self.leased
            if not (held or returning):
                continue
            first = min(held, default=0)
            found.append(Group(name, len(returning), max(of_it), first))
        return found

    def standing(self, now: int) -> tuple[int, int, int, int]:
        aside = {position for position, ordered in self.held.items() if not ordered}
        waiting = self.attempts.keys() - self.leased - aside
        delayed = sum(self.due.get(each, 0) > now for each in waiting - self.held.keys())
        return len(waiting), len(self.leased), delayed, len(self.dead)

    def needs(self, last: int) -> set[int]:
        """The positions of a log that ends there which it needs the log for."""
        wanted = set() if self.filled is None else set(range(self.filled + 1, last + 1))
        return self.attempts.keys() - self.redriven | wanted

    def first_in_line(self, last: int) -> int:
        """The first position that was never settled in any way; after the log's end if none is."""
        never = self.attempts.keys() - self.due.keys() - self.held.keys()
        return min(never, default=last + 1)

    def fill(self, positions: Iterable[int], through: int, *, whole: bool = False) -> None:
        for position in positions:
            self.attempts.setdefault(position, 0)
        self.filled = None if whole else through
