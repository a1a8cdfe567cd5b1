"""Short words about what was found: clipped names, bounded places, and the nearest known name.

What is echoed comes from documents that anybody may have written, so all of it is bounded: the
length of each text, and the work that looking for similar names takes.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice

LONGEST_NAME = 100
"""Characters of a name, or of one step of a pointer, in a fault."""

_LOOKUPS = 20  # searches for a similar name in the faults of one document
_CANDIDATES = 200  # names compared with a misspelt one
_SCANNED = 2_000  # names looked at for candidates
_STEPS = 120  # of a pointer; documents nest less deep


def clip(text: str, longest: int = LONGEST_NAME) -> str:
    """The beginning of a text, with an ellipsis where something is left out."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def quoted(name: str) -> str:
    """A name between quotes, as a sentence shows it."""
    return repr(clip(name))


def place_of(*tokens: str | int) -> str:
    """The JSON pointer made of these tokens, each shortened to what a reader can use."""
    shown = (clip(str(token)) for token in tokens[:_STEPS])
    return "".join(f"/{token.replace('~', '~0').replace('/', '~1')}" for token in shown)


class Hints:
    """Looks for similar names, a few times a document at most."""

    def __init__(self) -> None:
        self._left = _LOOKUPS

    def nearest(self, word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
        """``did you mean 'x'?`` for the nearest of the known words, or nothing."""
        match = self._match(word, known, cutoff)
        return f"did you mean {match!r}?" if match else ""

    def misspelt(self, name: str, there: Iterable[str]) -> str:
        """``there is 'x'; is that it?`` for what stands where the name is missing, or nothing."""
        match = self._match(name, there, 0.75)
        return f"there is {match!r}; is that it?" if match else ""

    def _match(self, word: str, known: Iterable[str], cutoff: float) -> str:
        if not self._left or len(word) > LONGEST_NAME:
            return ""
        by_fold = {folded(name): name for name in _candidates(word, known)}
        if not by_fold:
            return ""
        self._left -= 1
        match = get_close_matches(folded(word), list(by_fold), n=1, cutoff=cutoff)
        return by_fold[match[0]] if match else ""


def folded(name: str) -> str:
    """A name as it is compared with others: without case, hyphens and underscores."""
    return name.casefold().replace("_", "").replace("-", "")


def _candidates(word: str, known: Iterable[str]) -> Iterator[str]:
    """Names of a similar length; others cannot be similar."""
    about = range(len(word) // 3, 3 * len(word) + 4)
    fitting = (name for name in islice(known, _SCANNED) if len(name) in about)
    return islice(fitting, _CANDIDATES)
