"""Go's names: exported, without underscores, and with initialisms as linters ask for them.

The rules, which never change for a name that is published, are those of docs/bindings-go.md.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from keybus.contracts.naming import words_of

INITIALISMS: Final = frozenset(
    {"ACL", "API", "ASCII", "CPU", "CSS", "DNS", "EOF", "GUID", "HTML", "HTTP", "HTTPS", "ID", "IP"}
    | {"JSON", "LHS", "QPS", "RAM", "RHS", "RPC", "SLA", "SMTP", "SQL", "SSH", "TCP", "TLS", "TTL"}
    | {"UDP", "UI", "UID", "UUID", "URI", "URL", "UTF8", "VM", "XML", "XMPP", "XSRF", "XSS"}
)
"""The words that golint knows (its ``commonInitialisms``)."""

KEYWORDS: Final = frozenset(
    {"break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough"}
    | {"for", "func", "go", "goto", "if", "import", "interface", "map", "package", "range"}
    | {"return", "select", "struct", "switch", "type", "var"}
)
"""What no Go package can be called (The Go Programming Language Specification, Keywords)."""

TAKEN: Final = frozenset({"Extra", "KeybusContract", "MarshalJSON", "UnmarshalJSON"})
"""Names of a generated struct's own, which no field can have."""


def exported(text: str) -> str:
    """A name in Go's own spelling: ``delivery_id`` becomes ``DeliveryID``.

    What cannot begin an exported name, such as a digit, gets ``X`` before it.
    """
    name = joined(text)
    return name if unicodedata.category(name[:1] or " ") == "Lu" else f"X{name}"


def joined(text: str) -> str:
    """The words of a text as the part of a Go name; empty where it has none."""
    return "".join(_word(word) for word in words_of(_spelt(text)))


def value_name(value: str | int, index: int) -> str:
    """What the constant of an enum's value is called, behind its type.

    Args:
        value: The value.
        index: Its place in the list, which names what has no letter or digit.
    """
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return f"Minus{-value}" if value < 0 else str(value)
    if not value:
        return "Empty"
    words = value if any(letter.islower() for letter in value) else value.lower()
    return joined(words) or f"Value{index + 1}"


def field_names(names: Iterable[str]) -> Mapping[str, str]:
    """Go names of an object's properties.

    Plain snake_case names take theirs first, whatever else is declared; the others then take, in
    alphabetical order, the first that is free: ``DoorID``, ``DoorID2``.

    Args:
        names: The properties, as the contract spells them.

    Returns:
        Each property and its Go name, in the order given.
    """
    given = list(names)
    chosen: dict[str, str] = {}
    used = set(TAKEN)
    for name in sorted(given, key=lambda name: (not _is_plain(name), name)):
        chosen[name] = free(exported(name), used)
        used.add(chosen[name])
    return {name: chosen[name] for name in given}


def free(name: str, used: Iterable[str]) -> str:
    """The name itself where it is not used, or else the first free one with a number behind it."""
    taken = frozenset(used)
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}{number}"
    return found


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isidentifier() and name == name.lower()


def _word(word: str) -> str:
    if word.upper() in INITIALISMS:
        return word.upper()
    if word[-1:] == "s" and word[:-1].upper() in INITIALISMS:
        return word[:-1].upper() + "s"
    first = word[:1].upper()
    return (first if len(first) == 1 else word[:1]) + word[1:]


def _spelt(text: str) -> str:
    """The text with spaces for all that is no letter or digit to Go (its specification, Identifiers)."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(c if _is_letter_or_digit(c) else " " for c in normal)


def _is_letter_or_digit(character: str) -> bool:
    category = unicodedata.category(character)
    return category.startswith("L") or category == "Nd"
