"""Dead letters as whoever looks for them may see them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from keybus.bus.dead_letters.letters import DeadLetter, LetterChoice, Letters
from keybus.bus.delivery.settings import DeliverySettings
from keybus.errors import EnvelopeError, KeybusError
from keybus.patterns import Pattern

MOST_BYTES: Final = 32 << 20
"""Of the events of one page, which is made in memory; one event more than that may be in it."""
MOST_LOOKED_AT: Final = 5_000
"""Letters that are looked at for one page, whether they are found or not."""
_READ: Final = 100


class NoSuchLetter(KeybusError):
    """A dead letter that there is not."""

    code = "no-such-letter"


class Shown(msgspec.Struct, frozen=True):
    """A dead letter with its event as it would be delivered now.

    Attributes:
        letter: The letter; its envelope is ``null`` where the event is withheld.
        withheld: Why the account may not have the event now; empty where it may.
    """

    letter: DeadLetter
    withheld: str


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for.

    Attributes:
        choice: Which of the letters.
        text: What stands somewhere in the reason, the event's id or the event, in any case.
        pattern: What the event matches, as it would be delivered.
    """

    choice: LetterChoice = LetterChoice()
    text: str = ""
    pattern: Pattern | None = None

    @property
    def looks_inside(self) -> bool:
        """Whether each letter has to be looked at."""
        return bool(self.text) or self.pattern is not None

    def finds(self, shown: Shown) -> bool:
        """Whether a letter is meant; of an event that is withheld nothing is found."""
        letter = shown.letter
        if self.pattern is not None:
            try:
                if shown.withheld or not self.pattern.matches(letter.envelope):
                    return False
            except (EnvelopeError, RecursionError):
                return False
        if not self.text:
            return True
        event = "" if shown.withheld else letter.envelope.decode(errors="replace")
        text = self.text.casefold()
        return any(text in each.casefold() for each in (letter.reason, letter.event_id, event))


class LetterPage(msgspec.Struct, frozen=True):
    """Some dead letters.

    Attributes:
        letters: Oldest first.
        next: After which id to look for more; empty where there are none.
    """

    letters: Sequence[Shown]
    next: str


async def find_letters(
    letters: Letters, settings: DeliverySettings, wanted: Wanted, *, limit: int, now: int
) -> LetterPage:
    """The next page of what is looked for.

    A page may have fewer letters than the limit, or none, and more behind it: so much is looked
    at for one, and no more.

    Args:
        letters: The subscription's.
        settings: How it delivers.
        wanted: What is looked for.
        limit: At most so many letters.
        now: Microseconds since the Unix epoch.

    Raises:
        StorageFailed: The store could not be read.
    """
    found: list[Shown] = []
    choice, looked, size = wanted.choice, 0, 0
    while looked < MOST_LOOKED_AT:
        page = await letters.page(choice, _READ if wanted.looks_inside else min(limit, _READ))
        for letter in page:
            choice = msgspec.structs.replace(choice, after=letter.id)
            looked += 1
            shown = Shown(*settings.show(letter, now))
            size += len(shown.letter.envelope)
            if wanted.finds(shown):
                found.append(shown)
            if len(found) == limit or size > MOST_BYTES:
                more = bool(await letters.page(choice, 1))
                return LetterPage(found, choice.after if more else "")
        if len(page) < _READ and not await letters.page(choice, 1):
            return LetterPage(found, "")
    return LetterPage(found, choice.after)


async def find_letter(
    letters: Letters, settings: DeliverySettings, letter: str, *, now: int
) -> Shown:
    """One dead letter.

    Args:
        letters: The subscription's.
        settings: How it delivers.
        letter: Its id.
        now: Microseconds since the Unix epoch.

    Raises:
        NoSuchLetter: The subscription has none of that id.
        StorageFailed: The store could not be read.
    """
    for found in await letters.page(LetterChoice(ids=(letter,)), 1):
        return Shown(*settings.show(found, now))
    raise NoSuchLetter(
        f"there is no dead letter {letter[:40]!r}", hint="it may have been redriven or purged"
    )
