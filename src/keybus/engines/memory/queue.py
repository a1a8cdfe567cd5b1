"""What of the log a subscription has yet to settle."""

import heapq
from collections import deque
from collections.abc import Sequence

import msgspec

from keybus.bus.engine import CursorState, DeadLetter, Delivery, Held, Stored


class _Aside(msgspec.Struct, frozen=True):
    """A delivery that is held."""

    attempt: int
    reason: str
    held_at: int


class Queue:
    """One subscription's deliveries, whether it has a cursor or not.

    Times are microseconds of the engine's steady time but where they are told to users. Belongs
    to one event loop.

    Attributes:
        dead: Dead letters, oldest first.
    """

    def __init__(self, log: Sequence[Stored]) -> None:
        self._log = log
        self._line: deque[int] = deque()
        # Handed back or due, as (position, attempt); always earlier in the log than the line.
        self._ready: list[tuple[int, int]] = []
        # As (due, position, attempt).
        self._delayed: list[tuple[int, int, int]] = []
        self._leased: dict[int, int] = {}
        self._held: dict[int, _Aside] = {}
        self.dead: list[DeadLetter] = []

    @property
    def next_due(self) -> int | None:
        """When the next delay is over."""
        return self._delayed[0][0] if self._delayed else None

    def feed(self, position: int) -> None:
        """An event was appended that matches."""
        self._line.append(position)

    def lease(self, limit: int, now: int) -> list[Delivery]:
        """What can be delivered, up to so many."""
        while self._delayed and self._delayed[0][0] <= now and len(self._ready) < limit:
            _, position, attempt = heapq.heappop(self._delayed)
            heapq.heappush(self._ready, (position, attempt))
        taken: list[Delivery] = []
        while len(taken) < limit and (self._ready or self._line):
            position, attempt = (
                heapq.heappop(self._ready) if self._ready else (self._line.popleft(), 1)
            )
            event = self._log[position - 1]
            taken.append(Delivery(position, event.ingested_at, event.envelope, attempt))
        self._leased.update((delivery.position, delivery.attempt) for delivery in taken)
        return taken

    def settle(self, position: int) -> int | None:
        """End a lease; which attempt it was, or None where it is not leased."""
        return self._leased.pop(position, None)

    def delay(self, position: int, attempt: int, due_at: int) -> None:
        """Deliver it as that attempt, not before that time."""
        heapq.heappush(self._delayed, (due_at, position, attempt))

    def bury(self, position: int, attempt: int, reason: str, buried_at: int) -> None:
        """One dead letter more."""
        event = self._log[position - 1]
        self.dead.append(
            DeadLetter(position, event.ingested_at, event.envelope, attempt, reason, buried_at)
        )

    def hold(self, position: int, attempt: int, reason: str, held_at: int) -> None:
        """Put it aside."""
        self._held[position] = _Aside(attempt, reason, held_at)

    def unhold(self, now: int) -> int:
        """Everything held is due; how many there were."""
        held, self._held = self._held, {}
        for position, aside in held.items():
            self.delay(position, aside.attempt, now)
        return len(held)

    def held(self) -> list[Held]:
        """Everything held, in log order."""
        found = []
        for position, aside in sorted(self._held.items(), key=lambda item: item[0]):
            event = self._log[position - 1]
            found.append(
                Held(
                    position=position,
                    ingested_at=event.ingested_at,
                    envelope=event.envelope,
                    attempts=aside.attempt - 1,
                    reason=aside.reason,
                    held_at=aside.held_at,
                )
            )
        return found

    def release(self, positions: Sequence[int]) -> None:
        """End leases untried."""
        for position in positions:
            attempt = self._leased.pop(position, None)
            if attempt is not None:
                heapq.heappush(self._ready, (position, attempt))

    def release_all(self) -> None:
        """End all leases untried."""
        self.release(list(self._leased))

    def state(self, now: int) -> CursorState:
        """How it stands."""
        return CursorState(
            waiting=len(self._line) + len(self._ready) + len(self._delayed),
            in_flight=len(self._leased),
            delayed=sum(due > now for due, _, _ in self._delayed),
            dead=len(self.dead),
            held=len(self._held),
        )
