"""The index over many named patterns."""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Final

from keybus.patterns.index.alternative import Alternative
from keybus.patterns.index.draft import Draft
from keybus.patterns.index.memo import Budget
from keybus.patterns.parse import PatternSource
from keybus.patterns.pattern import Pattern

_REMEMBERED: Final = 1 << 18

_NO_PATTERNS: Final[Mapping[str, PatternSource | Pattern]] = {}


class PatternIndex:
    """Many named patterns, and which of them an event matches.

    It answers as trying each pattern by itself would, at a cost that hardly grows with their
    number. Threads may match while others change it: a match sees the patterns as they were at
    one moment, before a change or after it. Names come in no particular order.

    It remembers texts that it has seen, 262,144 short ones in all (some 50 MB, at most 100).

    Args:
        patterns: What to begin with, by name.

    Raises:
        PatternError: A pattern is not valid.
    """

    def __init__(self, patterns: Mapping[str, PatternSource | Pattern] = _NO_PATTERNS) -> None:
        self._changing = Lock()
        self._budget = Budget(_REMEMBERED)
        self._alternatives: dict[str, tuple[Alternative, ...]] = {}
        self._draft: Draft | None = Draft(self._budget)
        self._plan = Draft(self._budget).plan
        self.update(patterns)

    def add(self, name: str, pattern: PatternSource | Pattern) -> None:
        """Add a pattern, or put another one in the place of the one with its name.

        Raises:
            PatternError: The pattern is not valid; the index is as it was.
        """
        self.update({name: pattern})

    def update(self, patterns: Mapping[str, PatternSource | Pattern]) -> None:
        """Add many patterns, all at one moment; see `add`.

        Raises:
            PatternError: One of them is not valid; the index is as it was.
        """
        parsed = {
            name: pattern if isinstance(pattern, Pattern) else Pattern.parse(pattern)
            for name, pattern in patterns.items()
        }
        added = {
            name: tuple(Alternative.of(name, one) for one in pattern.alternatives)
            for name, pattern in parsed.items()
        }
        with self._changing:
            self._change(added, [name for name in added if name in self._alternatives])

    def remove(self, name: str) -> None:
        """Remove a pattern.

        Raises:
            KeyError: There is none of this name.
        """
        with self._changing:
            if name not in self._alternatives:
                raise KeyError(name)
            self._change({}, [name])

    def match(self, event: bytes, *, unique_names: bool = False) -> tuple[str, ...]:
        """Names of the patterns that an event matches, each once.

        Args:
            event: The whole event as JSON text, UTF-8 bytes.
            unique_names: That no object in the text has two members of one name. Whoever has
                read the text already, such as a bus that checks it on the way in, can say so and
                spare the index to look; see `has_unique_names`.

        Raises:
            EnvelopeError: The event is not a JSON object (faults in a field that no pattern names
                may go unseen), or is built to make matching endless: to find out where its arrays
                agree takes more than 2,000,000 steps for all patterns together.
            TypeError: The event is not bytes.
        """
        if event.__class__ is not bytes:
            event = _bytes(event)
        return self._plan.match(event, unique_names)

    def __len__(self) -> int:
        """How many patterns there are."""
        return len(self._alternatives)

    def __contains__(self, name: object) -> bool:
        """Whether there is a pattern of this name."""
        return name in self._alternatives

    def __iter__(self) -> Iterator[str]:
        """The names, in the order in which they were first added."""
        return iter(tuple(self._alternatives))

    def _change(self, added: Mapping[str, tuple[Alternative, ...]], removed: Sequence[str]) -> None:
        """Put other alternatives in the places of some; nothing is changed if this raises."""
        before = self._alternatives
        names = len(before) + len(added) - len(removed)
        # A draft that was left in the middle of a change is not there any more.
        draft, self._draft = self._draft, None
        if draft is None:
            draft = Draft(self._budget)
            draft.change([one for some in before.values() for one in some], (), names=len(before))
        new = [one for some in added.values() for one in some]
        gone = [one for name in removed for one in before[name]]
        plan = draft.change(new, gone, names=names)
        for name in removed:
            if name not in added:
                del before[name]
        before.update(added)
        self._plan, self._draft = plan, draft


def _bytes(event: object) -> bytes:
    if isinstance(event, bytes | bytearray | memoryview):
        return bytes(event)
    raise TypeError(f"an event is matched as UTF-8 bytes, not as {type(event).__name__}")
