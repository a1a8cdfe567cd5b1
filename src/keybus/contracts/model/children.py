"""Which schemas declare an array's item at a position, and an object's member of a name."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from keybus.contracts.locations import Location, owner, schema_at
from keybus.contracts.validation import Validators

if TYPE_CHECKING:
    from keybus.contracts.model.bundle import Bundle
    from keybus.contracts.view import Sites

Reader = Callable[[Any], Any]
Choose = Callable[["tuple[Sites, ...]"], Reader]
"""Gives what reads a value that one of several schemas declares."""


class Items:
    """Reads an array's items by their positions (draft-04 validation, section 5.3.1)."""

    def __init__(self, bundle: "Bundle", sites: "Sites", reader_of: Choose) -> None:
        found = list(_applied(bundle, sites))
        mark = _mark(bundle, sites)
        longest = max((len(_positions(schema)) for _, schema in found), default=0)
        self._first = [reader_of(tuple(_items(found, mark, index))) for index in range(longest)]
        self._rest = reader_of(tuple(_items(found, mark, longest)))

    def read(self, items: list[Any]) -> tuple[Any, ...]:
        """The items as an event's attribute shows them."""
        count = len(self._first)
        first = (read(item) for read, item in zip(self._first, items, strict=False))
        return (*first, *map(self._rest, items[count:] if count else items))


class _Names(NamedTuple):
    """What one schema says of an object's members, by their names."""

    declared: frozenset[str]
    patterns: tuple[tuple[Callable[[Any], bool], "Sites"], ...]
    others: "tuple[Sites, ...]"


class Members:
    """Reads an object's members by their names (draft-04 validation, section 5.4.4)."""

    def __init__(self, bundle: "Bundle", sites: "Sites", reader_of: Choose) -> None:
        mark = _mark(bundle, sites)
        self._rules = [_names(place, mark, schema) for place, schema in _applied(bundle, sites)]
        self._reader_of = reader_of
        self._readers: dict[tuple[Sites, ...], Reader] = {}  # bounded by the schemas

    def read(self, name: str, value: Any) -> Any:
        """The member of this name as an event's attribute shows it."""
        choices = tuple(sites for rules in self._rules for sites in _members(rules, name))
        reader = self._readers.get(choices)
        if reader is None:
            reader = self._readers[choices] = self._reader_of(choices)
        return reader(value)


def _applied(bundle: "Bundle", sites: "Sites") -> Iterator[tuple[Location, dict[str, Any]]]:
    for place in bundle.view.node(*sites).applied:
        schema = schema_at(bundle.documents, place)
        if isinstance(schema, dict) and not isinstance(schema.get("$ref"), str):
            yield place, schema


def _mark(bundle: "Bundle", sites: "Sites") -> Location:
    """Whose classes the values below have, where the schemas are borrowed from another file."""
    return owner(bundle.view.node(*sites).owner)


def _positions(schema: dict[str, Any]) -> list[Any]:
    items = schema.get("items")
    return items if isinstance(items, list) else []


def _items(
    found: list[tuple[Location, dict[str, Any]]], mark: Location, index: int
) -> "Iterator[Sites]":
    for place, schema in found:
        if isinstance(schema.get("items"), dict):
            yield (place.at("items"), mark)
        elif index < len(_positions(schema)):
            yield (place.at("items", index), mark)
        elif _positions(schema) and isinstance(schema.get("additionalItems"), dict):
            yield (place.at("additionalItems"), mark)


def _names(place: Location, mark: Location, schema: dict[str, Any]) -> _Names:
    others = schema.get("additionalProperties")
    return _Names(
        declared=frozenset(schema.get("properties", ())),
        patterns=tuple(
            (_matches(pattern), (place.at("patternProperties", pattern), mark))
            for pattern in schema.get("patternProperties", ())
        ),
        others=((place.at("additionalProperties"), mark),) if others and others is not True else (),
    )


def _members(rules: _Names, name: str) -> "Iterator[Sites]":
    matching = [sites for matches, sites in rules.patterns if matches(name)]
    yield from matching
    if not matching and name not in rules.declared:
        yield from rules.others


def _matches(pattern: str) -> Callable[[Any], bool]:
    """Whether names match a pattern, by the validator's own engine."""
    return Validators({"": {"pattern": pattern}}).at(Location("")).accepts
