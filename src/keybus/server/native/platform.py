"""The platform over the native API: what holds, what held, and what is to hold."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.bus.control.proposal import Proposal, Prune, QueueInfo, VersionContent, VersionInfo
from keybus.bus.control.versions import NoSuchVersion
from keybus.errors import Fault, PlanRefused
from keybus.governance.credentials import Registry
from keybus.protocol import API
from keybus.server.access import AnyRoute, administer, bus_of, guarded, principal_of
from keybus.server.answers import UNREADABLE, BadRequest, body, json

MAX_PROPOSAL_BYTES = 32 << 20
"""Bytes of a platform with its contracts."""
_proposals = msgspec.json.Decoder(Proposal)
_prunes = msgspec.json.Decoder(Prune)
_CURRENT = "current"


def routes() -> list[AnyRoute]:
    """Every route about the platform, each with its decision."""
    versions = f"{API}/platform/versions"
    return [
        guarded(f"{API}/platform", _apply, access=administer("platform.apply"), methods=["PUT"]),
        guarded(versions, _versions, access=administer("platform.versions")),
        guarded(f"{versions}/{{version}}", _version, access=administer("platform.versions")),
        guarded(f"{API}/queues", _queues, access=administer("subscriptions.read")),
        guarded(
            f"{API}/queues/prune", _prune, access=administer("platform.prune"), methods=["POST"]
        ),
    ]


async def _apply(request: Request) -> Response:
    """Let a platform hold, where nothing speaks against it."""
    try:
        proposal = _proposals.decode(await body(request, MAX_PROPOSAL_BYTES))
    except UNREADABLE as error:
        raise BadRequest(
            f"the body is no platform: {error}", hint="send it with `keybus platform apply`"
        ) from error
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
        found.append(QueueInfo(name, declared, state.waiting, state.held, state.dead))
    return found


async def _prune(request: Request) -> Response:
    try:
        prune = _prunes.decode(await body(request, MAX_PROPOSAL_BYTES))
    except UNREADABLE as error:
        raise BadRequest(
            f"the body names no queues: {error}", hint='send {"queues": ["name"]}'
        ) from error
    await bus_of(request).control.prune(prune.queues, principal_of(request))
    return json({"removed": sorted(set(prune.queues))})
