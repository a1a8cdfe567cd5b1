"""An event in which arrays can make fields depend on each other."""

from collections.abc import Mapping
from typing import TypeAlias

from keybus.patterns.evaluate import Work, satisfied
from keybus.patterns.flatten import Occurrence, flatten
from keybus.patterns.index.alternative import Alternative
from keybus.patterns.index.layout import Arrays
from keybus.patterns.index.reader import Reader

Occurrences: TypeAlias = Mapping[str, list[Occurrence]]


class Observed:
    """What is known of one event beyond its values.

    Args:
        arrays: The paths at which it has arrays; None: not known.
        occurrences: Where each value lies; None: to be found out when somebody needs it.
        reader: Reads the fields in use.
        event: The event.
    """

    __slots__ = ("_arrays", "_event", "_occurrences", "_reader", "_work")

    def __init__(
        self, arrays: Arrays | None, occurrences: Occurrences | None, reader: Reader, event: bytes
    ) -> None:
        self._arrays, self._occurrences = arrays, occurrences
        self._reader, self._event = reader, event
        self._work: Work | None = None

    def satisfies(self, alternative: Alternative) -> bool:
        """Whether the event satisfies an alternative whose fields each find a value.

        Raises:
            EnvelopeError: It would take too long to find out; see `satisfied`.
        """
        if self._arrays is not None and alternative.joints.isdisjoint(self._arrays):
            return True
        if self._occurrences is None:
            reader = self._reader
            root = reader.decode_digits(self._event)
            self._occurrences = flatten(reader.plain(root), reader.tree)
        if self._work is None:
            self._work = Work()
        return satisfied(alternative.fields, self._occurrences, self._work)
