"""Requests read from JSON; what does not fit is told in AWS's words, all of it at once.

A request that fits costs one decoding. Only one that does not is read again, as plain values, and
held against its type member by member. A member that is null is one that is not there.

Source: the messages of Smithy's validation, as services of AWS answer them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from keybus.server.answers import UNREADABLE
from keybus.server.aws.errors import AwsError, invalid

T = TypeVar("T", bound=msgspec.Struct)
_MOST_SHOWN: Final = 200
_MOST_TOLD: Final = 10
_MOST_COUNTED: Final = 100
"""Faults of one request that are looked for; each is put into words."""
_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (bool, "TRUE_VALUE"),
    (str, "STRING_VALUE"),
    (int, "NUMBER_VALUE"),
    (float, "NUMBER_VALUE"),
    (list, "START_ARRAY"),
    (dict, "START_OBJECT"),
    (type(None), "NULL_VALUE"),
)


class _SensitiveText(str):
    """A text that errors do not repeat."""

    __slots__ = ()


class _SensitiveList(list[Any]):
    """A list that errors do not repeat, for what is in it."""


def read(content: bytes, kind: type[T]) -> T:
    """A request of a kind.

    Args:
        content: The body; an empty one is an object without members.
        kind: Its type.

    Raises:
        AwsError: ``SerializationException``: it is no JSON, or has a member of another type;
            ``ValidationException``: a member breaks a constraint.
    """
    content = content or b"{}"
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.ValidationError, RecursionError):
        pass
    except UNREADABLE as error:
        raise AwsError("SerializationException", f"the body is not JSON: {error}") from error
    try:
        plain = without_nulls(msgspec.json.decode(content))
        broken = list(islice(_broken(plain, inspect.type_info(kind), ""), _MOST_COUNTED))
    except RecursionError as error:
        raise AwsError("SerializationException", "the body is nested too deeply") from error
    except UNREADABLE as error:
        raise AwsError("SerializationException", f"the body is not JSON: {error}") from error
    if broken:
        raise invalid(_together(broken))
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise invalid(f"1 validation error detected: {error}") from error


def without_nulls(value: Any) -> Any:
    """A value without the members that are null."""
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value


def _together(broken: list[str]) -> str:
    count = len(broken)
    detected = f"{count} validation error{'' if count == 1 else 's'} detected: "
    return detected + "; ".join(broken[:_MOST_TOLD])


def _broken(value: Any, kind: inspect.Type, path: str) -> Iterator[str]:
    """Each constraint that a value breaks."""
    if isinstance(kind, inspect.Metadata):
        if (kind.extra or {}).get("sensitive"):
            value = _sensitive(value)
        yield from _pattern(value, kind, path)
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
        yield from _broken(value, kind, path)
        return
    check = _CHECKS.get(type(kind))
    if check is not None:
        yield from check(value, kind, path)


def _sensitive(value: Any) -> Any:
    if isinstance(value, str):
        return _SensitiveText(value)
    return _SensitiveList(value) if isinstance(value, list) else value


def _pattern(value: Any, kind: inspect.Metadata, path: str) -> Iterator[str]:
    extra = kind.extra or {}
    shown, checked = extra.get("pattern"), extra.get("checked")
    if checked is not None and isinstance(value, str) and not re.fullmatch(checked, value):
        yield _told(value, path, f"Member must satisfy regular expression pattern: {shown}")


def _text(value: Any, kind: Any, path: str) -> Iterator[str]:
    _expect(value, str, "String")
    yield from _length(value, kind, path)


def _list(value: Any, kind: Any, path: str) -> Iterator[str]:
    _expect(value, list, "List")
    wrong = list(_length(value, kind, path))
    yield from wrong
    for number, item in enumerate(() if wrong else value, 1):
        yield from _broken(item, kind.item_type, f"{path}.{number}.member")


def _dict(value: Any, kind: Any, path: str) -> Iterator[str]:
    _expect(value, dict, "Map")
    yield from _length(value, kind, path)
    for key, item in value.items():
        yield from _broken(key, kind.key_type, f"{path}.{key[:_MOST_SHOWN]}.key")
        yield from _broken(item, kind.value_type, f"{path}.{key[:_MOST_SHOWN]}.member")


def _struct(value: Any, kind: Any, path: str) -> Iterator[str]:
    _expect(value, dict, "Structure")
    for field in kind.fields:
        name = field.encode_name[:1].lower() + field.encode_name[1:]
        below = f"{path}.{name}" if path else name
        if field.encode_name in value:
            yield from _broken(value[field.encode_name], field.type, below)
        elif field.required:
            yield _told(None, below, "Member must not be null")


def _literal(value: Any, kind: Any, path: str) -> Iterator[str]:
    _expect(value, str, "String")
    if value not in kind.values:
        yield _told(value, path, f"Member must satisfy enum value set: [{', '.join(kind.values)}]")


def _whole(value: Any, kind: Any, path: str) -> Iterator[str]:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    _expect(value, int, "Integer")
    yield from _bounds(value, kind, path)


def _number(value: Any, kind: Any, path: str) -> Iterator[str]:
    _expect(value, (int, float), "Double")
    yield from _bounds(value, kind, path)


def _truth(value: Any, _kind: Any, _path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        raise _other_type(value, "Boolean")
    yield from ()


def _length(value: Any, kind: Any, path: str) -> Iterator[str]:
    if kind.min_length is not None and len(value) < kind.min_length:
        bound = f"length greater than or equal to {kind.min_length}"
        yield _told(value, path, f"Member must have {bound}")
    if kind.max_length is not None and len(value) > kind.max_length:
        bound = f"length less than or equal to {kind.max_length}"
        yield _told(value, path, f"Member must have {bound}")


def _bounds(value: Any, kind: Any, path: str) -> Iterator[str]:
    if kind.ge is not None and value < kind.ge:
        yield _told(value, path, f"Member must have value greater than or equal to {kind.ge}")
    if kind.le is not None and value > kind.le:
        yield _told(value, path, f"Member must have value less than or equal to {kind.le}")


def _told(value: Any, path: str, what: str) -> str:
    shown = "null " if value is None else f"'{_shown(value)}' "
    if isinstance(value, _SensitiveText | _SensitiveList):
        shown = ""
    return f"Value {shown}at '{path}' failed to satisfy constraint: {what}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _expect(value: Any, kind: type | tuple[type, ...], name: str) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _other_type(value, name)


def _other_type(value: Any, name: str) -> AwsError:
    found = next(token for kind, token in _KINDS if isinstance(value, kind))
    if value is False:
        found = "FALSE_VALUE"
    return AwsError("SerializationException", f"{found} cannot be converted to {name}")


_CHECKS: Final[Mapping[type, Callable[[Any, Any, str], Iterator[str]]]] = {
    inspect.StrType: _text,
    inspect.ListType: _list,
    inspect.VarTupleType: _list,
    inspect.DictType: _dict,
    inspect.StructType: _struct,
    inspect.LiteralType: _literal,
    inspect.IntType: _whole,
    inspect.FloatType: _number,
    inspect.BoolType: _truth,
}
