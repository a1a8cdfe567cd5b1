"""The platform over the native API: what holds, what held, and what is to hold."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.bus.control.proposal import Proposal, Prune, QueueInfo, VersionContent, VersionInfo
from keybus.bus.control.versions import NoSuchVersion
from keybus.errors import (
    BrokenContracts,
    Fault,
    PatternError,
    PlanOutdated,
    PlanRefused,
    SubscriptionError,
    TopologyError,
)
from keybus.governance.credentials import Registry
from keybus.protocol import API
from keybus.server.access import AnyRoute, administer, bus_of, guarded, principal_of
from keybus.server.answers import BadRequest, json
from keybus.server.operation import Operation
from keybus.server.request import Body

MAX_PROPOSAL_BYTES = 32 << 20
"""Bytes of a platform with its contracts."""
_CURRENT = "current"
_PROPOSAL = Body(
    Proposal,
    limit=MAX_PROPOSAL_BYTES,
    wrong="the body is no platform",
    hint="send it with `keybus platform apply`",
)
_PRUNE = Body(
    Prune,
    limit=MAX_PROPOSAL_BYTES,
    wrong="the body names no queues",
    hint='send {"queues": ["name"]}',
)


class Pruned(msgspec.Struct, frozen=True):
    """Queues that were removed.

    Attributes:
        removed: Their names.
    """

    removed: list[str]


def routes() -> list[AnyRoute]:
    """Every route about the platform, each with its decision."""
    versions = f"{API}/platform/versions"
    return [
        guarded(
            f"{API}/platform",
            _apply,
            access=administer("platform.apply"),
            operation=Operation(
                id="applyPlatform",
                summary="Let another platform hold",
                body=_PROPOSAL,
                answers={200: VersionInfo},
                fails=(BrokenContracts, TopologyError, PatternError, PlanRefused, PlanOutdated),
            ),
            methods=["PUT"],
        ),
        guarded(
            versions,
            _versions,
            access=administer("platform.versions"),
            operation=Operation(
                id="listVersions",
                summary="What was applied, when and by whom",
                answers={200: list[VersionInfo]},
            ),
        ),
        guarded(
            f"{versions}/{{version}}",
            _version,
            access=administer("platform.versions"),
            operation=Operation(
                id="showVersion",
                summary="A version with its platform and contracts",
                path={"version": "Its number; `current` is what holds."},
                answers={200: VersionContent},
                fails=(NoSuchVersion,),
            ),
        ),
        guarded(
            f"{API}/queues",
            _queues,
            access=administer("subscriptions.read"),
            operation=Operation(
                id="listQueues",
                summary="Every queue in the store",
                answers={200: list[QueueInfo]},
            ),
        ),
        guarded(
            f"{API}/queues/prune",
            _prune,
            access=administer("platform.prune"),
            operation=Operation(
                id="pruneQueues",
                summary="Remove queues that no subscription declares",
                body=_PRUNE,
                answers={200: Pruned},
                fails=(SubscriptionError,),
            ),
            methods=["POST"],
        ),
    ]


async def _apply(request: Request) -> Response:
    """Let a platform hold, where nothing speaks against it."""
    proposal = await _PROPOSAL.of(request)
    _stay_administered(request.app.state.registry, proposal)
    try:
        applied = await bus_of(request).propose(proposal, principal_of(request))
    except RecursionError as error:  # it could be decoded, and is too deep to be looked through
        raise BadRequest(
            "the platform is nested too deeply", hint="see the filters of its subscriptions"
        ) from error
    return json(VersionInfo.of(applied))


def _stay_administered(registry: Registry | None, proposal: Proposal) -> None:
    """Refuse a platform that nobody could change again, now or ever."""
    central = proposal.platform.central
    if registry is None or registry.has_central(proposal.platform):
        return
    if central is None:
        message = "without a central account nobody could ever change this platform again"
        hint = "name one: `central: NAME`"
    elif not proposal.despite.strip():
        message = f"no credential of {central!r} has the role central: nobody could administer"
        hint = "with --despite REASON; then stop the bus, `keybus credentials bootstrap`, start it"
    else:
        return
    raise PlanRefused(
        "the credentials", [Fault("nobody-administers", message, "/central")], hint=hint
    )


async def _versions(request: Request) -> Response:
    return json([VersionInfo.of(applied) async for applied in bus_of(request).versions.all()])


async def _version(request: Request) -> Response:
    versions, asked = bus_of(request).versions, request.path_params["version"]
    if asked == _CURRENT:
        applied = bus_of(request).generation.applied
    elif asked.isdecimal() and len(asked) < 10:  # noqa: PLR2004 - nobody applies a billion
        applied = await versions.get(int(asked))
    else:
        raise NoSuchVersion(f"{asked[:40]!r} is no version", hint="give a number, or 'current'")
    packed = await versions.contracts(applied)
    return json(VersionContent(VersionInfo.of(applied), applied.platform, packed))


async def _queues(request: Request) -> Response:
    return json(await queues(bus_of(request)))


async def queues(bus: Bus) -> list[QueueInfo]:
    """Every queue that the store holds."""
    found = []
    for name in await bus.engine.queues():
        state = await bus.engine.queue_state(name)
        declared = name in bus.platform.subscriptions
        made = name in bus.generation.beside
        found.append(QueueInfo(name, declared, state.waiting, state.held, state.dead, made))
    return found


async def _prune(request: Request) -> Response:
    prune = await _PRUNE.of(request)
    await bus_of(request).control.prune(prune.queues, principal_of(request))
    return json(Pruned(sorted(set(prune.queues))))
