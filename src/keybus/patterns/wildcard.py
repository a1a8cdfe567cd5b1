r"""Wildcards: ``*`` for any run of characters, ``\*`` and ``\\`` for themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

#: EventBridge's words for wildcards that would cost it too much.
TOO_COMPLEX: Final = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character "
    "sequences after a wildcard character"
)

# How many places of a field's wildcards one value may be read at in the same moment. EventBridge
# has such a bound but does not publish it: seven places are accepted, eleven are refused.
_MOST_PLACES: Final = 10

# Looking for the worst value is a search; one that goes on for this long is an answer too.
_MOST_MOMENTS: Final = 5_000

_STAR: Final = None


class BadWildcardError(ValueError):
    """A wildcard that cannot be read; its text is event-ruler's own reason."""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A wildcard, as the literal pieces between its stars.

    Attributes:
        pieces: The pieces in order, one more than there are stars; any may be empty.
    """

    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Wildcard":
        """Read a wildcard.

        Args:
            text: The wildcard, without quotes.

        Raises:
            BadWildcardError: Two stars stand side by side, or a backslash escapes anything but a
                star or a backslash. The position counts UTF-8 bytes and the opening quote.
        """
        pieces: list[list[str]] = [[]]
        at = 0
        while at < len(text):
            character, after = text[at], text[at + 1 : at + 2]
            if character == "*":
                if after == "*":
                    raise BadWildcardError(
                        f"Consecutive wildcard characters at pos {_position(text, at)}"
                    )
                pieces.append([])
            elif character == "\\":
                if after not in ("*", "\\"):
                    raise BadWildcardError(f"Invalid escape character at pos {_position(text, at)}")
                pieces[-1].append(after)
                at += 1
            else:
                pieces[-1].append(character)
            at += 1
        return cls(tuple("".join(piece) for piece in pieces))

    def matches(self, text: str) -> bool:
        """Whether the whole text fits.

        The first piece is at the start, the last at the end, and each of the others is taken
        where it first occurs after the one before: an earlier place never spoils a later one,
        so there is nothing to try again and the time is linear.
        """
        first, *middle = self.pieces
        if not middle:
            return text == first
        last = middle.pop()
        end = len(text) - len(last)
        if end < len(first) or not text.startswith(first) or not text.endswith(last):
            return False
        at = len(first)
        for piece in middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


def _position(text: str, at: int) -> int:
    # A lone surrogate has no UTF-8 form; event-ruler sees a question mark, one byte.
    return 1 + len(text[:at].encode("utf-8", "replace"))


def too_complex(wildcards: Iterable[Wildcard]) -> bool:
    """Whether wildcards on one field can be read at too many places at once.

    A place is how far a wildcard has been read. After `a*a*` has read `aaa`, the reading may
    stand behind the first `a`, in either star or behind the second `a`, and a matcher that reads
    a value once has to keep all of them. This counts them over every possible value, as
    event-ruler's MachineComplexityEvaluator does.

    Args:
        wildcards: All wildcards among the values of one field.
    """
    tapes = [_tape(wildcard) for wildcard in wildcards]
    if sum(map(len, tapes)) <= _MOST_PLACES:
        return False
    letters = sorted({letter for tape in tapes for letter in tape if letter is not _STAR})
    start = frozenset((which, 0) for which in range(len(tapes)))
    seen, waiting = {start}, [start]
    while waiting:
        places = waiting.pop()
        for letter in (*letters, ""):
            after = _after(tapes, places, letter)
            if len(after) > _MOST_PLACES or len(seen) > _MOST_MOMENTS:
                return True
            if after and after not in seen:
                seen.add(after)
                waiting.append(after)
    return False


def _tape(wildcard: Wildcard) -> list[str | None]:
    # The quotes around a value count as characters, as they do in event-ruler.
    first, *others = wildcard.pieces
    tape: list[str | None] = ['"', *first]
    for piece in others:
        tape += [_STAR, *piece]
    return [*tape, '"']


def _after(
    tapes: Sequence[Sequence[str | None]], places: Iterable[tuple[int, int]], letter: str
) -> frozenset[tuple[int, int]]:
    """Where readings can stand one letter later; the empty letter is one no tape has."""
    after = set()
    for which, place in places:
        tape = tapes[which]
        if place and tape[place - 1] is _STAR:
            after.add((which, place))
        if place < len(tape) and tape[place] == letter:
            after.add((which, place + 1))
            if place + 1 < len(tape) and tape[place + 1] is _STAR:
                after.add((which, place + 2))
    return frozenset(after)
