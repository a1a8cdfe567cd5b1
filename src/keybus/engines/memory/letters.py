"""Dead letters, for as long as the process lives."""

from collections import Counter

import msgspec

from keybus.bus.dead_letters.letters import (
    DeadLetter,
    LetterChoice,
    LetterGroup,
    LetterSummary,
    letter_id,
)
from keybus.bus.engine import Status, Stored
from keybus.engines.identity import Identity


class Tried(msgspec.Struct, frozen=True):
    """When the first and the last attempt of a delivery failed; 0 where none did."""

    first_at: int = 0
    last_at: int = 0

    def again(self, at: int) -> "Tried":
        """The same with one attempt more."""
        return Tried(self.first_at or at, at)


class LetterIds:
    """Ids for all queues of an engine."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: int) -> str:
        """The next id, for a letter that is buried now."""
        self._last = max(self._last + 1, now)
        return letter_id(self._last)


class MemoryLetters:
    """One queue's dead letters, oldest first. Belongs to one event loop."""

    def __init__(self, ids: LetterIds) -> None:
        self._ids = ids
        self._held: dict[str, DeadLetter] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(
        self,
        event: Stored,
        attempts: int,
        *,
        cause: str,
        reason: str,
        tried: Tried,
        redriven: int,
        at: int,
    ) -> None:
        """One more."""
        identity = Identity.of(event.envelope)
        letter = DeadLetter(
            id=self._ids.next(at),
            position=event.position,
            event_id=identity.event_id,
            event_type=identity.event_type,
            source=identity.source,
            ingested_at=event.ingested_at,
            envelope=event.envelope,
            attempts=attempts,
            cause=cause,
            reason=reason,
            first_attempt_at=tried.first_at,
            last_attempt_at=tried.last_at,
            buried_at=at,
            redriven=redriven,
        )
        self._held[letter.id] = letter

    def chosen(self, choice: LetterChoice, limit: int | None = None) -> list[DeadLetter]:
        """Those that are meant, oldest first; at most so many."""
        return [each for each in self._held.values() if choice.takes(each)][:limit]

    def take(self, choice: LetterChoice, limit: int) -> list[DeadLetter]:
        """The first of those that are meant, taken out."""
        taken = self.chosen(choice, limit)
        for letter in taken:
            del self._held[letter.id]
        return taken

    def status(self, position: int) -> Status:
        """How a delivery stands that is nowhere else: a dead letter, or gone."""
        for letter in reversed(self._held.values()):
            if letter.position == position:
                return Status("dead", letter.attempts, reason=letter.reason, letter=letter.id)
        return Status("gone")

    def summary(self, choice: LetterChoice) -> LetterSummary:
        """What is meant, counted."""
        every = msgspec.structs.replace(choice, after="", until="")
        found = self.chosen(every)
        kinds = Counter((each.cause, each.event_type, each.source) for each in found)
        return LetterSummary(
            tuple(LetterGroup(*kind, count) for kind, count in sorted(kinds.items())),
            oldest=found[0].id if found else "",
            newest=found[-1].id if found else "",
        )
