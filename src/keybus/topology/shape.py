"""What the model's own JSON Schema refuses, in our own sentences, and the parts that it accepts."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import jsonschema_rs
import msgspec
from jsonschema_rs import ValidationError, ValidationErrorKind

from keybus.contracts.pointers import pointer_of
from keybus.topology.document import Document
from keybus.topology.findings import Finding, known_names, nearest, quoted
from keybus.topology.model import (
    FORMS,
    Account,
    EventAtMajor,
    EventType,
    Platform,
    Publisher,
    Subscription,
)

T = TypeVar("T")

_SCHEMA = msgspec.json.schema(Platform)
_VALIDATOR = jsonschema_rs.Draft202012Validator(_SCHEMA)
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "object": "a mapping, key: value",
    "array": "a list",
}
_EXAMPLES = {
    "bus": "write bus: my-bus",
    "id": 'write id: "111111111111"',
    "account": "write account: and the name of one of the accounts",
    "events": "write events: and the list of what it emits, such as [order.placed]",
}
_KIND = ValidationErrorKind


class Parts(msgspec.Struct, frozen=True):
    """The parts of a platform that have the right shape; each can be judged without the others.

    Attributes:
        names: Of all accounts, whatever their shape; None where they cannot be known.
        accounts: By name.
        publishers: By name.
        subscriptions: By name.
        all_publishers: Whether no publisher is missing here.
        contracts: The contracts' folder; None where it cannot be known.
    """

    names: frozenset[str] | None
    accounts: Mapping[str, Account]
    publishers: Mapping[str, Publisher]
    subscriptions: Mapping[str, Subscription]
    all_publishers: bool
    contracts: str | None


def convert(document: Document) -> Platform:
    """The platform of a document without findings."""
    # Not strict: to JSON Schema, 5.0 is a whole number.
    return msgspec.convert(document.data, Platform, strict=False)


def sound_parts(document: Document, findings: list[Finding]) -> Parts:
    """What can be judged further.

    Args:
        document: The file.
        findings: What is wrong with its shape.
    """
    pointers = {finding.pointer for finding in findings} | document.broken
    bad = {"/".join(pointer.split("/")[:3]) for pointer in pointers}
    data = document.data if isinstance(document.data, dict) else {}

    def members(section: str, kind: type[T]) -> dict[str, T]:
        found = data.get(section)
        return {
            name: msgspec.convert(value, kind, strict=False)
            for name, value in (found.items() if isinstance(found, dict) else ())
            if pointer_of(section, name) not in bad
        }

    accounts, publishers = data.get("accounts", {}), data.get("publishers", {})
    sound = members("publishers", Publisher)
    return Parts(
        names=frozenset(accounts) if isinstance(accounts, dict) else None,
        accounts=members("accounts", Account),
        publishers=sound,
        subscriptions=members("subscriptions", Subscription),
        all_publishers=isinstance(publishers, dict) and len(sound) == len(publishers),
        contracts=data.get("contracts", "contracts") if data and "/contracts" not in bad else None,
    )


def shape_findings(document: Document) -> Iterator[Finding]:
    """All that has not the model's shape, beside what could not be read at all."""
    if "" in document.broken:
        return
    errors = list(_VALIDATOR.iter_errors(document.data))
    missed: set[tuple[str, str]] = set()  # what a misspelt key was to be is not missing besides
    for error in errors:
        if isinstance(error.kind, _KIND.AdditionalProperties):
            yield from _unknown_keys(error, error.kind.unexpected, missed)
    for error in errors:
        place = pointer_of(*error.instance_path)
        if isinstance(error.kind, _KIND.Required):
            name = error.kind.property
            if (place, name) not in missed:
                message = f"the key {name!r} is missing"
                yield Finding("missing-key", message, place, _EXAMPLES.get(name, ""))
        elif isinstance(error.kind, _KIND.PropertyNames):
            key = str(error.kind.error.instance)
            message = f"the key {quoted(key)} is not {_form(error.kind.error)}"
            yield Finding("bad-value", message, place + pointer_of(key))
        elif place not in document.broken and type(error.kind) in _SENTENCES:
            yield _SENTENCES[type(error.kind)](error, place, document)


def _unknown_keys(
    error: ValidationError, names: Iterable[str], missed: set[tuple[str, str]]
) -> Iterator[Finding]:
    place = pointer_of(*error.instance_path)
    known: list[str] = list(_SCHEMA["$defs"][error.schema_path[1]]["properties"])
    there = error.instance if isinstance(error.instance, dict) else {}
    free = [key for key in known if key not in there]
    for name in names:
        hint = nearest(name, free)
        missed.update((place, key) for key in free if repr(key) in hint)
        message = f"{quoted(name)} is no key that stands here"
        yield Finding(
            "unknown-key", message, place + pointer_of(name), hint or known_names(name, known)
        )


def _type(error: ValidationError, place: str, document: Document) -> Finding:
    # The one choice of the model is the filter: a mapping, or nothing.
    expected = error.kind.types[0] if isinstance(error.kind, _KIND.Type) else "object"
    written = document.written.get(place, "")
    found = error.instance
    hint = ""
    if expected == "string" and written and found is not None:
        hint = f'put it in quotes: "{written}"'
    elif expected == "string" and isinstance(found, dict):
        hint = "put text with a colon or braces in quotes"
    elif expected == "integer" and isinstance(found, str) and found.isdecimal():
        hint = "write it without quotes"
    elif expected == "array" and isinstance(found, str):
        hint = f"write [{found}]" if re.fullmatch(r"[\w.@-]{1,128}", found) else "write [ ] around"
    elif found is None:
        hint = "write a value, or leave the key out"
    message = f"expected {_TYPES[expected]} and found {_shown(found, written)}"
    return Finding("wrong-type", message, place, hint)


def _shown(found: Any, written: str) -> str:
    if isinstance(found, str):
        return f"the text {quoted(found)}" if found else "an empty text"
    if isinstance(found, dict | list):
        return "a mapping" if isinstance(found, dict) else "a list"
    if found is None:
        return "nothing"
    return written if isinstance(found, bool) else f"the number {written}"


def _pattern(error: ValidationError, place: str, _: Document) -> Finding:
    text = str(error.instance)
    form = _form(error)
    hint = ""
    if form == FORMS[_pattern_of(EventAtMajor)]:
        hint = f"write {text}@1" if _fits(EventType, text) else ""
    elif form == FORMS[_pattern_of(EventType)] and _fits(EventAtMajor, text):
        hint = f"write {text.partition('@')[0]}: a publisher's events have no version"
    return Finding("bad-value", f"{quoted(text)} is not {form}", place, hint)


def _form(error: ValidationError) -> str:
    assert isinstance(error.kind, _KIND.Pattern)
    return FORMS[error.kind.pattern]


def _pattern_of(form: Any) -> str:
    return str(form.__metadata__[0].pattern)


def _fits(form: Any, text: str) -> bool:
    return re.fullmatch(_pattern_of(form), text) is not None


def _bound(error: ValidationError, place: str, document: Document) -> Finding:
    message = f"{document.written.get(place, error.instance)} is out of range"
    return Finding("bad-value", message, place, "write a whole number from 0 to 185")


_SENTENCES: Mapping[type, Callable[[ValidationError, str, Document], Finding]] = {
    _KIND.Type: _type,
    _KIND.AnyOf: _type,
    _KIND.Pattern: _pattern,
    _KIND.Minimum: _bound,
    _KIND.Maximum: _bound,
}
