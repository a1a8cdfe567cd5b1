"""Grants, the audit log, usage, and what compliance looks at, over the native API."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.bus.control.grants import grant_infos
from keybus.governance.audit import MAX_PAGE, Actor, Filter
from keybus.governance.compliance import (
    Running,
    RunningConsumer,
    RunningCredential,
    RunningQueue,
)
from keybus.governance.credentials import Registry
from keybus.protocol import API
from keybus.server.access import (
    MEMBER,
    AnyRoute,
    administer,
    bus_of,
    guarded,
    is_open,
    principal_of,
)
from keybus.server.answers import BadRequest, json
from keybus.server.listening import Listening
from keybus.server.native.platform import queues


def routes() -> list[AnyRoute]:
    """Every route about governance, each with its decision."""
    return [
        guarded(f"{API}/grants", _grants, access=MEMBER),
        guarded(f"{API}/audit", _audit, access=administer("audit.read")),
        guarded(f"{API}/usage", _usage, access=administer("usage.read")),
        guarded(f"{API}/evidence", _evidence, access=administer("compliance.read")),
    ]


async def _grants(request: Request) -> Response:
    bus, principal = bus_of(request), principal_of(request)
    found = grant_infos(bus.platform, bus.generation.contracts, bus.clock.time_us())
    if is_open(bus, principal):
        return json(list(found))
    visible = bus.authorizer.visible(principal).grants
    return json([info for info in found if info.name in visible])


async def _audit(request: Request) -> Response:
    query = request.query_params
    wanted = Filter(query.get("action", ""), query.get("account", ""))
    after, limit = _number(request, "after", 0), _number(request, "limit", 100)
    if query.get("export") == "true" and after == 0:
        await bus_of(request).audit.write(Actor.of(principal_of(request)), "audit.exported")
    return json(await bus_of(request).audit.page(after, min(limit, MAX_PAGE), wanted))


async def _usage(request: Request) -> Response:
    return json(bus_of(request).usage.snapshot())


async def _evidence(request: Request) -> Response:
    registry: Registry | None = request.app.state.registry
    listening: Listening = request.app.state.listening
    return json(await evidence(bus_of(request), registry, listening))


async def evidence(bus: Bus, registry: Registry | None, listening: Listening) -> Running:
    """A snapshot of the bus, as compliance looks at it."""
    tls: bool | Literal["terminated"] = "terminated" if listening.terminated else listening.tls
    return Running(
        bus=bus.platform.bus,
        platform=bus.platform,
        version=bus.generation.applied.version,
        authentication=registry is not None,
        authorization=bus.modes.authorization,
        admission=bus.modes.admission,
        tls=tls,
        address=listening.address,
        queues=tuple(
            RunningQueue(each.name, each.declared, each.waiting, each.held, each.dead)
            for each in await queues(bus)
        ),
        credentials=_credentials(registry),
        consumers=tuple(
            RunningConsumer(name, session.principal.account)
            for name, dispatcher in bus.control.dispatchers.items()
            for session in dispatcher.sessions
        ),
        sealing=registry is not None and registry.seals,
    )


def _credentials(registry: Registry | None) -> tuple[RunningCredential, ...]:
    return tuple(
        RunningCredential(
            id=each.id,
            account=each.account,
            roles=each.roles,
            kind=each.kind,
            created_us=each.created_us,
            expires_us=each.expires_us,
            revoked_us=each.revoked_us,
            last_used_us=registry.last_used_us(each.id),
        )
        for each in registry or ()
        if registry is not None
    )


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    if not (text.isdecimal() and len(text) <= 15):  # noqa: PLR2004 - far beyond any entry
        raise BadRequest(f"{name} must be a whole number, not {text[:40]!r}")
    return int(text)
