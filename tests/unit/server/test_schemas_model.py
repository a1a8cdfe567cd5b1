"""What EventBridge Schemas' operations are asked, and answer, is what AWS's service model says."""

import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from msgspec import inspect

from keybus.server.schemas import SCHEMAS
from keybus.server.schemas.face import route_path
from keybus.server.schemas.operation import Operation, Refused
from keybus.server.schemas.places import places_of
from tests.unit.server.test_aws_models import differences

MODEL = botocore.session.get_session().get_service_model(SCHEMAS.name)
KINDS = {"NotFoundException", "ConflictException"}
BOUNDED = {
    f"{name}.Limit": "the model's shape Limit has these bounds, and no member has it"
    for name in (
        "ListDiscoverers",
        "ListRegistries",
        "ListSchemaVersions",
        "ListSchemas",
        "SearchSchemas",
    )
}
"""Members of which more is asked than their own shape says, and why."""

operations = pytest.mark.parametrize(
    ("name", "operation"), SCHEMAS.operations.items(), ids=list(SCHEMAS.operations)
)


def test_every_operation_is_answered_or_refused() -> None:
    assert not SCHEMAS.operations.keys() & SCHEMAS.refused.keys()
    assert SCHEMAS.operations.keys() | SCHEMAS.refused.keys() == set(MODEL.operation_names)


@operations
def test_it_is_where_the_model_has_it(name: str, operation: Operation) -> None:
    model = MODEL.operation_model(name)
    assert (operation.method, operation.path) == (model.http["method"], model.http["requestUri"])
    assert operation.status == model.http["responseCode"]
    assert operation.kinds == KINDS & {each.name for each in model.error_shapes}


@pytest.mark.parametrize(("name", "operation"), SCHEMAS.refused.items(), ids=list(SCHEMAS.refused))
def test_what_is_refused_is_where_the_model_has_it(name: str, operation: Refused) -> None:
    model = MODEL.operation_model(name)
    assert (operation.method, operation.path) == (model.http["method"], model.http["requestUri"])
    assert operation.kind in {each.name for each in model.error_shapes}
    assert operation.why


@operations
def test_members_stand_where_the_model_has_them(name: str, operation: Operation) -> None:
    shape = MODEL.operation_model(name).input_shape
    wanted = {
        (
            each.serialization.get("location", "body"),
            each.serialization.get("name", member),
        )
        for member, each in shape.members.items()
    }
    assert {(each.where, each.name) for each in places_of(operation.asked)} == wanted
    in_path = {each.name for each in places_of(operation.asked) if each.where == "uri"}
    assert in_path == set(re.findall(r"\{([\w-]+)\}", operation.path))
    assert route_path(operation.path).count("{") == len(in_path)


@operations
def test_a_request_is_the_models(name: str, operation: Operation) -> None:
    shape = MODEL.operation_model(name).input_shape
    told = inspect.type_info(operation.asked)
    assert isinstance(told, inspect.StructType)
    fields = {field.encode_name: field for field in told.fields}
    required = {_placed(shape, each) for each in shape.required_members}
    assert {name for name, field in fields.items() if field.required} == required
    found = [
        difference
        for member, each in shape.members.items()
        for difference in differences(each, fields[_placed(shape, member)].type, f"{name}.{member}")
    ]
    assert [each for each in found if each.partition(":")[0] not in BOUNDED] == []


def test_limits_are_those_of_the_shape_limit() -> None:
    limit = MODEL.shape_for("Limit").metadata
    for name in BOUNDED:
        places = places_of(SCHEMAS.operations[name.partition(".")[0]].asked)
        [kind] = [each.kind for each in places if each.name == "limit"]
        assert isinstance(kind, inspect.IntType)
        assert (kind.ge, kind.le) == (limit["min"], limit["max"])


@operations
def test_an_answer_is_the_models(name: str, operation: Operation) -> None:
    shape = MODEL.operation_model(name).output_shape
    if operation.answered is None:
        assert shape is None or shape.serialization.get("payload")
        return
    assert list(unanswered(shape, inspect.type_info(operation.answered), name)) == []


def unanswered(shape: Any, kind: Any, path: str) -> Iterator[str]:
    """Members that only one of both has."""
    if isinstance(kind, inspect.UnionType):
        kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    if shape.type_name == "list":
        yield from unanswered(shape.member, kind.item_type, f"{path}.member")
    if shape.type_name != "structure":
        return
    ours = {field.encode_name: field for field in kind.fields}
    wanted = {_wire(each, member): each for member, each in shape.members.items()}
    if ours.keys() != wanted.keys():
        yield f"{path}: {sorted(ours.keys() ^ wanted.keys())}"
    for member in ours.keys() & wanted.keys():
        yield from unanswered(wanted[member], ours[member].type, f"{path}.{member}")


def _placed(shape: Any, member: str) -> str:
    """What a member is called where requests are put together: in a body, as it is sent."""
    found = shape.members[member]
    return member if found.serialization.get("location") else _wire(found, member)


def _wire(shape: Any, member: str) -> str:
    name: str = shape.serialization.get("name", member)
    return name
