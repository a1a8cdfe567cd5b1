"""What the model's own JSON Schema refuses, in our own sentences."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind

from keybus.contracts.pointers import follow, pointer_of
from keybus.topology.document import Document
from keybus.topology.findings import Finding, known_names, nearest, quoted
from keybus.topology.model import FORMS, EventAtMajor, EventType
from keybus.topology.schema import SECTIONS, Schema, editor_schema, team_schema

Kind = Literal["platform", "team"]
"""What a file is: a platform's own, or a team's, which it includes."""

_SCHEMAS: Mapping[Kind, Schema] = {"platform": editor_schema(), "team": team_schema()}
_VALIDATORS = {
    kind: jsonschema_rs.Draft202012Validator(schema) for kind, schema in _SCHEMAS.items()
}
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
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
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_SINGLY = {
    "/sources/": "name sources one by one: the bus is closed by default",
    "/events/": "name event types one by one: the bus is closed by default",
    "/types/": "name event types one by one",
    "/account": "name accounts one by one: the bus is closed by default",
}


def shape_findings(document: Document, kind: Kind = "platform") -> Iterator[Finding]:
    """All that has not the model's shape, beside what could not be read at all."""
    if "" in document.broken:
        return
    errors = list(_VALIDATORS[kind].iter_errors(document.data))
    schema = _SCHEMAS[kind]
    missed: set[tuple[str, str]] = set()  # what a misspelt key was to be is not missing besides
    for error in errors:
        if isinstance(error.kind, _KIND.AdditionalProperties):
            for finding in _unknown_keys(error, error.kind.unexpected, schema, missed):
                yield document.placed(finding)
    judged = _Judged(document, schema)
    for error in errors:
        found = _finding(error, judged, missed)
        if found is not None:
            yield document.placed(found)


def _finding(
    error: ValidationError, judged: "_Judged", missed: set[tuple[str, str]]
) -> Finding | None:
    """What else an error says, unless it says nothing new."""
    place = pointer_of(*error.instance_path)
    if isinstance(error.kind, _KIND.Required):
        name = error.kind.property
        if (place, name) in missed:
            return None
        hint = _EXAMPLES.get(name, "")
        return Finding("missing-key", f"the key {name!r} is missing", place, hint)
    if isinstance(error.kind, _KIND.PropertyNames):
        key = str(error.kind.error.instance)
        message = f"the key {quoted(key)} is not {_form(error.kind.error)}"
        below = place + pointer_of(key)
        return Finding("bad-value", message, below, _wildcard(key, below))
    if place in judged.document.broken or type(error.kind) not in _SENTENCES:
        return None
    return _SENTENCES[type(error.kind)](error, place, judged)


class _Judged(NamedTuple):
    """What is judged, and by what."""

    document: Document
    schema: Schema

    def rule(self, error: ValidationError) -> Schema:
        """The schema whose keyword refuses a value."""
        rule: Schema = follow(self.schema, pointer_of(*error.schema_path[:-1]))
        return rule

    def shown(self, place: str, value: Any) -> str:
        """A number or truth value as it was written."""
        return self.document.written.get(place) or quoted(str(value))


def _unknown_keys(
    error: ValidationError, names: Iterable[str], schema: Schema, missed: set[tuple[str, str]]
) -> Iterator[Finding]:
    place = pointer_of(*error.instance_path)
    known: list[str] = list(follow(schema, pointer_of(*error.schema_path[:-1]))["properties"])
    there = error.instance if isinstance(error.instance, dict) else {}
    free = [key for key in known if key not in there]
    for name in names:
        hint = nearest(name, free)
        if not place and name in SECTIONS:
            hint = "it is declared in the platform's own file"
        missed.update((place, key) for key in free if repr(key) in hint)
        message = f"{quoted(name)} is no key that stands here"
        yield Finding(
            "unknown-key", message, place + pointer_of(name), hint or known_names(name, known)
        )


def _type(error: ValidationError, place: str, judged: _Judged) -> Finding:
    assert isinstance(error.kind, _KIND.Type)
    types = [name for name in error.kind.types if name != "null"]
    expected = "text or a list" if len(types) > 1 else _TYPES[types[0]]
    found = error.instance
    written = judged.document.written.get(place, "")
    message = f"expected {expected} and found {_shown(found, written)}"
    return Finding("wrong-type", message, place, _type_hint(types[0], found, written))


def _type_hint(expected: str, found: Any, written: str) -> str:
    if expected == "string" and written and found is not None:
        return f'put it in quotes: "{written}"'
    if expected == "string" and isinstance(found, dict):
        return "put text with a colon or braces in quotes"
    if expected in {"integer", "number"} and isinstance(found, str) and _NUMBER.fullmatch(found):
        return "write it without quotes"
    if expected == "array" and isinstance(found, str):
        return f"write [{found}]" if re.fullmatch(r"[\w.@/-]{1,128}", found) else "write [ ] around"
    if found is None:
        return "write a value, or leave the key out"
    return ""


def _shown(found: Any, written: str) -> str:
    if isinstance(found, str):
        return f"the text {quoted(found)}" if found else "an empty text"
    if isinstance(found, dict | list):
        return "a mapping" if isinstance(found, dict) else "a list"
    if found is None:
        return "nothing"
    return written if isinstance(found, bool) else f"the number {written}"


def _pattern(error: ValidationError, place: str, _: _Judged) -> Finding:
    text = str(error.instance)
    form = _form(error)
    hint = _wildcard(text, place)
    if not hint and form == FORMS[_pattern_of(EventAtMajor)]:
        hint = f"write {text}@1" if _fits(EventType, text) else ""
    elif form == FORMS[_pattern_of(EventType)] and _fits(EventAtMajor, text):
        hint = f"write {text.partition('@')[0]}: it has no version here"
    return Finding("bad-value", f"{quoted(text)} is not {form}", place, hint)


def _wildcard(text: str, place: str) -> str:
    """What to write in place of a name that is to stand for many."""
    if "*" not in text:
        return ""
    return next((hint for part, hint in _SINGLY.items() if part in place), "")


def _form(error: ValidationError) -> str:
    assert isinstance(error.kind, _KIND.Pattern)
    return FORMS[error.kind.pattern]


def _pattern_of(form: Any) -> str:
    return str(form.__metadata__[0].pattern)


def _fits(form: Any, text: str) -> bool:
    return re.fullmatch(_pattern_of(form), text) is not None


def _bound(error: ValidationError, place: str, judged: _Judged) -> Finding:
    rule = judged.rule(error)
    message = f"{judged.shown(place, error.instance)} is out of range"
    above = f"above {rule['exclusiveMinimum']}" if "exclusiveMinimum" in rule else ""
    from_ = above or f"from {rule['minimum']}"
    until = f"at most {rule['maximum']}" if above else f"to {rule['maximum']}"
    hint = f"write {_TYPES[rule['type']]} {from_} {'and ' if above else ''}{until}"
    return Finding("bad-value", message, place, hint)


def _enum(error: ValidationError, place: str, judged: _Judged) -> Finding:
    choices = [str(choice) for choice in judged.rule(error)["enum"]]
    shown = judged.shown(place, error.instance) if error.instance is not None else "nothing"
    message = f"{shown} is not one of {', '.join(choices)}"
    return Finding("bad-value", message, place, nearest(str(error.instance), choices))


def _empty(_: ValidationError, place: str, __: _Judged) -> Finding:
    return Finding("bad-value", "it is empty", place, "name a file")


_SENTENCES: Mapping[type, Callable[[ValidationError, str, _Judged], Finding]] = {
    _KIND.Type: _type,
    _KIND.Enum: _enum,
    _KIND.Pattern: _pattern,
    _KIND.Minimum: _bound,
    _KIND.Maximum: _bound,
    _KIND.ExclusiveMinimum: _bound,
    _KIND.MinLength: _empty,
    _KIND.MinItems: _empty,
}
