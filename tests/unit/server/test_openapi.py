"""The OpenAPI document tells of every route of the native API, and of nothing else."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.core.result import Ok

from keybus.governance.authorizer import ACTIONS
from keybus.server.access import Guarded
from keybus.server.app import routes
from keybus.server.aws.dispatch import QUEUE_PATH
from keybus.server.openapi import document
from keybus.server.schemas import SCHEMAS

OTHERS = {"/", QUEUE_PATH, *(each.path for each in SCHEMAS.routes())}
"""Paths of faces that are described by others."""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return document(routes(), closed=True)


def operations(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_is_told_of_and_no_other(told: dict[str, Any]) -> None:
    there_are = {
        (method, re.sub(r":path(?=\})", "", route.path))
        for route in routes()
        if isinstance(route, Guarded) and route.path not in OTHERS
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert {(method, path) for method, path, _ in operations(told)} == there_are


def test_it_is_valid_and_can_be_used(told: dict[str, Any]) -> None:
    schema = schemathesis.openapi.from_dict(told)
    schema.validate()
    assert all(isinstance(each, Ok) for each in schema.get_all_operations())


def test_operations_have_names_of_their_own(told: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(told)]
    assert len(set(names)) == len(names)


def test_each_decision_is_the_routes_own(told: dict[str, Any]) -> None:
    decided = {
        path: operation["x-keybus-decision"]
        for method, path, operation in operations(told)
        if method == "GET"
    }
    assert decided["/healthz"] == {"rule": "public"}
    assert decided["/api/v1/audit"] == {
        "rule": "audit.read", "roles": sorted(ACTIONS["audit.read"]),
    }  # fmt: skip


def test_paths_name_their_parameters(told: dict[str, Any]) -> None:
    for _, path, operation in operations(told):
        named = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]
        assert named == re.findall(r"\{(\w+)\}", path)


def test_everything_is_described(told: dict[str, Any]) -> None:
    for name, schema in told["components"]["schemas"].items():
        assert name.isidentifier()
        assert schema["description"], name
        assert "\n" not in schema["description"], name
    for _, path, operation in operations(told):
        assert operation["summary"]
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (path, parameter["name"])


def test_all_but_health_asks_for_a_credential_and_may_refuse_it(told: dict[str, Any]) -> None:
    for _, path, operation in operations(told):
        asks = path != "/healthz"
        assert bool(operation["security"]) == asks
        assert ("401" in operation["responses"]) == asks


def test_an_error_that_has_a_status_of_its_own_is_told_of_by_its_code(told: dict[str, Any]) -> None:
    applying = told["paths"]["/api/v1/platform"]["put"]["responses"]
    assert "`plan-outdated`" in applying["409"]["description"]
    assert "`plan-refused`" in applying["422"]["description"]
    assert applying["503"] == {"$ref": "#/components/responses/StorageFailed"}


def test_a_bus_that_asks_nobody_asks_for_no_credential() -> None:
    open_bus = document(routes(), closed=False)
    assert "securitySchemes" not in open_bus["components"]
    assert all("security" not in operation for _, _, operation in operations(open_bus))
