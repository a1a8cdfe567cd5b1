"""Names of generated things: stable, and worked out from one place in the contracts alone.

The rules, which never change for a name that is published:

- A file's module is its path, each part in snake_case: ``core/EventType.json`` becomes
  ``core/event_type.py``.
- A class is named after its file in PascalCase; one that stands inside a file is named after its
  file and its way there: ``DeliveryStatusUpdatedVehicle``, ``DeliveryStatusUpdatedStopsItem``.
- A property keeps its name where Python can spell it. Otherwise what Python cannot spell becomes
  ``_``, a leading digit gets ``_`` before it, and a name that is taken (a keyword, or one of the
  few names of the event's own) gets ``_`` behind it.
"""

import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping

from keybus.contracts.locations import Location
from keybus.contracts.pointers import tokens_of

RESERVED = frozenset(
    {"TYPE", "VERSION", "DIGEST", "OWNER", "DEPRECATED"}
    | {"from_dict", "from_json", "to_dict", "to_json", "replace", "_document", "_form"}
)
"""Names of an event's own, which no property can have in Python."""

_NAMED = frozenset({"properties", "definitions", "dependencies"})
_NUMBERED = {"oneOf": "Option", "anyOf": "Option", "allOf": ""}
_FIXED = {"additionalProperties": "Value", "additionalItems": "Item", "not": "Not"}


def words_of(text: str) -> list[str]:
    """The words of a name, whatever joins them: ``door-id``, ``doorId``, ``HTTPDoor``, ``door.id``.

    Digits belong to the word before them.
    """
    normal = unicodedata.normalize("NFKC", text)
    spelt = "".join(c if c != "_" and f"_{c}".isidentifier() else " " for c in normal)
    words = []
    for chunk in spelt.split():
        start = 0
        for index in range(1, len(chunk)):
            before, here, after = chunk[index - 1], chunk[index], chunk[index + 1 : index + 2]
            if here.isupper() and (not before.isupper() or after.islower()):
                words.append(chunk[start:index])
                start = index
        words.append(chunk[start:])
    return words


def pascal(text: str) -> str:
    """A name in PascalCase; words keep their inner capitals: ``HTTPCode`` stays."""
    return "".join(word[:1].upper() + word[1:] for word in words_of(text))


def snake(text: str) -> str:
    """A name in snake_case that Python can import."""
    joined = "_".join(word.lower() for word in words_of(text)) or "schema"
    name = joined if joined.isidentifier() else f"_{joined}"
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


def title_of_type(event_type: str) -> str:
    """The title that an event type's contract must have: ``delivery.status.updated``'s is
    ``DeliveryStatusUpdated``.
    """  # noqa: D205 - one sentence
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[._]", event_type))


def module_of(file: str) -> tuple[str, ...]:
    """The module of a schema file, as parts below the generated package."""
    *folders, name = file.removesuffix(".json").split("/")
    return (*(snake(folder) for folder in folders), snake(name))


def class_of(place: Location, title: str = "") -> str:
    """The class named after a place, before clashes within its module are resolved.

    Args:
        place: Where the schema stands.
        title: The title of the file, where it is an event's; else the file's name counts.
    """
    name = title or pascal(place.file.rpartition("/")[2].removesuffix(".json")) or "Schema"
    if not name.isidentifier():
        name = f"_{name}"
    tokens = iter(tokens_of(place.pointer))
    for token in tokens:
        if token in _NAMED:
            name += pascal(next(tokens, "")) or "Property"
        elif token in _NUMBERED:
            ordinal = next(tokens, "0")
            prefix = _NUMBERED[token]
            name += f"{prefix}{int(ordinal) + 1}" if prefix else ""
        elif token == "items":  # noqa: S105 - a keyword of JSON Schema
            name += "Item"
        elif token == "patternProperties":  # noqa: S105 - a keyword of JSON Schema
            next(tokens, "")
            name += "Value"
        elif token.isdecimal():
            name += str(int(token) + 1)
        else:
            name += _FIXED.get(token, pascal(token))
    return f"{name}_" if keyword.iskeyword(name) else name


def python_names(names: Iterable[str], taken: Iterable[str]) -> Mapping[str, str]:
    """Python names of an object's properties.

    Names that need no change keep theirs whatever else is declared; the others then take, in
    alphabetical order, the first free one.

    Args:
        names: The properties, as the contract spells them.
        taken: Names that no property may have.

    Returns:
        Each property and its Python name, in the order given.
    """
    given = list(names)
    used = set(taken)
    chosen = {name: name for name in given if name not in used and _spellable(name)}
    used.update(chosen)
    for name in sorted(set(given) - chosen.keys()):
        base = _respelled(name)
        free = base
        while free in used or keyword.iskeyword(free):
            free += "_"
        chosen[name] = free
        used.add(free)
    return {name: chosen[name] for name in given}


def _spellable(name: str) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and unicodedata.normalize("NFKC", name) == name
        and not name.startswith("__")  # Python would mangle it within the class
    )


def _respelled(name: str) -> str:
    normal = unicodedata.normalize("NFKC", name)
    text = "".join(c if f"_{c}".isidentifier() else "_" for c in normal)
    text = re.sub(r"^__+", "_", text) or "_"
    return text if text.isidentifier() else f"_{text}"
