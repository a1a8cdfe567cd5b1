"""Where the members of a REST request stand: in its path, in its query, or in its body.

A request's type says so as data; what its members have to be like is told by
`keybus.server.aws.reading`, as of every service's.

Source: Smithy specification, "AWS restJson1 protocol" and "HTTP protocol bindings".
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import inspect

from keybus.server.answers import UNREADABLE
from keybus.server.aws.errors import AwsError, invalid
from keybus.server.aws.reading import read

Where = Literal["uri", "querystring", "body"]
T = TypeVar("T", bound=msgspec.Struct)
_WHOLE: Final = re.compile(r"-?[0-9]{1,9}")


def uri(name: str) -> msgspec.Meta:
    """A member in the path, by the name that the path's template has for it."""
    return msgspec.Meta(extra={"uri": name})


def query(name: str) -> msgspec.Meta:
    """A member in the query, by the parameter's name; a list is given parameter by parameter."""
    return msgspec.Meta(extra={"querystring": name})


class Place(NamedTuple):
    """Where a member stands.

    Attributes:
        member: Its name, as the service model has it.
        where: In which part of the request.
        name: What it is called there.
        kind: Its type.
    """

    member: str
    where: Where
    name: str
    kind: inspect.Type


@cache
def places_of(kind: type[msgspec.Struct]) -> tuple[Place, ...]:
    """Where each member of a request's type stands."""
    told = inspect.type_info(kind)
    assert isinstance(told, inspect.StructType)
    return tuple(_place(field) for field in told.fields)


def _place(field: inspect.Field) -> Place:
    extra, kind = _plain(field.type)
    member = field.encode_name
    if name := extra.get("uri"):
        return Place(member, "uri", name, kind)
    if name := extra.get("querystring"):
        return Place(member, "querystring", name, kind)
    return Place(member, "body", member, kind)


def _plain(kind: inspect.Type) -> tuple[Mapping[str, Any], inspect.Type]:
    """A type without what is said of it, and that."""
    if isinstance(kind, inspect.Metadata):
        extra, plain = _plain(kind.type)
        return {**(kind.extra or {}), **extra}, plain
    if isinstance(kind, inspect.UnionType):
        return _plain(next(each for each in kind.types if not isinstance(each, inspect.NoneType)))
    return {}, kind


def asked(
    kind: type[T],
    path: Mapping[str, str],
    parameters: Sequence[tuple[str, str]],
    content: bytes,
) -> T:
    """A request of a kind.

    Args:
        kind: Its type.
        path: What the path has for its template's names.
        parameters: The query's, in their order.
        content: The body; passed over where no member stands in it.

    Raises:
        AwsError: It does not fit.
    """
    places = places_of(kind)
    body = _body(content) if any(each.where == "body" for each in places) else {}
    found: dict[str, Any] = {}
    for place in places:
        if place.where == "uri":
            found[place.member] = path[place.name]
        elif place.where == "querystring":
            found |= _of_query(place, [text for name, text in parameters if name == place.name])
        elif place.name in body:
            found[place.member] = body[place.name]
    return read(msgspec.json.encode(found), kind)


def _body(content: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(content or b"{}")
    except UNREADABLE as error:
        raise AwsError("SerializationException", f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise AwsError("SerializationException", "the body is no JSON object")
    return found


def _of_query(place: Place, given: Sequence[str]) -> dict[str, Any]:
    """A member of the query, if it is there."""
    if not given:
        return {}
    if isinstance(place.kind, inspect.ListType | inspect.VarTupleType):
        return {place.member: given}
    if len(given) > 1:
        raise invalid(f"the query has {place.name!r} {len(given)} times; give it once")
    [text] = given
    if isinstance(place.kind, inspect.IntType) and _WHOLE.fullmatch(text):
        return {place.member: int(text)}
    return {place.member: text}
