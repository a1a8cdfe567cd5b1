"""The index over many named patterns."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import Final

from keybus.patterns.evaluate import Field
from keybus.patterns.index.alternative import Alternative, compares_digits
from keybus.patterns.index.choice import Popularity
from keybus.patterns.index.column import Column
from keybus.patterns.index.memo import Budget
from keybus.patterns.index.plan import Plan
from keybus.patterns.index.reader import Reader, readable
from keybus.patterns.parse import PatternSource
from keybus.patterns.pattern import Pattern

_REMEMBERED: Final = 1 << 18

_NO_PATTERNS: Final[Mapping[str, PatternSource | Pattern]] = {}


class PatternIndex:
    """Many named patterns, and which of them an event matches.

    It answers as trying each pattern by itself would, at a cost that hardly grows with their
    number. Threads may match while others change it: a match sees the patterns as they were at
    one moment, before a change or after it. Names come in no particular order.

    It remembers texts that it has seen, 262,144 short ones in all (about 50 MB at most).

    Args:
        patterns: What to begin with, by name.

    Raises:
        PatternError: A pattern is not valid.
    """

    def __init__(self, patterns: Mapping[str, PatternSource | Pattern] = _NO_PATTERNS) -> None:
        self._changing = Lock()
        self._budget = Budget(_REMEMBERED)
        self._popularity = Popularity()
        self._alternatives: dict[str, tuple[Alternative, ...]] = {}
        self._found_by: dict[Alternative, Field] = {}
        self._comparing_digits = 0
        self._uses: Counter[str] = Counter()
        self._positions: dict[str, int] = {}
        self._free: list[int] = []
        self._unread: dict[Alternative, None] = {}
        self._plan = Plan(Reader([]), {}, {}, (), several=False, compares_digits=False)
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
            EnvelopeError: The event is not a JSON object, or is built to make matching endless.
                Faults in a field that no pattern names may go unseen.
        """
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

    def _change(self, added: Mapping[str, tuple[Alternative, ...]], removed: Iterable[str]) -> None:
        gone = [one for name in removed for one in self._alternatives.pop(name)]
        new = [one for some in added.values() for one in some]
        self._alternatives.update(added)
        self._popularity.count(new, times=1)
        self._popularity.count(gone, times=-1)
        self._comparing_digits += sum(map(_compares_digits, new))
        self._comparing_digits -= sum(map(_compares_digits, gone))
        columns = _Columns(self._plan.columns, self._positions, self._budget)
        for alternative in gone:
            field = self._found_by.pop(alternative, None)
            if field is None:
                del self._unread[alternative]
            else:
                columns.of(field.path).remove(field, alternative)
        reader = self._reader(new, gone)
        for alternative in new:
            if all(readable(field.path) for field in alternative.fields):
                field = self._popularity.best(alternative.fields)
                self._found_by[alternative] = field
                columns.of(field.path).add(field, alternative)
            else:
                self._unread[alternative] = None
        self._plan = self._planned(columns.finished(), reader)

    def _reader(self, new: Iterable[Alternative], gone: Iterable[Alternative]) -> Reader:
        """A reader of the paths in use: the old one where they have not changed."""
        before = self._positions.copy()
        self._uses.update(_paths(new))
        self._uses.subtract(_paths(gone))
        for path in [path for path, uses in self._uses.items() if not uses]:
            del self._uses[path]
            self._free.append(self._positions.pop(path))
        for path in self._uses:
            if path not in self._positions:
                free = self._free.pop() if self._free else len(self._positions)
                self._positions[path] = free
        if self._positions == before:
            return self._plan.reader
        paths: list[str | None] = [None] * (len(self._positions) + len(self._free))
        for path, position in self._positions.items():
            paths[position] = path
        return Reader(paths)

    def _planned(self, columns: Mapping[str, Column], reader: Reader) -> Plan:
        several = sum(map(len, self._alternatives.values())) > len(self._alternatives)
        plan = Plan(
            reader,
            self._positions,
            columns,
            self._unread,
            several=several,
            compares_digits=bool(self._comparing_digits),
        )
        if reader is self._plan.reader:
            plan.layout = self._plan.layout
        return plan


class _Columns:
    """The columns of a plan, copied when they are first changed."""

    def __init__(
        self, columns: Mapping[str, Column], positions: Mapping[str, int], budget: Budget
    ) -> None:
        self._columns, self._positions, self._budget = dict(columns), positions, budget
        self._changed: dict[str, Column] = {}

    def of(self, path: str) -> Column:
        """The column of a path, to be changed."""
        column = self._changed.get(path)
        if column is None:
            old = self._columns.get(path)
            column = old.copy() if old else Column(path, self._positions, self._budget)
            self._changed[path] = column
        return column

    def finished(self) -> dict[str, Column]:
        """All columns, the changes done."""
        for path, column in self._changed.items():
            column.finish()
            if column.empty:
                self._columns.pop(path, None)
            else:
                self._columns[path] = column
        return self._columns


def _compares_digits(alternative: Alternative) -> bool:
    return any(map(compares_digits, alternative.fields))


def _paths(alternatives: Iterable[Alternative]) -> Iterator[str]:
    """The readable paths of alternatives, one for each time that it is named."""
    for alternative in alternatives:
        for field in alternative.fields:
            if readable(field.path):
                yield field.path
