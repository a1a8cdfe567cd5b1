"""Grants, the audit log, usage, and what compliance looks at, over the native API."""

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.bus.control.grants import grant_infos
from keybus.bus.made_by_hand import made_by_hand
from keybus.governance.audit import MAX_PAGE, Actor, AuditPage, Filter
from keybus.governance.compliance import (
    Running,
    RunningConsumer,
    RunningCredential,
    RunningQueue,
)
from keybus.governance.credentials import Registry
from keybus.governance.sprawl import UsageSnapshot
from keybus.protocol import API, GrantInfo
from keybus.server.access import (
    MEMBER,
    AnyRoute,
    administer,
    bus_of,
    guarded,
    is_open,
    principal_of,
)
from keybus.server.answers import json
from keybus.server.listening import Listening
from keybus.server.native.platform import queues
from keybus.server.operation import Operation
from keybus.server.request import Query

Number = Annotated[int, msgspec.Meta(ge=0, le=10**15 - 1)]


class AuditQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of ``GET /api/v1/audit``.

    Attributes:
        after: The number of the entry behind which to begin.
        limit: At most so many entries, and at most 1,000.
        action: Those of this action, such as ``credential.revoked``, or of this kind of it; empty:
            of any.
        account: Those of this account's acts; empty: of anybody's.
        export: That all of it is being exported, which is written into it; counts on the first page.
    """

    after: Number = 0
    limit: Number = 100
    action: str = ""
    account: str = ""
    export: bool = False


_AUDIT = Query(AuditQuery)


def routes() -> list[AnyRoute]:
    """Every route about governance, each with its decision."""
    return [
        guarded(
            f"{API}/grants",
            _grants,
            access=MEMBER,
            operation=Operation(
                id="listGrants",
                summary="Grants that were given or received, and whether each holds",
                answers={200: list[GrantInfo]},
            ),
        ),
        guarded(
            f"{API}/audit",
            _audit,
            access=administer("audit.read"),
            operation=Operation(
                id="readAudit",
                summary="Entries of the audit log",
                query=_AUDIT,
                answers={200: AuditPage},
            ),
        ),
        guarded(
            f"{API}/usage",
            _usage,
            access=administer("usage.read"),
            operation=Operation(
                id="showUsage",
                summary="What was counted, by account",
                answers={200: UsageSnapshot},
            ),
        ),
        guarded(
            f"{API}/evidence",
            _evidence,
            access=administer("compliance.read"),
            operation=Operation(
                id="showEvidence",
                summary="How the bus runs, as compliance judges it",
                answers={200: Running},
            ),
        ),
    ]


async def _grants(request: Request) -> Response:
    bus, principal = bus_of(request), principal_of(request)
    found = grant_infos(bus.platform, bus.generation.contracts, bus.clock.time_us())
    if is_open(bus, principal):
        return json(list(found))
    visible = bus.authorizer.visible(principal).grants
    return json([info for info in found if info.name in visible])


async def _audit(request: Request) -> Response:
    asked, audit = _AUDIT.of(request), bus_of(request).audit
    if asked.export and asked.after == 0:
        await audit.write(Actor.of(principal_of(request)), "audit.exported")
    wanted = Filter(asked.action, asked.account)
    return json(await audit.page(asked.after, min(asked.limit, MAX_PAGE), wanted))


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
        admission=bus.platform.admission.default or bus.modes.admission,
        tls=tls,
        address=listening.address,
        queues=tuple(
            RunningQueue(each.name, each.declared, each.waiting, each.held, each.dead, each.made)
            for each in await queues(bus)
        ),
        credentials=_credentials(registry),
        consumers=tuple(
            RunningConsumer(name, session.principal.account)
            for name, dispatcher in bus.control.dispatchers.items()
            for session in dispatcher.sessions
            if name not in bus.generation.beside  # its target's own worker
        ),
        sealing=registry is not None and registry.seals,
        made=tuple(made_by_hand(bus)),
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
