"""Every route of every face has a decision, and none is reached round it."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

import keybus.server
from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.engines.memory import MemoryEngine
from keybus.governance.authorizer import ACTIONS
from keybus.server.access import Access, Guarded, GuardedSocket
from keybus.server.app import behind_the_door, public_paths, routes
from keybus.server.eventbridge import EVENTS
from keybus.server.sqs import SQS
from keybus.topology import load_platform

DECISIONS = {
    "DELETE /api/v1/credentials/{id}": "credentials.revoke",
    "GET /api/v1/admission/violations": "member",
    "GET /api/v1/archive": "subscriptions.read",
    "GET /api/v1/audit": "audit.read",
    "GET /api/v1/contract-proposals": "contracts.read",
    "GET /api/v1/contract-proposals/{id}": "contracts.read",
    "POST /api/v1/contract-proposals/{id}/approve": "contracts.approve",
    "POST /api/v1/contract-proposals/{id}/reject": "contracts.approve",
    "GET /api/v1/contracts": "contracts.read",
    "GET /api/v1/contracts/{type}": "contracts.read",
    "GET /api/v1/contracts/{type}/ledger": "contracts.read",
    "GET /api/v1/contracts/{type}/migrations/{digest}": "contracts.read",
    "POST /api/v1/contracts/{type}/migrations": "contracts.publish",
    "GET /api/v1/contracts/{type}/releases/{release}": "contracts.read",
    "POST /api/v1/contracts/{type}/releases": "contracts.publish",
    "POST /api/v1/contracts/{type}/status": "contracts.publish",
    "GET /api/v1/credentials": "credentials.list",
    "GET /api/v1/evidence": "compliance.read",
    "GET /api/v1/explain": "member",
    "GET /api/v1/grants": "member",
    "GET /api/v1/openapi.json": "member",
    "GET /api/v1/platform": "platform.read",
    "GET /api/v1/platform/versions": "platform.versions",
    "GET /api/v1/platform/versions/{version}": "platform.versions",
    "GET /api/v1/publishers": "member",
    "GET /api/v1/queues": "subscriptions.read",
    "DELETE /api/v1/replays/{id}": "member",
    "GET /api/v1/replays": "member",
    "GET /api/v1/replays/{id}": "member",
    "POST /api/v1/replays": "member",
    "GET /api/v1/subscriptions": "member",
    "DELETE /api/v1/subscriptions/{name:path}/redrives/{id}": "consume",
    "GET /api/v1/subscriptions/{name:path}/dead-letters": "consume",
    "GET /api/v1/subscriptions/{name:path}/dead-letters/summary": "consume",
    "GET /api/v1/subscriptions/{name:path}/dead-letters/{id}": "consume",
    "GET /api/v1/subscriptions/{name:path}/redrives": "consume",
    "POST /api/v1/subscriptions/{name:path}/dead-letters/purge": "consume",
    "POST /api/v1/subscriptions/{name:path}/dead-letters/redrive": "consume",
    "POST /api/v1/subscriptions/{name:path}/pause": "consume",
    "POST /api/v1/subscriptions/{name:path}/receive": "consume",
    "POST /api/v1/subscriptions/{name:path}/resume": "consume",
    "GET /api/v1/usage": "usage.read",
    "GET /api/v1/webhook-secrets": "webhooks.list",
    "GET /healthz": "public",
    "GET /metrics": "subscriptions.read",
    "POST /": "member",
    "POST /{account:account_id}/{queue:path}": "member",
    "POST /api/v1/credentials": "credentials.issue",
    "POST /api/v1/credentials/{id}/rotate": "credentials.rotate",
    "POST /api/v1/events": "put",
    "POST /api/v1/queues/prune": "platform.prune",
    "POST /api/v1/webhook-secrets": "webhooks.issue",
    "POST /api/v1/webhook-secrets/revoke": "webhooks.revoke",
    "POST /api/v1/webhook-secrets/rotate": "webhooks.rotate",
    "POST /api/v1/tail": "member",
    "GET /api/v1/undeclared-events": "member",
    "PUT /api/v1/platform": "platform.apply",
    "SOCKET /api/v1/subscriptions/{name:path}/deliveries": "consume",
    "DELETE /tags/{arn:path}": "contracts.publish",
    "POST /tags/{arn:path}": "contracts.publish",
    "GET /tags/{arn:path}": "contracts.read",
    "POST /v1/discoverers/id/{discovererId}/start": "contracts.publish",
    "POST /v1/discoverers/id/{discovererId}/stop": "contracts.publish",
    "DELETE /v1/discoverers/id/{discovererId}": "contracts.publish",
    "GET /v1/discoverers/id/{discovererId}": "contracts.read",
    "PUT /v1/discoverers/id/{discovererId}": "contracts.publish",
    "GET /v1/discoverers": "contracts.read",
    "POST /v1/discoverers": "contracts.publish",
    "POST /v1/discover": "contracts.read",
    "DELETE /v1/policy": "member",
    "GET /v1/policy": "member",
    "PUT /v1/policy": "member",
    "GET /v1/registries/name/{registryName}/schemas/name/{schemaName}/export": "contracts.read",
    "GET /v1/registries/name/{registryName}/schemas/name/{schemaName}/language/{language}/source": "contracts.read",
    "GET /v1/registries/name/{registryName}/schemas/name/{schemaName}/language/{language}": "contracts.read",
    "POST /v1/registries/name/{registryName}/schemas/name/{schemaName}/language/{language}": "contracts.read",
    "DELETE /v1/registries/name/{registryName}/schemas/name/{schemaName}/version/{schemaVersion}": "contracts.publish",
    "GET /v1/registries/name/{registryName}/schemas/name/{schemaName}/versions": "contracts.read",
    "DELETE /v1/registries/name/{registryName}/schemas/name/{schemaName}": "contracts.publish",
    "POST /v1/registries/name/{registryName}/schemas/name/{schemaName}": "contracts.publish",
    "PUT /v1/registries/name/{registryName}/schemas/name/{schemaName}": "contracts.publish",
    "GET /v1/registries/name/{registryName}/schemas/name/{schemaName}": "contracts.read",
    "GET /v1/registries/name/{registryName}/schemas/search": "contracts.read",
    "GET /v1/registries/name/{registryName}/schemas": "contracts.read",
    "DELETE /v1/registries/name/{registryName}": "contracts.publish",
    "POST /v1/registries/name/{registryName}": "contracts.publish",
    "PUT /v1/registries/name/{registryName}": "contracts.publish",
    "GET /v1/registries/name/{registryName}": "contracts.read",
    "GET /v1/registries": "contracts.read",
}


def decided(among: Sequence[BaseRoute]) -> dict[str, str]:
    found = {}
    for route in among:
        assert isinstance(route, Guarded | GuardedSocket), route
        access = route.access
        assert isinstance(access, Access)
        methods = (route.methods or set()) - {"HEAD"} if isinstance(route, Guarded) else {"SOCKET"}
        for method in methods:
            found[f"{method} {route.path}"] = access.action or access.rule
    return found


def test_every_route_has_the_decision_that_is_written_here() -> None:
    assert decided(routes()) == DECISIONS


async def test_the_application_has_these_routes_and_no_others(example: Path) -> None:
    bus = await Bus.start(Declared(*load_platform(example)), MemoryEngine())
    try:
        app = behind_the_door(bus)
        assert decided(app.routes) == DECISIONS
        assert app.user_middleware == []
        assert app.router.default == app.router.not_found
    finally:
        await bus.close()


def test_a_route_without_a_decision_is_found() -> None:
    def nothing(_: Request) -> Response:
        return Response()

    for route in (Route("/more", nothing), Guarded("/more", nothing), Mount("/more", routes=[])):
        with pytest.raises((AssertionError, AttributeError)):
            decided([*routes(), route])


def test_every_operation_has_a_decision() -> None:
    assert {name: each.access.rule for name, each in EVENTS.operations.items()} == {
        "PutEvents": "put",
        "PutRule": "administer",
        "DeleteRule": "administer",
        "DescribeRule": "administer",
        "EnableRule": "administer",
        "DisableRule": "administer",
        "ListRules": "administer",
        "ListRuleNamesByTarget": "administer",
        "PutTargets": "administer",
        "RemoveTargets": "administer",
        "ListTargetsByRule": "administer",
        "TestEventPattern": "member",
        "CreateEventBus": "administer",
        "DeleteEventBus": "administer",
        "DescribeEventBus": "member",
        "ListEventBuses": "member",
        "UpdateEventBus": "administer",
        "PutPermission": "administer",
        "RemovePermission": "administer",
        "CreateArchive": "administer",
        "DeleteArchive": "administer",
        "DescribeArchive": "administer",
        "ListArchives": "administer",
        "UpdateArchive": "administer",
        "CancelReplay": "administer",
        "DescribeReplay": "administer",
        "ListReplays": "administer",
        "StartReplay": "administer",
        "ListTagsForResource": "member",
        "TagResource": "member",
        "UntagResource": "member",
        "CreateConnection": "administer",
        "UpdateConnection": "administer",
        "DescribeConnection": "administer",
        "ListConnections": "administer",
        "DeauthorizeConnection": "administer",
        "DeleteConnection": "administer",
        "CreateApiDestination": "administer",
        "UpdateApiDestination": "administer",
        "DescribeApiDestination": "administer",
        "ListApiDestinations": "administer",
        "DeleteApiDestination": "administer",
    }


def test_every_operation_of_queues_has_an_action() -> None:
    actions: dict[str, set[str]] = {}
    for name, each in SQS.operations.items():
        actions.setdefault(each.access.action, set()).add(name)
    assert actions == {
        "queues.read": {
            "GetQueueAttributes",
            "GetQueueUrl",
            "ListDeadLetterSourceQueues",
            "ListMessageMoveTasks",
            "ListQueueTags",
            "ListQueues",
        },
        "queues.manage": {
            "AddPermission",
            "CancelMessageMoveTask",
            "CreateQueue",
            "DeleteQueue",
            "PurgeQueue",
            "RemovePermission",
            "SetQueueAttributes",
            "StartMessageMoveTask",
            "TagQueue",
            "UntagQueue",
        },
        "queues.receive": {
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
            "DeleteMessage",
            "DeleteMessageBatch",
            "ReceiveMessage",
        },
        "queues.send": {"SendMessage", "SendMessageBatch"},
    }


def test_health_alone_is_public() -> None:
    assert public_paths(routes()) == {"/healthz"}


@pytest.mark.parametrize("rule", ["administer", "member"])
def test_a_decision_that_the_authorizer_does_not_know_cannot_be_written(rule: str) -> None:
    with pytest.raises(ValueError, match="no decision"):
        Access(rule, "platform.destroy")  # type: ignore[arg-type]
    assert Access("administer", next(iter(ACTIONS))).action in ACTIONS


MAKERS = {
    "Guarded",
    "GuardedSocket",
    "Host",
    "Mount",
    "Route",
    "Router",
    "WebSocketRoute",
    "add_route",
    "add_websocket_route",
    "host",
    "mount",
    "route",
    "websocket_route",
}
"""What makes a route, or takes one in, without asking for its decision."""


def test_no_module_of_the_server_makes_a_route_without_a_decision() -> None:
    found = []
    for file, node in nodes():
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in MAKERS and (file, name) not in MADE_BY_ACCESS:
                found.append(f"{file}:{node.lineno} {name}")
    assert found == []


def test_one_module_alone_can_make_a_route_of_its_own() -> None:
    imports = {
        file
        for file, node in nodes()
        if isinstance(node, ast.ImportFrom | ast.Import)
        for module in (getattr(node, "module", ""), *(each.name for each in node.names))
        if module in ROUTING
    }
    assert imports == {"access.py"}


MADE_BY_ACCESS = {("access.py", "Guarded"), ("access.py", "GuardedSocket")}
ROUTING = {"starlette.routing", "routing"}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """All of the server's code, each piece with its file's name."""
    for file in sorted(Path(keybus.server.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            yield file.name, node
