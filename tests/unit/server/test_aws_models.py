"""What AWS's operations are asked is what AWS's own service models say."""

import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from msgspec import inspect

from keybus.server.app import AWS
from keybus.server.aws import Operation, Service

_REGION = re.compile(re.escape(r"[a-z]+-[a-z]+-[\w-]+") + "|" + re.escape(r"[a-z]+-[a-z-]+-\d+"))
"""What models have for a region; a bus's may have any name, such as ``local``."""
SESSION = botocore.session.get_session()
STRICTER: dict[str, str] = {}
"""Members of which more, or less, is asked than the model says, by service, operation and path; and why."""


def operations() -> Iterator[Any]:
    for service in AWS.services:
        for name, operation in service.operations.items():
            yield pytest.param(service, name, operation, id=f"{service.name}-{name}")


@pytest.mark.parametrize(("service", "name", "operation"), list(operations()))
def test_a_request_is_the_models(service: Service, name: str, operation: Operation) -> None:
    model = SESSION.get_service_model(service.name).operation_model(name)
    assert model.service_model.metadata["targetPrefix"] == service.prefix
    version = model.service_model.metadata["jsonVersion"]
    assert service.media_type == f"application/x-amz-json-{version}"
    found = list(differences(model.input_shape, inspect.type_info(operation.asked), name))
    assert [each for each in found if f"{service.name} {each}" not in STRICTER] == []


@pytest.mark.parametrize("service", AWS.services, ids=lambda each: each.name)
def test_what_is_refused_exists_and_is_not_answered(service: Service) -> None:
    known = set(SESSION.get_service_model(service.name).operation_names)
    assert known >= service.refused.keys() | service.operations.keys()
    assert not service.refused.keys() & service.operations.keys()


def differences(shape: Any, kind: Any, path: str) -> Iterator[str]:
    if shape is None:
        return
    shown = None
    if isinstance(kind, inspect.Metadata):
        shown = (kind.extra or {}).get("pattern")
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        [kind] = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        yield from differences(shape, kind, path)
        return
    yield from _BY_TYPE[shape.type_name](shape, kind, path, shown)


def structures(shape: Any, kind: Any, path: str, _: str | None) -> Iterator[str]:
    ours = {field.encode_name: field for field in kind.fields}
    if ours.keys() != shape.members.keys():
        yield f"{path}: members {sorted(ours.keys() ^ shape.members.keys())}"
    required = {name for name, field in ours.items() if field.required}
    if required != set(shape.required_members):
        yield f"{path}: required {sorted(required ^ set(shape.required_members))}"
    for name, member in shape.members.items():
        if name in ours:
            yield from differences(member, ours[name].type, f"{path}.{name}")


def lists(shape: Any, kind: Any, path: str, _: str | None) -> Iterator[str]:
    yield from bounds(shape, kind, path)
    yield from differences(shape.member, kind.item_type, f"{path}.member")


def maps(shape: Any, kind: Any, path: str, _: str | None) -> Iterator[str]:
    yield from bounds(shape, kind, path)
    yield from differences(shape.key, kind.key_type, f"{path}.key")
    yield from differences(shape.value, kind.value_type, f"{path}.value")


def texts(shape: Any, kind: Any, path: str, shown: str | None) -> Iterator[str]:
    if shape.enum and isinstance(kind, inspect.LiteralType):
        if set(shape.enum) != set(kind.values):
            yield f"{path}: one of {sorted(set(shape.enum) ^ set(map(str, kind.values)))}"
        return
    if not isinstance(kind, inspect.StrType):
        yield f"{path}: a text, not {kind}"
        return
    yield from bounds(shape, kind, path)
    wanted = _REGION.sub(r"[\\w-]+", shape.metadata.get("pattern") or "") or None
    if wanted != shown and not matches_everything(wanted):
        yield f"{path}: pattern {wanted!r}, not {shown!r}"


def matches_everything(pattern: str | None) -> bool:
    return pattern is not None and all(re.fullmatch(pattern, each) for each in ("", "a\n b", "é"))


def numbers(shape: Any, kind: Any, path: str, _: str | None) -> Iterator[str]:
    if not isinstance(kind, inspect.IntType):
        yield f"{path}: a number, not {kind}"
        return
    found = {"min": kind.ge, "max": kind.le}
    wanted = {each: shape.metadata.get(each) for each in found}
    if found != wanted:
        yield f"{path}: {wanted}, not {found}"


def bounds(shape: Any, kind: Any, path: str) -> Iterator[str]:
    found = {"min": kind.min_length or 0, "max": kind.max_length}
    wanted = {"min": shape.metadata.get("min") or 0, "max": shape.metadata.get("max")}
    if found != wanted:
        yield f"{path}: length {wanted}, not {found}"


def times(_shape: Any, kind: Any, path: str, _: str | None) -> Iterator[str]:
    if not isinstance(kind, inspect.FloatType):
        yield f"{path}: a time is seconds, not {kind}"


def truths(_shape: Any, kind: Any, path: str, _: str | None) -> Iterator[str]:
    if not isinstance(kind, inspect.BoolType):
        yield f"{path}: true or false, not {kind}"


def blobs(_shape: Any, kind: Any, path: str, _: str | None) -> Iterator[str]:
    if not isinstance(kind, inspect.BytesType | inspect.StrType):
        yield f"{path}: bytes, not {kind}"


_BY_TYPE = {
    "structure": structures,
    "list": lists,
    "map": maps,
    "string": texts,
    "integer": numbers,
    "long": numbers,
    "timestamp": times,
    "boolean": truths,
    "blob": blobs,
}
