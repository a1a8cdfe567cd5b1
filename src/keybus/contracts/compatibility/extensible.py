"""Lists that are declared to grow: ``"x-extensible": true`` beside ``enum``.

Whoever reads such a value promises to take those that are not listed yet, so for a tolerant
reader the list says no more than the types of its values.
"""

from typing import Any, Final

from keybus.contracts.compatibility.drafts import NOT_SCHEMAS
from keybus.contracts.compatibility.values import kind_of
from keybus.contracts.locations import Documents

EXTENSIBLE: Final = "x-extensible"
"""The keyword beside ``enum``."""


def without_extensible_lists(documents: Documents) -> Documents:
    """The documents with the types of such lists in place of the lists; themselves if none has."""
    changed = {file: _changed(document) for file, document in documents.items()}
    same = all(changed[file] is documents[file] for file in documents)
    return documents if same else changed


def _changed(value: Any) -> Any:
    """A copy where something within is to be changed; else the same."""
    if isinstance(value, list):
        items = [_changed(each) for each in value]
        return value if all(map(_is, items, value)) else items
    if not isinstance(value, dict):
        return value
    found = {
        name: inner if name in NOT_SCHEMAS else _changed(inner) for name, inner in value.items()
    }
    if found.get(EXTENSIBLE) is True and isinstance(found.get("enum"), list):
        types = sorted({_type(each) for each in found.pop("enum")})
        return {"type": types, **found}
    return value if all(found[name] is value[name] for name in value) else found


def _type(value: Any) -> str:
    kind = kind_of(value)
    return "number" if kind == "decimal" else kind


def _is(one: object, other: object) -> bool:
    return one is other
