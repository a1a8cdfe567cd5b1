"""An event in which arrays can make fields depend on each other."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from keybus.patterns.evaluate import Work, satisfied
from keybus.patterns.flatten import Occurrence, flatten
from keybus.patterns.index.alternative import Alternative
from keybus.patterns.index.condition import Condition, Conditions
from keybus.patterns.index.layout import Arrays, Scattered, Values
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

    def satisfies(self, alternative: Alternative, conditions: Conditions, values: Values) -> bool:
        """Whether the event satisfies an alternative whose fields each find a value.

        Args:
            alternative: The alternative.
            conditions: All its fields.
            values: What was read of the event.

        Raises:
            EnvelopeError: It would take too long to find out; see `satisfied`.
        """
        if self._arrays is not None:
            if alternative.joints.isdisjoint(self._arrays):
                return True
            if not (alternative.may_be_absent or alternative.nested):
                agree = _agree(conditions, values)
                if agree is not None:
                    return agree
        if self._occurrences is None:
            reader = self._reader
            root = reader.decode_digits(self._event)
            self._occurrences = flatten(reader.plain(root), reader.tree)
        if self._work is None:
            self._work = Work()
        return satisfied(alternative.fields, self._occurrences, self._work)


def _agree(conditions: Conditions, values: Values) -> bool | None:
    """Whether one element of each array satisfies all conditions on it.

    Returns:
        None where the conditions are not all on the elements themselves.
    """
    arrays: dict[int, list[tuple[Scattered, Condition]]] = {}
    for at, holds in conditions:
        value: Any = values[at]
        if value.__class__ is tuple:
            get, elements = value
            if get is None:
                return None
            arrays.setdefault(id(elements), []).append((value, holds))
    for array in arrays.values():
        (_, elements), _ = array[0]
        if len(array) > 1 and not any(
            all(holds(get(element)) for (get, _), holds in array if get) for element in elements
        ):
            return False
    return True
