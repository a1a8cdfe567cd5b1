"""Fields that match alone and not together: which array they disagree on, and where."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from keybus.patterns.evaluate import Field
from keybus.patterns.explanation import Disagreement, FieldElements
from keybus.patterns.flatten import Occurrence, Trail
from keybus.patterns.wording import encodable, listed, named, pointer, printable

_MOST_ELEMENTS: Final = 10

_Accepted: TypeAlias = Mapping[str, list[Occurrence]]


def disagreement(
    fields: Sequence[Field], occurrences: Mapping[str, list[Occurrence]]
) -> Disagreement:
    """Describe fields that no choice of array elements satisfies together.

    Args:
        fields: The fields.
        occurrences: The event's values by path.
    """
    accepted = {
        field.path: [one for one in occurrences.get(field.path, ()) if field.accepts(one)]
        for field in fields
    }
    array = _array(accepted)
    told = tuple(_elements(path, found, array) for path, found in accepted.items())
    name = _name(array, accepted)
    return Disagreement(encodable(name), told, _reason(name, told))


def _array(accepted: _Accepted) -> int:
    """The outermost array whose elements the fields disagree on, else one they share; 0: none."""
    indexes: dict[int, dict[str, set[int]]] = {}
    for path, found in accepted.items():
        for occurrence in found:
            for array, index in occurrence.place:
                indexes.setdefault(array, {}).setdefault(path, set()).add(index)
    shared = sorted(array for array, by_path in indexes.items() if len(by_path) > 1)
    for array in shared:
        if not set.intersection(*indexes[array].values()):
            return array
    return shared[0] if shared else min(indexes, default=0)


def _elements(path: str, found: Sequence[Occurrence], array: int) -> FieldElements:
    elements = {index for one in found for number, index in one.place if number == array}
    return FieldElements(
        encodable(path),
        tuple(sorted(elements)[:_MOST_ELEMENTS]),
        tuple(pointer(one.trail) for one in found[:_MOST_ELEMENTS]),
    )


def _name(array: int, accepted: _Accepted) -> str:
    """The path of an array."""
    for found in accepted.values():
        for occurrence in found:
            trail = occurrence.trail
            while trail is not None:
                trail, _, number = trail
                if array and number == array:
                    return _keys(trail)
    return ""


def _keys(trail: Trail) -> str:
    keys: list[str] = []
    while trail is not None:
        trail, key, _ = trail
        if isinstance(key, str):
            keys.append(key)
    return ".".join(reversed(keys))


def _reason(name: str, told: Sequence[FieldElements]) -> str:
    return (
        "each of these fields matches somewhere, but no single element of the array "
        f"{named(name)} satisfies them all: {listed(told, _where, '; ')}"
    )


def _where(field: FieldElements) -> str:
    if not field.elements:
        return f"{named(field.path)} at {printable(field.pointers[0]) if field.pointers else 'no element'}"
    word = "element" if len(field.elements) == 1 else "elements"
    return f"{named(field.path)} in {word} {', '.join(map(str, field.elements))}"
