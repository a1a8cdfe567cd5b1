"""What the validator found wrong, in our own words: complete sentences, each with its place.

The validator's own text shortens long enums and misnames exclusive bounds, so every sentence is
built from the error's kind, which carries the data.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from keybus.contracts.formats import MEANINGS
from keybus.contracts.hints import Hints, clip, place_of, quoted
from keybus.errors import Fault

MOST_FAULTS = 100
"""Faults made of one document's errors; a hostile document could have millions."""

_LONGEST = 60  # characters of a found value in a sentence
_MOST = 8  # values of an enum in a sentence
_LEVELS = 2  # alternatives within alternatives that a hint goes into
_CORE = frozenset({"id", "type", "time", "publisher", "schema_version"})

_TYPES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "object": "an object",
    "array": "an array",
}

Neighbours = Callable[[ValidationError], Sequence[str]]
"""Names of the properties that the schema which raised an error declares."""


def show(value: Any) -> str:
    """A value as a sentence shows it: short, on one line, without control characters."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return f"an array of {_count(len(value), 'item')}"
    if isinstance(value, str):
        return f"the string {_visible(json.dumps(clip(value, _LONGEST), ensure_ascii=False))}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return f"a whole number of more than {_LONGEST} digits"
    return f"the number {clip(str(value), _LONGEST)}"


def faults_of(
    errors: Iterable[ValidationError], neighbours: Neighbours = lambda _: ()
) -> Iterator[Fault]:
    """The first faults that these errors mean, in the errors' order."""
    return islice(_faults(errors, neighbours, Hints(), _LEVELS), MOST_FAULTS)


def _faults(
    errors: Iterable[ValidationError], neighbours: Neighbours, hints: Hints, levels: int
) -> Iterator[Fault]:
    for error in errors:
        kind = error.kind
        place = place_of(*error.instance_path)
        if isinstance(kind, ValidationErrorKind.Required):
            yield _missing(kind.property, error, place, neighbours, hints)
        elif isinstance(kind, ValidationErrorKind.AdditionalProperties):
            there: Any = error.instance
            known = [name for name in neighbours(error) if name not in there]
            for name in kind.unexpected:
                message = (
                    f"The contract declares no property {quoted(name)} here, and no other may be."
                )
                hint = hints.nearest(name, known) or "remove it, or declare it in the contract"
                yield Fault(kind.name, message, pointer=place + place_of(name), hint=hint)
        elif isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
            message = (
                f"Expected one of {len(kind.context)} alternatives and found "
                f"{show(error.instance)}, which fits none."
            )
            hint = _closest(kind.context, error, neighbours, hints, levels)
            yield Fault(kind.name, message, pointer=place, hint=hint)
        else:
            yield Fault(kind.name, _sentence(error), pointer=place, hint=_hint(error, hints))


def _missing(
    name: str, error: ValidationError, place: str, neighbours: Neighbours, hints: Hints
) -> Fault:
    """A required property that is not there; what is declared and given is not its misspelling."""
    there = error.instance if isinstance(error.instance, dict) else {}
    declared = {*neighbours(error), *(() if place else _CORE)}
    message = f"The property {quoted(name)} is required and is missing."
    hint = hints.misspelt(name, (other for other in there if other not in declared))
    return Fault("required", message, pointer=place + place_of(name), hint=hint)


def _closest(
    context: Sequence[Sequence[ValidationError]],
    error: ValidationError,
    neighbours: Neighbours,
    hints: Hints,
    levels: int,
) -> str:
    """None of the alternatives fits: name the one that came closest, and what it lacks."""
    if not context or not levels:
        return ""
    depth = len(error.instance_path)
    index, errors = min(enumerate(context), key=lambda branch: _distance(branch[1], depth))
    lacking = list(islice(_faults(errors, neighbours, hints, levels - 1), MOST_FAULTS))
    reasons = [
        f"at {fault.pointer}: {fault.message.rstrip('.')}"
        + (f" - {fault.hint.rstrip('?')}" if fault.hint else "")
        for fault in lacking[:3]
    ]
    more = f"; and {len(lacking) - 3} more" if len(lacking) > len(reasons) else ""
    return f"alternative {index + 1} comes closest: {'; '.join(reasons)}{more}"


def _distance(errors: Sequence[ValidationError], depth: int) -> tuple[bool, bool, int]:
    """How far a value is from an alternative: another type, another tag, how many errors."""
    here = [error for error in errors if len(error.instance_path) == depth]
    wrong_type = any(isinstance(e.kind, ValidationErrorKind.Type) for e in here)
    wrong_tag = any(
        isinstance(e.kind, ValidationErrorKind.Enum) and len(e.instance_path) <= depth + 1
        for e in errors
    )
    return wrong_type, wrong_tag, len(errors)


def _sentence(error: ValidationError) -> str:
    maker = _SENTENCES.get(type(error.kind))
    if maker is None:
        return f"The value breaks the rule {error.kind.name!r}; found {show(error.instance)}."
    return maker(error.kind, error.instance)


def _hint(error: ValidationError, hints: Hints) -> str:
    if isinstance(error.kind, ValidationErrorKind.Enum) and isinstance(error.instance, str):
        return hints.nearest(error.instance, (o for o in error.kind.options if isinstance(o, str)))
    return ""


def _type(kind: Any, found: Any) -> str:
    expected = " or ".join(_TYPES.get(name, name) for name in kind.types)
    written = ", written with a fraction" if "integer" in kind.types and _is_whole(found) else ""
    return f"Expected {expected} and found {show(found)}{written}."


def _is_whole(found: Any) -> bool:
    """Whether a fraction's value is a whole number, without writing out its digits."""
    if isinstance(found, float):
        return found.is_integer()
    return isinstance(found, Decimal) and found == found.to_integral_value()


def _enum(kind: Any, found: Any) -> str:
    shown = ", ".join(_bare(option) for option in kind.options[:_MOST])
    more = len(kind.options) - _MOST
    rest = f" and {more} more" if more > 0 else ""
    if len(kind.options) == 1:
        return f"Expected {shown} and found {show(found)}."
    return f"Expected one of {shown}{rest} and found {show(found)}."


def _bare(value: Any) -> str:
    return show(value).removeprefix("the string ").removeprefix("the number ")


def _format(kind: Any, found: Any) -> str:
    meaning = MEANINGS.get(kind.format, f"a value of the format {kind.format!r}")
    return f"Expected {meaning} and found {show(found)}."


def _bound(words: str) -> Callable[[Any, Any], str]:
    return lambda kind, found: (
        f"Expected a number {words} {_bare(kind.limit)} and found {show(found)}."
    )


def _size(words: str, unit: str) -> Callable[[Any, Any], str]:
    def sentence(kind: Any, found: Any) -> str:
        size = len(found) if isinstance(found, str | list | dict) else "another number"
        return f"Expected at {words} {_count(kind.limit, unit)} and found {size}."

    return sentence


def _count(number: int, unit: str) -> str:
    plural = "properties" if unit == "property" else f"{unit}s"
    return f"{number} {unit if number == 1 else plural}"


def _pattern(kind: Any, found: Any) -> str:
    pattern = _visible(clip(kind.pattern, _LONGEST))
    return f"Expected a string that matches /{pattern}/ and found {show(found)}."


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)


_KIND = ValidationErrorKind
_SENTENCES: Mapping[type, Callable[[Any, Any], str]] = {
    _KIND.Type: _type,
    _KIND.Enum: _enum,
    _KIND.Format: _format,
    _KIND.Pattern: _pattern,
    _KIND.Minimum: _bound("of at least"),
    _KIND.Maximum: _bound("of at most"),
    _KIND.ExclusiveMinimum: _bound("greater than"),
    _KIND.ExclusiveMaximum: _bound("less than"),
    _KIND.MultipleOf: lambda kind, found: (
        f"Expected a multiple of {_bare(kind.multiple_of)} and found {show(found)}."
    ),
    _KIND.MinLength: _size("least", "character"),
    _KIND.MaxLength: _size("most", "character"),
    _KIND.MinItems: _size("least", "item"),
    _KIND.MaxItems: _size("most", "item"),
    _KIND.MinProperties: _size("least", "property"),
    _KIND.MaxProperties: _size("most", "property"),
    _KIND.UniqueItems: lambda *_: "Expected items that all differ, and some are equal.",
    _KIND.AdditionalItems: lambda kind, found: (
        f"Expected at most {_count(kind.limit, 'item')} and found {len(found)}."
    ),
    _KIND.Not: lambda _, found: f"Found {show(found)}, which the contract excludes with 'not'.",
    _KIND.OneOfMultipleValid: lambda kind, found: (
        f"Expected exactly one of {len(kind.context)} alternatives to fit and found "
        f"{show(found)}, which fits {sum(not branch for branch in kind.context)} of them."
    ),
    _KIND.BacktrackLimitExceeded: lambda _, found: (
        f"The contract's pattern takes too long to decide on {show(found)}, so it is refused."
    ),
}
