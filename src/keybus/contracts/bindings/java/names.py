"""Names in Java: each worked out from its own schema file, by rules that never change.

- A folder is a package in snake_case, a schema file a class in PascalCase.
- A class inside a file is nested in the file's class, without that class's name before its own.
- A property is a method in camelCase: ``door-id`` is ``doorId()``, ``2fa`` is ``_2fa()``.
- A value of a list is a constant in capitals: ``in-between`` is ``IN_BETWEEN``.
- A name that is taken gets ``_`` behind it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from keybus.contracts.naming import module_of, words_of
from keybus.errors import ContractError

KEYWORDS: Final = frozenset(
    {"abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const"}
    | {"continue", "default", "do", "double", "else", "enum", "extends", "final", "finally"}
    | {"float", "for", "goto", "if", "implements", "import", "instanceof", "int", "interface"}
    | {"long", "native", "new", "package", "private", "protected", "public", "return", "short"}
    | {"static", "strictfp", "super", "switch", "synchronized", "this", "throw", "throws"}
    | {"transient", "try", "void", "volatile", "while", "true", "false", "null", "_"}
)
"""The Java Language Specification 17, section 3.9, and the literals."""

METHODS: Final = frozenset(
    {"toJson", "toNode", "toBuilder", "builder"}
    | {"toString", "hashCode", "getClass", "notify", "notifyAll", "wait", "clone", "finalize"}
)
"""Methods without arguments that every generated class has."""

TYPES: Final = frozenset(
    {"Object", "String", "Boolean", "Long", "Override", "Deprecated", "IllegalArgumentException"}
    | {"BigDecimal", "BigInteger", "JsonNode", "List", "Map", "Optional", "Builder"}
    | {"EventBuilder", "EventContract", "Fields", "InvalidEventException", "Json", "KeybusEvent"}
    | {"KeybusObject", "ObjectBuilder", "OpenValue", "WireValue"}
)
"""Types that generated classes use by these names."""

CONSTANTS: Final = frozenset({"TYPE", "VERSION", "DIGEST", "OWNER", "CONTRACT"})
"""What every event's class has; Java takes such a name for the constant, not for a class."""

INTERNAL: Final = "internal"
"""The package of what generated classes keep to themselves."""

_LONGEST_FILE: Final = 255
_START: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl"})
_PART: Final = _START | {"Nd", "Mn", "Mc"}


def check_package(package: str) -> None:
    """Refuse a name that no Java package can have.

    Raises:
        ContractError: It is none.
    """
    for part in package.split("."):
        if not _is_identifier(part) or part in KEYWORDS:
            raise ContractError(
                f"{package!r} cannot be the name of a Java package: not {part!r}",
                hint="words joined by dots, such as --package com.example.events",
            )


def folders_of(file: str) -> tuple[str, ...]:
    """The packages, below the generated one, of a schema file's class."""
    parts = [_legal(part) for part in module_of(file)[:-1]]
    taken = (KEYWORDS | {INTERNAL}) if parts else KEYWORDS
    return tuple(
        f"{part}_" if part in (taken if index == 0 else KEYWORDS) else part
        for index, part in enumerate(parts)
    )


def type_name(name: str) -> str:
    """A class's name, from the one that all languages share."""
    return free(_legal(name), TYPES | KEYWORDS)


def nested_name(name: str, outer: str, taken: Iterable[str], *, in_event: bool) -> str:
    """The name of a class within a file's class; no two differ by their case alone.

    Args:
        name: The name that all languages share.
        outer: That of the file's class.
        taken: Names of the classes there are.
        in_event: Whether the file's class is an event's.
    """
    base = _short(_legal(name.removeprefix(outer) or name), outer)
    lower = {each.lower() for each in taken}
    found = free(base, TYPES | KEYWORDS | (CONSTANTS if in_event else frozenset()))
    while found.lower() in lower:
        found += "_"
    return found


def method_names(properties: Iterable[str]) -> Mapping[str, str]:
    """The methods of an object's properties: their names by the property's."""
    return _chosen(properties, camel, METHODS | KEYWORDS)


def constant_names(values: Iterable[str]) -> Mapping[str, str]:
    """The constants of a list's values: their names by the value."""
    return _chosen(values, constant, KEYWORDS)


def camel(text: str) -> str:
    """A name in camelCase; capitals within words stay: ``doorURL``."""
    first, *others = words_of(text) or ["property"]
    # A word of capitals is one: URL is url, and HTTPDoor is httpDoor.
    first = first.lower() if first.isupper() else first[:1].lower() + first[1:]
    return _legal(first + "".join(word[:1].upper() + word[1:] for word in others))


def constant(text: str) -> str:
    """A name in CAPITALS_WITH_UNDERSCORES."""
    return _legal("_".join(word.upper() for word in words_of(text)) or _spelt(text))


def free(name: str, taken: Iterable[str]) -> str:
    """The name, with as many underscores behind it as make it free."""
    used = frozenset(taken)
    while name in used:
        name += "_"
    return name


def _chosen(
    names: Iterable[str], spelling: Callable[[str], str], reserved: frozenset[str]
) -> Mapping[str, str]:
    """Names that need no change keep theirs; the others follow in alphabetical order."""
    given = list(names)
    chosen = {name: name for name in given if spelling(name) == name and name not in reserved}
    used = reserved | chosen.keys()
    for name in sorted(set(given) - chosen.keys()):
        chosen[name] = free(spelling(name), used)
        used |= {chosen[name]}
    return {name: chosen[name] for name in given}


def _short(name: str, outer: str) -> str:
    """The name; one whose class file no file system could name ends with a part of its digest."""
    room = _LONGEST_FILE - len(f"{outer}$$Builder.class".encode())
    if len(name.encode()) <= room:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    kept = max(room - len(digest) - 1, 0)
    return name.encode()[:kept].decode(errors="ignore") + f"_{digest}"


def _spelt(text: str) -> str:
    """What names a value that has no words: ``+`` is ``U002B``."""
    return "_".join(f"U{ord(character):04X}" for character in text[:8]) or "EMPTY"


def _legal(name: str) -> str:
    """A name as Java can spell it; characters are letters if Unicode 3.2 had them already."""
    kept = "".join(
        character if _category(character) in _PART or character == "_" else "_"
        for character in name
    )
    kept = re.sub(r"^_+$", "_", kept)
    return kept if _is_identifier(kept) else f"_{kept}"


def _is_identifier(name: str) -> bool:
    return (
        bool(name)
        and (name[0] == "_" or _category(name[0]) in _START)
        and all(character == "_" or _category(character) in _PART for character in name)
    )


def _category(character: str) -> str:
    return unicodedata.ucd_3_2_0.category(character)
