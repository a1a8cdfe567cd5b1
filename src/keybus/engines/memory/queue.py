"""What of the log a subscription has yet to settle."""

import heapq
from collections import Counter, deque
from collections.abc import Container, Sequence
from itertools import islice
from typing import Literal, NamedTuple

import msgspec

from keybus.bus.dead_letters.letters import EXPIRED, LetterChoice
from keybus.bus.engine import ORDER, CursorState, Delivery, Group, Held, Status, Stored
from keybus.engines.memory.letters import MemoryLetters, Tried


class Try(NamedTuple):
    """What is known of a delivery's next attempt.

    Attributes:
        attempt: Which it is, from 1.
        group: The group under which it was tried again or held.
        alone: It is to be delivered by itself.
    """

    attempt: int
    group: str = ""
    alone: bool = False


FIRST = Try(1)


class _Aside(msgspec.Struct, frozen=True):
    """A delivery that is held."""

    next: Try
    reason: str
    held_at: int


class Queue:
    """One subscription's deliveries, whether it has a cursor or not.

    Times are microseconds of the engine's steady time but where they are told to users. Belongs
    to one event loop.

    Attributes:
        letters: The dead letters.
        filled: Up to which position it is filled from the log; None: it is whole.
    """

    def __init__(
        self, log: Sequence[Stored], letters: MemoryLetters, *, filled: int | None = None
    ) -> None:
        self._log, self.letters = log, letters
        self.filled = filled
        # What matched, in log order, while it is not whole.
        self._past: list[int] = []
        self._line: deque[int] = deque()
        # Handed back or due, by position; always earlier in the log than the line.
        self._ready: list[tuple[int, Try]] = []
        # As (due, position, attempt).
        self._delayed: list[tuple[int, int, Try]] = []
        self._leased: dict[int, Try] = {}
        self._held: dict[int, _Aside] = {}
        # The positions that are held, as a heap for each group.
        self._aside: dict[str, list[int]] = {}
        self._ordered = 0
        self._tried: dict[int, Tried] = {}
        self._reasons: dict[int, str] = {}
        # When a delivery that is not settled was redriven, and how often.
        self._redriven: dict[int, tuple[int, int]] = {}
        # What was redriven: the log may have let it go.
        self._own: dict[int, Stored] = {}

    @property
    def next_due(self) -> int | None:
        """When the next delay is over."""
        return self._delayed[0][0] if self._delayed else None

    def feed(self, position: int) -> None:
        """An event was appended that matches."""
        line = self._line if self.filled is None else self._past
        line.append(position)

    def fill(self, positions: Sequence[int], through: int, *, whole: bool) -> None:
        """These of the past match as well; once it is whole they may be fetched."""
        self._past = sorted({*self._past, *positions})
        self.filled = None if whole else through
        if whole:
            self._line.extend(self._past)
            self._past.clear()

    def lease(self, limit: int, now: int) -> list[Delivery]:
        """What can be delivered, up to so many."""
        while self._delayed and self._delayed[0][0] <= now and len(self._ready) < limit:
            _, position, again = heapq.heappop(self._delayed)
            heapq.heappush(self._ready, (position, again))
        taken: list[Delivery] = []
        while len(taken) < limit and (self._ready or self._line):
            position, again = (
                heapq.heappop(self._ready) if self._ready else (self._line.popleft(), FIRST)
            )
            event = self._event(position)
            if again is FIRST and not self._redriven:  # nearly all
                delivery = Delivery(position, event.ingested_at, event.envelope, 1)
            else:
                at, _ = self._redriven.get(position, (0, 0))
                delivery = Delivery(
                    position, event.ingested_at, event.envelope, *again, redriven_at=at
                )
            taken.append(delivery)
            self._leased[position] = again
        return taken

    def settle(self, position: int) -> Try | None:
        """End a lease; which attempt it was, or None where it is not leased."""
        return self._leased.pop(position, None)

    def delay(self, position: int, again: Try, due_at: int) -> None:
        """Try it so, not before that time."""
        heapq.heappush(self._delayed, (due_at, position, again))

    def forget(self, position: int) -> None:
        """It is handled: nobody asks any more how often it was tried."""
        self._tried.pop(position, None)
        self._reasons.pop(position, None)
        self._redriven.pop(position, None)
        self._own.pop(position, None)

    def needs(self) -> Container[int]:
        """The positions of which it needs the log's bytes."""
        if self.filled is not None:
            return {*self._past, *range(self.filled + 1, len(self._log) + 1)}
        return {
            *self._line,
            *(position for position, _ in self._ready),
            *(position for _, position, _ in self._delayed),
            *self._leased,
            *self._held,
        } - self._own.keys()

    def _event(self, position: int) -> Stored:
        return self._own.get(position) or self._log[position - 1]

    def failed(self, position: int, at: int, reason: str = "") -> None:
        """One attempt failed."""
        self._reasons[position] = reason
        self._tried[position] = self._tried.get(position, Tried()).again(at)

    def bury(self, position: int, attempts: int, *, cause: str, reason: str, at: int) -> None:
        """One dead letter more."""
        tried = self._tried.get(position, Tried())
        _, redriven = self._redriven.get(position, (0, 0))
        event = self._event(position)
        self.forget(position)
        self.letters.add(
            event,
            attempts,
            cause=cause,
            reason=reason,
            tried=tried,
            redriven=redriven,
            at=at,
        )

    def expire(self, before: int, *, reason: str, limit: int, now: int, at: int) -> int:
        """Bury what is too old, but what is leased, held or delayed; how many that were."""
        while self._delayed and self._delayed[0][0] <= now:
            _, position, again = heapq.heappop(self._delayed)
            heapq.heappush(self._ready, (position, again))
        due = [each for each in sorted(self._ready) if self._is_older(each[0], before)][:limit]
        if due:
            self._ready = sorted(set(self._ready).difference(due))
        while self._line and len(due) < limit and self._is_older(self._line[0], before):
            due.append((self._line.popleft(), FIRST))
        for position, again in due:
            self.bury(position, again.attempt - 1, cause=EXPIRED, reason=reason, at=at)
        return len(due)

    def redrive(self, choice: LetterChoice, limit: int, *, now: int, at: int) -> int:
        """Dead letters are deliverable again; how many they were."""
        taken = self.letters.take(choice, limit)
        for letter in taken:
            self._redriven[letter.position] = (at, letter.redriven + 1)
            self._own[letter.position] = Stored(
                letter.position, letter.ingested_at, letter.envelope
            )
            self.delay(letter.position, FIRST, now)
        return len(taken)

    def _is_older(self, position: int, before: int) -> bool:
        at, _ = self._redriven.get(position, (0, 0))
        return max(self._log[position - 1].ingested_at, at) < before

    def hold(self, position: int, again: Try, reason: str, held_at: int) -> None:
        """Put it aside."""
        self._held[position] = _Aside(again, reason, held_at)
        heapq.heappush(self._aside.setdefault(again.group, []), position)
        self._ordered += reason == ORDER

    def unhold(self, now: int, group: str | None, limit: int | None) -> int:
        """What is held is due; how many there were."""
        groups = list(self._aside) if group is None else [group]
        return sum(self._unhold(each, now, limit) for each in groups)

    def _unhold(self, group: str, now: int, limit: int | None) -> int:
        aside = self._aside.get(group, [])
        count = len(aside) if limit is None else min(limit, len(aside))
        for _ in range(count):
            position = heapq.heappop(aside)
            held = self._held.pop(position)
            self._reasons[position] = held.reason
            self._ordered -= held.reason == ORDER
            self.delay(position, held.next, now)
        if not aside:
            self._aside.pop(group, None)
        return count

    def groups(self) -> list[Group]:
        """Those of which something was tried again, or is held."""
        unsettled = [
            *self._ready,
            *((position, again) for _, position, again in self._delayed),
        ]
        tried = Counter(again.group for _, again in unsettled)
        unsettled += self._leased.items()
        last: dict[str, int] = {}
        for position, again in unsettled:
            last[again.group] = max(last.get(again.group, 0), position)
        for group, aside in self._aside.items():
            last[group] = max(last.get(group, 0), *aside)
        names = sorted((tried.keys() | self._aside.keys()) - {""})
        return [
            Group(name, tried[name], last.get(name, 0), self._aside.get(name, [0])[0])
            for name in names
        ]

    def reached(self, now: int) -> int:
        """A position up to which there is nothing more to be fetched now."""
        first = [position for position, _ in self._ready]
        first += [position for due, position, _ in self._delayed if due <= now]
        first += [*islice(self._line, 1)]
        return min(first, default=len(self._log) + 1) - 1

    def held(self) -> list[Held]:
        """Everything held, in log order."""
        found = []
        for position, aside in sorted(self._held.items(), key=lambda item: item[0]):
            event = self._event(position)
            found.append(
                Held(
                    position=position,
                    ingested_at=event.ingested_at,
                    envelope=event.envelope,
                    attempts=aside.next.attempt - 1,
                    reason=aside.reason,
                    held_at=aside.held_at,
                )
            )
        return found

    def status(self, position: int, now: int) -> Status:
        """How one delivery stands."""
        if position in self._leased:
            return Status("in-flight")
        if aside := self._held.get(position):
            return self._held_status(position, aside)
        for due, each, again in self._delayed:
            if each == position:
                wait = max(0, due - now)
                state: Literal["waiting", "delayed"] = "delayed" if wait else "waiting"
                reason = self._reasons.get(position, "")
                return Status(state, again.attempt - 1, wait, reason if again.attempt > 1 else "")
        for each, again in self._ready:
            if each == position:
                return Status("waiting", again.attempt - 1)
        if position in self._line or position in self._past:
            return Status("waiting")
        return self.letters.status(position)

    def _held_status(self, position: int, aside: _Aside) -> Status:
        attempts, group = aside.next.attempt - 1, aside.next.group
        if aside.reason != ORDER:
            return Status("held", attempts, reason=aside.reason, held_at=aside.held_at)
        earlier = [each for _, each, again in self._delayed if again.group == group]
        earlier += self._aside[group]
        behind = min(each for each in earlier)
        return Status(
            "ordered", attempts, held_at=aside.held_at, behind=behind if behind < position else 0
        )

    def oldest(self) -> int:
        """When the first was ingested that is neither settled nor held; 0 where none is."""
        unsettled = [position for _, position, _ in self._delayed]
        unsettled += [position for position, _ in self._ready]
        unsettled += [*self._leased, *islice(self._line, 1)]
        return self._event(min(unsettled)).ingested_at if unsettled else 0

    def release(self, positions: Sequence[int]) -> None:
        """End leases untried."""
        for position in positions:
            again = self._leased.pop(position, None)
            if again is not None:
                heapq.heappush(self._ready, (position, again))

    def release_all(self) -> None:
        """End all leases untried."""
        self.release(list(self._leased))

    def state(self, now: int) -> CursorState:
        """How it stands."""
        return CursorState(
            waiting=len(self._past)
            + len(self._line)
            + len(self._ready)
            + len(self._delayed)
            + self._ordered,
            in_flight=len(self._leased),
            delayed=sum(due > now for due, _, _ in self._delayed),
            dead=len(self.letters),
            held=len(self._held) - self._ordered,
            ordered=self._ordered,
        )
