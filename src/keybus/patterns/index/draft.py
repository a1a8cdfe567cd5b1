"""What the next plan is made from: who is found by what, and which paths are where."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from keybus.patterns.evaluate import Field
from keybus.patterns.index.alternative import Alternative, compares_digits
from keybus.patterns.index.choice import Popularity
from keybus.patterns.index.column import Column
from keybus.patterns.index.memo import Budget
from keybus.patterns.index.plan import Plan
from keybus.patterns.index.reader import Reader, readable


class Draft:
    """The alternatives of an index, kept so that a change costs what it changes.

    Not thread safe, and of no use any more once `change` has raised.

    Args:
        budget: What may be remembered.

    Attributes:
        plan: The plan as of the last change.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._popularity = Popularity()
        self._found_by: dict[Alternative, Field] = {}
        self._unread: dict[Alternative, None] = {}
        self._comparing_digits = 0
        self._uses: Counter[str] = Counter()
        self._positions: dict[str, int] = {}
        self._free: list[int] = []
        self.plan = Plan(Reader([]), {}, {}, (), several=False, compares_digits=False)

    def change(
        self, new: Collection[Alternative], gone: Collection[Alternative], *, names: int
    ) -> Plan:
        """Add and remove alternatives.

        Args:
            new: Those to add.
            gone: Those to remove.
            names: Of how many patterns they are then.
        """
        self._popularity.count(new, times=1)
        self._popularity.count(gone, times=-1)
        self._comparing_digits += sum(map(_compares_digits, new))
        self._comparing_digits -= sum(map(_compares_digits, gone))
        columns = _Columns(self.plan.columns, self._positions, self._budget)
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
        plan = Plan(
            reader,
            self._positions,
            columns.finished(),
            self._unread,
            several=len(self._found_by) + len(self._unread) > names,
            compares_digits=bool(self._comparing_digits),
        )
        if reader is self.plan.reader:
            plan.layout = self.plan.layout
        self.plan = plan
        return plan

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
            return self.plan.reader
        paths: list[str | None] = [None] * (len(self._positions) + len(self._free))
        for path, position in self._positions.items():
            paths[position] = path
        return Reader(paths)


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
