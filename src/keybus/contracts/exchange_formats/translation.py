"""Schemas of any draft, translated to draft-04: what it can say in other words, it says.

What cannot be carried is told, place by place. Every schema that is referred to becomes a
definition, under the last word of its address.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from keybus.contracts.exchange_formats.addresses import Address, Addresses
from keybus.contracts.exchange_formats.dialects import Draft, draft_of_schema
from keybus.contracts.exchange_formats.keywords import KEYWORDS
from keybus.contracts.exchange_formats.losses import Loss
from keybus.contracts.pointers import pointer_of

_ANNOTATIONS: Final = frozenset(
    {"title", "description", "default", "$comment", "example", "examples", "deprecated"}
    | {"readOnly", "writeOnly", "contentEncoding", "contentMediaType", "format"}
)
_COUNTS: Final = frozenset(
    {"maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"}
)
_AS_IT_IS: Final = frozenset({"multipleOf", "uniqueItems"})
_ADDRESSING: Final = frozenset(
    {"$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary"}
    | {"$defs", "definitions"}
)
_REFERENCES: Final = ("$ref", "$recursiveRef", "$dynamicRef")
_BESIDE: Final[Draft] = 2019
"""The first draft in which what stands beside a ``$ref`` counts."""
_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_MOST_DEFINITIONS: Final = 1_000


class Translated(msgspec.Struct, frozen=True):
    """A schema in draft-04.

    Attributes:
        schema: It; its references are ``#/definitions/NAME``. One that holds itself is such a
            reference alone.
        definitions: What those lead to.
        losses: What could not be carried.
    """

    schema: dict[str, Any]
    definitions: dict[str, Any]
    losses: tuple[Loss, ...]

    @property
    def root(self) -> dict[str, Any]:
        """What it says, even where it holds itself."""
        reference = self.schema.get("$ref")
        if not isinstance(reference, str):
            return self.schema
        found: dict[str, Any] = self.definitions[reference.rpartition("/")[2]]
        return found


def translated(
    document: Any,
    others: Mapping[str, Any] | None = None,
    *,
    root: str = "",
    otherwise: Draft = 7,
) -> Translated:
    """A schema as one of draft-04.

    Args:
        document: The schema.
        others: Documents that it may refer to, by the names by which it does.
        root: JSON pointer to the schema that is meant, within the document.
        otherwise: The draft that it is of where it does not say.
    """
    return _Translation({**(others or {}), "": document}, otherwise).run(Address("", root))


class _Translation:
    """One run, over a schema and what it refers to."""

    def __init__(self, documents: Mapping[str, Any], otherwise: Draft) -> None:
        self._addresses = Addresses(documents)
        main = draft_of_schema(documents[""], otherwise)
        self._drafts = {name: draft_of_schema(each, main) for name, each in documents.items()}
        self._names: dict[Address, str] = {}
        self._waiting: list[Address] = []
        self._losses: dict[Loss, None] = {}

    def run(self, root: Address) -> Translated:
        """Translate the schema at a place, and all that it refers to."""
        root = self._followed(root)
        schema = self.schema(self._addresses.at(root), root)
        definitions: dict[str, Any] = {}
        while self._waiting:
            place = self._waiting.pop()
            name = self._names[place]
            definitions[name] = self.schema(self._addresses.at(place), place)
        if root in self._names:  # it holds itself
            schema = {"$ref": f"#/definitions/{self._names[root]}"}
        return Translated(schema, dict(sorted(definitions.items())), tuple(self._losses))

    def _followed(self, place: Address) -> Address:
        """Through references alone, to the schema that is meant."""
        seen = {place}
        while True:
            target = self._only(place)
            if target is None or target in seen:
                return place
            seen.add(target)
            place = target

    def _only(self, place: Address) -> Address | None:
        """The place that a schema says to be the same as; None where it says something itself."""
        found = self._addresses.at(place)
        said = found.keys() - _ADDRESSING if isinstance(found, dict) else set()
        if said == {"$ref"} and isinstance(found["$ref"], str):
            return self._addresses.find(found["$ref"], place)
        parts = found["allOf"] if said - {"title"} == {"allOf"} else ()
        alone = isinstance(parts, list) and len(parts) == 1
        return Address(place.document, f"{place.pointer}/allOf/0") if alone else None

    def lose(self, place: Address, keyword: str, why: str) -> None:
        """Note what is not carried."""
        told = f"{place.document}#{place.pointer}" if place.document else place.pointer
        self._losses[Loss(told, keyword, why)] = None

    def schema(self, found: Any, place: Address) -> dict[str, Any]:
        """A schema, in draft-04's words."""
        if isinstance(found, bool):
            return {} if found else {"not": {}}
        if not isinstance(found, dict):
            self.lose(place, "", "It is no schema; anything is taken in its place.")
            return {}
        reference = next((each for each in _REFERENCES if isinstance(found.get(each), str)), None)
        if reference is not None:
            return self._referring(found, reference, place)
        schema: dict[str, Any] = {}
        for keyword, value in found.items():
            self._keyword(schema, found, keyword, value, place)
        return schema

    def draft(self, place: Address) -> Draft:
        """The draft that holds at a place."""
        return self._drafts[place.document]

    def all_of(self, schema: dict[str, Any], *parts: dict[str, Any]) -> None:
        """Let something else hold as well."""
        schema["allOf"] = [*schema.get("allOf", ()), *parts]

    def below(self, found: Any, place: Address, *tokens: str | int) -> dict[str, Any]:
        """The schema at a place below."""
        return self.schema(found, Address(place.document, place.pointer + pointer_of(*tokens)))

    def _referring(self, found: dict[str, Any], keyword: str, place: Address) -> dict[str, Any]:
        reference: str = found[keyword]
        if keyword == "$dynamicRef":
            self.lose(place, keyword, "It is taken for a $ref, which leads to one place only.")
        target = self._addresses.find(reference, place)
        if target is None:
            why = f"Nothing known is at {reference[:200]!r}; anything is taken in its place."
            self.lose(place, keyword, why)
            led: dict[str, Any] = {}
        else:
            led = {"$ref": f"#/definitions/{self._named(target, reference)}"}
        beside = {name: value for name, value in found.items() if name not in _REFERENCES}
        beside = {name: value for name, value in beside.items() if name not in _ADDRESSING}
        if not beside:
            return led
        rest = {name: value for name, value in beside.items() if name in _ANNOTATIONS - {"format"}}
        if self.draft(place) >= _BESIDE:
            schema = self.schema(beside, place)
            self.all_of(schema, led)
            return schema
        for name in sorted(beside.keys() - rest.keys()):
            self.lose(place, name, "Its draft ignores it beside a $ref, and so it is left out.")
        return {**self.schema(rest, place), "allOf": [led]} if rest else led

    def _named(self, target: Address, reference: str) -> str:
        if target not in self._names:
            words = (target.pointer or target.document or "Root").rstrip("/").rpartition("/")[2]
            base = _NAME.sub("_", words.removesuffix(".json"))[:100] or "Schema"
            name, number = base, 1
            while name in self._names.values():
                number += 1
                name = f"{base}{number}"
            if len(self._names) >= _MOST_DEFINITIONS:
                self.lose(target, reference[:200], "There are too many definitions.")
                return name
            self._names[target] = name
            self._waiting.append(target)
        return self._names[target]

    def _keyword(
        self,
        schema: dict[str, Any],
        found: dict[str, Any],
        keyword: str,
        value: Any,
        place: Address,
    ) -> None:
        """Carry one keyword."""
        if keyword in _ADDRESSING:
            return
        if keyword in _ANNOTATIONS or keyword in _AS_IT_IS:
            schema[keyword] = value
        elif keyword in _COUNTS:
            schema[keyword] = int(value) if isinstance(value, float) else value
        elif keyword in KEYWORDS:
            KEYWORDS[keyword](self, schema, found, place)
        else:
            schema[keyword if keyword.startswith("x-") else f"x-{keyword}"] = value
