"""A frozen set of patterns, ready to match."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import UNSET

from keybus.patterns.evaluate import Work, satisfied
from keybus.patterns.flatten import Step, decode, flatten
from keybus.patterns.index.alternative import Alternative, accepts
from keybus.patterns.index.column import Column
from keybus.patterns.index.layout import NO_ARRAYS, Layout, Values
from keybus.patterns.index.observed import Observed, Occurrences
from keybus.patterns.index.reader import UNREADABLE, Reader


class Plan:
    """What an index matches with; a changed index has another one.

    Args:
        reader: Reads the fields in use.
        positions: Where it puts the values of each path.
        columns: The paths that alternatives are found by.
        unread: Alternatives with a path that no reader reads.
        several: Whether some pattern has more than one alternative.
        compares_digits: Whether some field does; see `compares_digits`.

    Attributes:
        layout: What events are expected to look like; it learns, and all else stays.
    """

    def __init__(
        self,
        reader: Reader,
        positions: Mapping[str, int],
        columns: Mapping[str, Column],
        unread: Iterable[Alternative],
        *,
        several: bool,
        compares_digits: bool,
    ) -> None:
        self.reader, self.columns = reader, columns
        self.layout = Layout(reader.root, reader.size)
        self._unread = tuple(unread)
        self._unread_tree = Step.tree(
            field.path for alternative in self._unread for field in alternative.fields
        )
        self._positions = dict(positions)
        self._several, self._compares_digits = several, compares_digits
        self._decode, self._decode_digits = reader.decode, reader.decode_digits
        self._columns = tuple(columns.values())

    def match(  # noqa: C901, PLR0912 - what every event goes through, with no call it can spare
        self,
        event: bytes,
        unique_names: bool,  # noqa: FBT001 - as above
        digits: bool = False,  # noqa: FBT001, FBT002 - as above
    ) -> tuple[str, ...]:
        """Names of the patterns that an event matches; see `PatternIndex.match`.

        Args:
            event: The event.
            unique_names: That no object has a name twice is known.
            digits: Whether numbers are read as they are written. Arrays may hold many, and it
                takes time, so that with arrays it is done only where numbers match without.
        """
        layout = self.layout
        digits = digits or layout.plain or self._compares_digits
        arrays, observed = NO_ARRAYS, None
        values: Values
        try:
            if not (unique_names or self.reader.reads(event)):
                values, observed = self._exactly(event)
            else:
                root = self._decode_digits(event) if digits else self._decode(event)
                if layout.plain:
                    values = layout.fetch(root)
                else:
                    values, arrays = layout.values(root)
        except AttributeError:
            # An array, or nothing, where an object was expected.
            values, arrays, self.layout = layout.searched(root)
        except UNREADABLE:
            values, observed = self._exactly(event)
        found: list[str] = []
        numbers = False
        exactly = observed is not None
        for column in self._columns:
            value = values[column.position]
            if value.__class__ is str:
                hits = column.seen.get(value, column.unseen)
                if hits is None:
                    hits = column.of_text(value)
            elif value is UNSET:
                hits = column.absent
            else:
                hits = column.of(value)
            if hits:
                names, groups = hits
                if names:
                    found += names
                    numbers |= column.compares_numbers
                for group in groups:
                    if arrays and observed is None:
                        observed = Observed(arrays, None, self.reader, event)
                    if group.find(values, observed, found):
                        numbers |= column.compares_numbers or group.compares_numbers
        if numbers and not (digits or exactly):
            return self.match(event, unique_names, digits=True)
        if self._unread:
            found += self._found_unread(event, values)
        return tuple(dict.fromkeys(found)) if self._several else tuple(found)

    def _exactly(self, event: bytes) -> tuple[Values, Observed]:
        """As the exact evaluator reads the event: equal keys, dotted keys and all."""
        occurrences = flatten(decode(event), self.reader.tree)
        values: list[object] = [(None, [])] * self.reader.size
        for path, some in occurrences.items():
            values[self._positions[path]] = None, [occurrence.leaf for occurrence in some]
        return values, Observed(None, occurrences, self.reader, event)

    def _found_unread(self, event: bytes, values: Values) -> Iterator[str]:
        occurrences: Occurrences | None = None
        work = Work()
        for alternative in self._unread:
            if all(
                accepts(field, values[self._positions[field.path]])
                for field in alternative.fields
                if field.path in self._positions
            ):
                if occurrences is None:
                    occurrences = flatten(decode(event), self._unread_tree)
                if satisfied(alternative.fields, occurrences, work):
                    yield alternative.name
