"""Which fields rules ask about, and how many distinct values the events have there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from keybus.cli.bench.families import JsonPattern


def used(pattern: JsonPattern, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of a pattern's fields, through ``$or``; each once or more."""
    for name, below in pattern.items():
        if name == "$or":
            for alternative in below:
                yield from used(alternative, above)
        elif isinstance(below, Mapping):
            yield from used(below, (*above, name))
        else:
            yield (*above, name)


def cardinalities(
    events: Sequence[bytes], paths: Iterable[tuple[str, ...]]
) -> dict[tuple[str, ...], int]:
    """How many distinct values the events have at each path, arrays looked through.

    Args:
        events: All of them, as UTF-8 JSON.
        paths: The fields to count.
    """
    # A value of one kind only: no field of the parcels has both 1 and True.
    found: dict[tuple[str, ...], set[Any]] = {path: set() for path in paths}
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for event in events:
        decoded = decode(event)
        for path, values in found.items():
            values.update(_at(decoded, path))
    return {path: len(values) for path, values in found.items()}


def _at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _at(element, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])
