"""One self-contained document out of many that refer to each other.

The validator takes time exponential in the number of files when it follows references between
them, and none to speak of within one document. So every schema that is referred to becomes one
definition of a single document, and every reference names its definition.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from keybus.contracts.locations import Documents, Location, children_of, schema_at, target_of

_DROPPED = frozenset({"$schema", "id", "definitions"})


class BundledSchema:
    """The schemas at some places, which all apply, as one document.

    Attributes:
        schema: The document.

    Args:
        documents: The files.
        places: The schemas that the document is for.

    Raises:
        BadReference: Something refers to what is not there.
    """

    def __init__(self, documents: Documents, places: Iterable[Location]) -> None:
        self._names: dict[Location, str] = {}
        self._waiting: list[Location] = []
        applied = [{"$ref": self._named(place)} for place in places]
        definitions: dict[str, Any] = {}
        while self._waiting:
            place = self._waiting.pop()
            found = schema_at(documents, place)
            definitions[self._names[place]] = self._rewritten(found, place)
        self.schema = {"definitions": definitions, "allOf": applied}
        self._places = {name: place for place, name in self._names.items()}

    def place_of(self, path: Sequence[str | int]) -> Location | None:
        """Where in the files the keyword stands that the validator names by this path."""
        tokens = [str(token) for token in path]
        if len(tokens) < 2 or tokens[0] != "definitions" or tokens[1] not in self._places:  # noqa: PLR2004 - and the definition's name
            return None
        return self._places[tokens[1]].at(*tokens[2:])

    def _named(self, place: Location) -> str:
        """The reference to a place's definition."""
        if place not in self._names:
            self._names[place] = f"s{len(self._names)}"
            self._waiting.append(place)
        return f"#/definitions/{self._names[place]}"

    def _rewritten(self, schema: Any, place: Location) -> Any:
        """A copy of a schema in which references name definitions."""
        if not isinstance(schema, dict):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return {"$ref": self._named(target_of(place.file, reference))}
        copy = {
            keyword: value
            for keyword, value in schema.items()
            if keyword not in _DROPPED or not isinstance(value, str | dict)
        }
        for (keyword, *rest), child in children_of(schema):
            if keyword not in copy:
                continue
            fresh = self._rewritten(child, place)
            if not rest:
                copy[keyword] = fresh
                continue
            if copy[keyword] is schema[keyword]:
                copy[keyword] = type(schema[keyword])(schema[keyword])  # its own dict or list
            copy[keyword][rest[0]] = fresh
        return copy
