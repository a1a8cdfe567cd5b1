"""Events as people have them at hand: read from JSON, whatever wraps them.

Known are a plain detail, an EventBridge envelope, an entry of PutEvents, and the lines that
``keybus tail --json`` prints.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from keybus.contracts.documents import canonical_json, exact_number

LONGEST: Final = 1 << 20
"""Characters of one event; a bus takes fewer."""
LARGEST: Final = 64 << 20
"""Characters of a file that is one JSON value, and has to be read at once."""
_TAIL: Final = frozenset({"left-out", "alive", "end"})
_NO_TYPE: Final = "it says no type; --type says which is meant"


class Sample(NamedTuple):
    """One event.

    Attributes:
        type: Its type, as it says it.
        source: Where it came from; empty where nobody says.
        detail: Its detail.
    """

    type: str
    source: str
    detail: Mapping[str, Any]


class Unreadable(NamedTuple):
    """Something that is no event.

    Attributes:
        line: Its line, from 1, or its place in a list.
        why: Why.
    """

    line: int
    why: str


def samples_in(lines: Iterable[str], event_type: str = "") -> Iterator[Sample | Unreadable]:
    """The events in JSON lines, or in one JSON value: a list of events, or one.

    Args:
        lines: The lines of a text.
        event_type: The type of plain details that do not say theirs.
    """
    reading = enumerate(lines, 1)
    for number, line in reading:
        if not line.strip():
            continue
        if number == 1 and _goes_on(line):
            yield from _whole(line, (each for _, each in reading), event_type)
            return
        yield from _read(number, line, event_type)


def sample_of(value: Any, event_type: str = "") -> Sample | str | None:
    """An event out of what may wrap it; why it is none, or None where it says nothing.

    Args:
        value: As a JSON parser gives it.
        event_type: The type of a plain detail that does not say its own.
    """
    if not isinstance(value, dict):
        return "it is no JSON object"
    if value.get("type") == "event" and isinstance(value.get("envelope"), dict):
        value = value["envelope"]
    elif value.get("type") in _TAIL and "detail" not in value and "id" not in value:
        return None
    for names in (("detail-type", "source", "detail"), ("DetailType", "Source", "Detail")):
        if names[0] in value and names[2] in value:
            return _wrapped(*(value.get(each) for each in names))
    told = value.get("type")
    named = event_type or (told if isinstance(told, str) else "")
    return Sample(named, "", value) if named else _NO_TYPE


def _wrapped(event_type: Any, source: Any, detail: Any) -> Sample | str:
    if isinstance(detail, str):
        try:
            detail = parsed(detail)
        except ValueError as error:
            return str(error)
    if not isinstance(detail, dict):
        return "its detail is no JSON object"
    if not isinstance(event_type, str) or not event_type:
        return _NO_TYPE
    return Sample(event_type, source if isinstance(source, str) else "", detail)


def parsed(text: str) -> Any:
    """A JSON value, its numbers exact.

    Raises:
        ValueError: It is none, or cannot be used.
    """
    try:
        value = json.loads(text, parse_float=exact_number, parse_constant=_refuse)
        canonical_json(value)  # refuses lone surrogates
    except RecursionError:
        raise ValueError("it nests too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, ArithmeticError) as error:
        raise ValueError(f"it cannot be used: {error}") from None
    return value


def _goes_on(line: str) -> bool:
    """Whether a first line is but the beginning of a JSON value."""
    if line.lstrip().startswith("["):
        return True
    try:
        json.loads(line)
    except RecursionError:
        return False
    except ValueError:
        return line.strip() == "{"
    return False


def _whole(first: str, rest: Iterator[str], event_type: str) -> Iterator[Sample | Unreadable]:
    parts, size = [first], len(first)
    for each in rest:
        parts.append(each)
        size += len(each)
        if size > LARGEST:
            yield Unreadable(1, f"a list has up to {LARGEST} characters; write an event a line")
            return
    try:
        value = parsed("".join(parts))
    except ValueError as error:
        yield Unreadable(1, str(error))
        return
    for number, each in enumerate(value if isinstance(value, list) else [value], 1):
        yield from _told(number, sample_of(each, event_type))


def _read(number: int, line: str, event_type: str) -> Iterator[Sample | Unreadable]:
    if len(line) > LONGEST:
        yield Unreadable(number, f"it has more than {LONGEST} characters")
        return
    try:
        value = parsed(line)
    except ValueError as error:
        yield Unreadable(number, str(error))
        return
    yield from _told(number, sample_of(value, event_type))


def _told(number: int, found: Sample | str | None) -> Iterator[Sample | Unreadable]:
    if isinstance(found, str):
        yield Unreadable(number, found)
    elif found is not None:
        yield found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
