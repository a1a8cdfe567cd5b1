"""Dead letters as an engine keeps them: deliveries that gave up, with their own bytes."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, Protocol

import msgspec

ATTEMPTS: Final = "attempts"
"""Its attempts are used up."""
EXPIRED: Final = "expired"
"""It was older than its subscription's ``retry.max_age``."""
REJECTED: Final = "rejected"
"""The consumer said that it cannot be handled at all."""
UNFIT: Final = "unfit"
"""The bus could not look at it, or not cut it to the subscription's fields."""
UNKNOWN: Final = "unknown"
"""It was buried by a release of Keybus that kept no causes."""
CAUSES: Final = (ATTEMPTS, EXPIRED, REJECTED, UNFIT, UNKNOWN)
"""The causes of the bus itself; consumers and targets add their own."""
_DIGITS: Final = 16


def letter_id(number: int) -> str:
    """A dead letter's id: 16 digits, so that ids are in the order of their numbers as texts are.

    The number is the time of the burial in microseconds since the Unix epoch; or one more than
    the last letter's, where that is later. Thus an id never comes twice, and a time is an id.
    """
    return f"{max(0, min(number, 10**_DIGITS - 1)):0{_DIGITS}d}"


def next_id(time_us: int, known: Iterable[str]) -> str:
    """An id of that kind, of now, and after all that are known."""
    last = max(known, default="")
    return letter_id(max(time_us, int(last) + 1 if last else 0))


def letter_number(text: str) -> int | None:
    """The number of an id; None where the text is no id."""
    readable = len(text) == _DIGITS and text.isascii() and text.isdecimal()
    return int(text) if readable else None


class DeadLetter(msgspec.Struct, frozen=True):
    """A delivery that gave up. It owns its bytes: log retention never takes them.

    After a crash in the middle of a burial it may stand twice, where an engine cannot bury in
    one step (JetStream); its position tells.

    Attributes:
        id: Its name: engine-wide, never used twice; texts in the order of their burial.
        position: The delivery's place in the log.
        event_id: The envelope's ``id``; this and the next two are empty where it has none.
        event_type: The envelope's ``detail-type``.
        source: The envelope's ``source``.
        ingested_at: When the bus took the event. All times are in microseconds since the Unix
            epoch.
        envelope: The envelope's bytes, as appended.
        attempts: Attempts that failed; since it was last redriven, if it was.
        cause: Why, as a stable code.
        reason: Why, in words.
        first_attempt_at: When the first of the attempts failed; 0 where none did.
        last_attempt_at: The same of the last one.
        buried_at: When it gave up.
        redriven: How often it had been redriven before that.
    """

    id: str
    position: int
    event_id: str
    event_type: str
    source: str
    ingested_at: int
    envelope: bytes
    attempts: int
    cause: str
    reason: str
    first_attempt_at: int
    last_attempt_at: int
    buried_at: int
    redriven: int


class LetterChoice(msgspec.Struct, frozen=True):
    """Which of a subscription's dead letters are meant: those of which all of this is true.

    Attributes:
        cause: They have this cause; empty: any.
        event_type: They have this event type; empty: any.
        after: Their ids are after this one; empty: from the first on.
        until: None of them is after this id; empty: to the last.
        ids: They are among these; None: all are.
    """

    cause: str = ""
    event_type: str = ""
    after: str = ""
    until: str = ""
    ids: tuple[str, ...] | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Whether a letter is meant."""
        return (
            letter.id > self.after
            and (not self.until or letter.id <= self.until)
            and self.cause in ("", letter.cause)
            and self.event_type in ("", letter.event_type)
            and (self.ids is None or letter.id in self.ids)
        )


class LetterGroup(msgspec.Struct, frozen=True):
    """How many dead letters of a subscription have the same cause, event type and source."""

    cause: str
    event_type: str
    source: str
    count: int


class LetterSummary(msgspec.Struct, frozen=True):
    """What a subscription's dead letters are, at one moment.

    Attributes:
        groups: How many of which kind.
        oldest: The first one's id; empty where there is none.
        newest: The last one's.
    """

    groups: tuple[LetterGroup, ...]
    oldest: str
    newest: str


class Letters(Protocol):
    """A subscription's dead letters. Spent together with its cursor."""

    async def page(self, choice: LetterChoice, limit: int) -> Sequence[DeadLetter]:
        """The first of those that are meant, oldest first; at most so many."""
        ...

    def each(self) -> AsyncIterator[DeadLetter]:
        """All of them, oldest first."""
        ...

    async def summary(self, choice: LetterChoice) -> LetterSummary:
        """What is meant, counted without looking at each; ``after`` and ``until`` do not count."""
        ...

    async def count(self, choice: LetterChoice) -> int:
        """How many are meant, exactly: in the time that it takes to count them."""
        ...

    async def redrive(self, choice: LetterChoice, limit: int) -> int:
        """Make the first of those that are meant deliverable again, durably; how many they were.

        Each leaves the dead letters in the same step: after a crash it is either still there, or
        deliverable. It is due at once, no attempt counted, with bytes of its own until it is
        settled. How often it was redriven is kept until then, and comes with the next burial.
        """
        ...

    async def purge(self, choice: LetterChoice, limit: int) -> int:
        """Delete the first of those that are meant, durably; how many they were."""
        ...
