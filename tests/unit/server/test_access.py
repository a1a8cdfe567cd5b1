"""Every route of every face has a decision, and none is reached round it."""

import ast
from pathlib import Path

import pytest
from starlette.routing import Route

import keybus.server
from keybus.governance.authorizer import ACTIONS
from keybus.server.access import Access, Guarded, GuardedSocket
from keybus.server.app import public_paths, routes
from keybus.server.eventbridge import OPERATIONS

DECISIONS = {
    "DELETE /api/v1/credentials/{id}": "credentials.revoke",
    "GET /api/v1/audit": "audit.read",
    "GET /api/v1/credentials": "credentials.list",
    "GET /api/v1/evidence": "compliance.read",
    "GET /api/v1/grants": "member",
    "GET /api/v1/platform": "platform.read",
    "GET /api/v1/platform/versions": "platform.versions",
    "GET /api/v1/platform/versions/{version}": "platform.versions",
    "GET /api/v1/publishers": "member",
    "GET /api/v1/queues": "subscriptions.read",
    "GET /api/v1/subscriptions": "member",
    "GET /api/v1/subscriptions/{name:path}/dead-letters": "consume",
    "GET /api/v1/usage": "usage.read",
    "GET /healthz": "public",
    "POST /": "member",
    "POST /api/v1/credentials": "credentials.issue",
    "POST /api/v1/credentials/{id}/rotate": "credentials.rotate",
    "POST /api/v1/events": "put",
    "POST /api/v1/queues/prune": "platform.prune",
    "PUT /api/v1/platform": "platform.apply",
    "SOCKET /api/v1/subscriptions/{name:path}/deliveries": "consume",
}


def decided() -> dict[str, str]:
    found = {}
    for route in routes():
        access = route.access
        methods = (route.methods or set()) - {"HEAD"} if isinstance(route, Guarded) else {"SOCKET"}
        for method in methods:
            found[f"{method} {route.path}"] = access.action or access.rule
    return found


def test_every_route_has_the_decision_that_is_written_here() -> None:
    assert decided() == DECISIONS


def test_every_route_of_the_application_is_one_of_them() -> None:
    assert all(isinstance(route, Guarded | GuardedSocket) for route in routes())
    assert all(isinstance(route.access, Access) for route in routes())


def test_every_operation_has_a_decision() -> None:
    assert {name: each.access.rule for name, each in OPERATIONS.items()} == {"PutEvents": "put"}


def test_health_alone_is_public() -> None:
    assert public_paths(routes()) == {"/healthz"}


@pytest.mark.parametrize("rule", ["administer", "member"])
def test_a_decision_that_the_authorizer_does_not_know_cannot_be_written(rule: str) -> None:
    with pytest.raises(ValueError, match="no decision"):
        Access(rule, "platform.destroy")  # type: ignore[arg-type]
    assert Access("administer", next(iter(ACTIONS))).action in ACTIONS


def test_no_module_of_the_server_makes_a_route_without_a_decision() -> None:
    makers = {
        Route.__name__,
        "WebSocketRoute",
        "Mount",
        "add_route",
        "add_websocket_route",
        "mount",
    }
    found = []
    for file in Path(keybus.server.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in makers:
                    found.append(f"{file.name}:{node.lineno}")
    assert found == []
