"""The ways in which a value can fit its schemas.

Alternatives (``anyOf``, ``oneOf``) are taken apart: a *way* is the schemas that all apply when a
value fits one branch of each.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from keybus.contracts.locations import Documents, Location, schema_at, target_of
from keybus.contracts.pattern_lint.leaves import Leaves
from keybus.contracts.validation import Validators

_MOST_WAYS: Final = 64

Sites = tuple[Location, ...]


class Way(NamedTuple):
    """Schemas that all apply to a value at once.

    Attributes:
        schemas: Each with its place; none of them is a reference.
        leaves: What they leave of the value.
    """

    schemas: Mapping[Location, Mapping[str, Any]]
    leaves: Leaves

    @property
    def free(self) -> bool:
        """Whether they say nothing of an object's properties, so that any may be meant."""
        keywords = ("properties", "patternProperties")
        return not any(
            any(schema.get(word) for word in keywords)
            or schema.get("additionalProperties") not in (None, True, {})
            for schema in self.schemas.values()
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that they declare."""
        return tuple(
            dict.fromkeys(
                n for schema in self.schemas.values() for n in schema.get("properties", ())
            )
        )

    def requires(self, name: str) -> bool:
        """Whether an object must have a property."""
        return any(name in schema.get("required", ()) for schema in self.schemas.values())


class Schemas:
    """The schemas of one contract, taken apart into ways; each worked out once."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._ways: dict[Sites, tuple[tuple[Way, ...], bool]] = {}
        self._named: dict[tuple[str, str], bool | None] = {}

    def ways(self, sites: Sites) -> tuple[tuple[Way, ...], bool]:
        """The ways to fit schemas that all apply; and whether those are all of them.

        Where they are too many, there is one without any alternative's schemas.
        """
        if sites not in self._ways:
            found = list(self._expanded(sites, alternatives=True))
            whole = len(found) <= _MOST_WAYS
            if not whole:
                found = list(self._expanded(sites, alternatives=False))
            ways = tuple(Way(way, Leaves.of(way.values())) for way in found)
            self._ways[sites] = ways, whole
        return self._ways[sites]

    def named(self, pattern: str, name: str) -> bool | None:
        """Whether a pattern of ``patternProperties`` is for a name; None where none can say."""
        key = (pattern, name)
        if key not in self._named:
            file = "named.json"
            refusing = Validators({file: {"patternProperties": {pattern: {"not": {}}}}})
            try:
                self._named[key] = not refusing.at(Location(file)).is_valid({name: None})
            except ValueError:
                self._named[key] = None
        return self._named[key]

    def _expanded(
        self, sites: Sites, *, alternatives: bool
    ) -> Iterator[dict[Location, Mapping[str, Any]]]:
        """One combination of applied schemas after the other, at most one more than are kept."""
        open_: list[tuple[dict[Location, Mapping[str, Any]], list[Location], list[Sites]]]
        open_ = [({}, list(reversed(sites)), [])]
        done = 0
        while open_ and done <= _MOST_WAYS:
            applied, waiting, choices = open_.pop()
            self._apply(applied, waiting, choices if alternatives else [])
            if not choices or not alternatives:
                done += 1
                yield applied
                continue
            branches = choices.pop()
            open_ += [(dict(applied), [branch], list(choices)) for branch in reversed(branches)]

    def _apply(
        self,
        applied: dict[Location, Mapping[str, Any]],
        waiting: list[Location],
        choices: list[Sites],
    ) -> None:
        """Everything that applies in any case; what is to be chosen from is put aside."""
        seen: set[Location] = set()
        while waiting:
            place = waiting.pop()
            schema = schema_at(self._documents, place)
            if place in applied or place in seen or not isinstance(schema, dict):
                continue
            seen.add(place)
            if isinstance(reference := schema.get("$ref"), str):
                waiting.append(target_of(place.file, reference))
                continue
            applied[place] = schema
            waiting += [place.at("allOf", i) for i in range(len(schema.get("allOf", ())))]
            for keyword in ("anyOf", "oneOf"):
                if schema.get(keyword):
                    count = len(schema[keyword])
                    choices.append(tuple(place.at(keyword, i) for i in range(count)))
