"""Lists that are declared to grow: ``"x-extensible": true`` beside ``enum``.

Whoever reads such a value promises to take those that are not listed yet, as long as they are of a
type that a listed one has. Who writes it keeps to the list.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from keybus.contracts.locations import Documents, Location
from keybus.contracts.validation import Validator, Validators
from keybus.errors import Fault

EXTENSIBLE: Final = "x-extensible"
"""The keyword beside ``enum``."""

_NOT_SCHEMAS: Final = frozenset({"enum", "const", "default", "examples", "example"})
_NAMED: Final = frozenset(
    {"properties", "patternProperties", "definitions", "dependencies"}
    | {"$defs", "dependentSchemas"}
)


def is_extensible(schema: Mapping[str, Any]) -> bool:
    """Whether a schema has a list that is declared to grow."""
    return schema.get(EXTENSIBLE) is True and isinstance(schema.get("enum"), list)


def without_extensible_lists(documents: Documents) -> Documents:
    """The documents with the types of such lists in place of the lists; themselves if none has."""
    changed = {file: _changed(document) for file, document in documents.items()}
    same = all(changed[file] is documents[file] for file in documents)
    return documents if same else changed


class Reading(NamedTuple):
    """What a reader of a schema takes: what fits, and what would if its lists had grown.

    A list may stand where to grow it refuses more (in ``not``, or twice in a ``oneOf``), so what
    fits as it is stays good.

    Attributes:
        strict: The schema as it is.
        grown: The schema without lists that are declared to grow; the same one where it has none.
    """

    strict: Validator
    grown: Validator

    def accepts(self, value: Any) -> bool:
        """Whether a reader takes a value."""
        if self.strict.accepts(value):
            return True
        return self.grown is not self.strict and self.grown.accepts(value)

    def faults(self, value: Any) -> list[Fault]:
        """Why a reader refuses a value (the first 100 faults); empty where it does not."""
        return [] if self.accepts(value) else self.grown.faults(value)


class Readings:
    """The `Reading` of every schema of one set of documents; each compiled at first use.

    Args:
        documents: The documents.
        validators: Their own validators.
    """

    def __init__(self, documents: Documents, validators: Validators) -> None:
        opened = without_extensible_lists(documents)
        self.has_lists = opened is not documents
        self._strict = validators
        self._grown = Validators(opened) if self.has_lists else validators

    def at(self, *locations: Location) -> Reading:
        """The reading of the schema at a place, or of several that all apply."""
        return Reading(self._strict.at(*locations), self._grown.at(*locations))


def _changed(value: Any, *, named: bool = False) -> Any:
    """A copy where something within is to be changed; else the same.

    Args:
        value: A schema, a list of schemas, or what holds schemas under their names.
        named: Whether it is the latter: its keys are no keywords.
    """
    if isinstance(value, list):
        items = [_changed(each) for each in value]
        return value if all(map(_is, items, value)) else items
    if not isinstance(value, dict):
        return value
    found = {
        name: inner
        if name in _NOT_SCHEMAS and not named
        else _changed(inner, named=name in _NAMED and not named)
        for name, inner in value.items()
    }
    if not named and is_extensible(found):
        types = sorted({_type(each) for each in found.pop("enum")})
        return {"type": types, **found}
    return value if all(found[name] is value[name] for name in value) else found


def _type(value: Any) -> str:
    """The type that draft-04 has for a value."""
    if isinstance(value, bool):
        return "boolean"
    for kind, name in (
        (int, "integer"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
        (type(None), "null"),
    ):
        if isinstance(value, kind):
            return name
    return "number"


def _is(one: object, other: object) -> bool:
    return one is other
