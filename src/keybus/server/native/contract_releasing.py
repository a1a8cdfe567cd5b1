"""Contracts over the native API: published, approved and rejected, and given another status."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from keybus.bus.registry.errors import (
    LedgerBroken,
    NoSuchProposal,
    NotReleased,
    ReleasedMeanwhile,
    TooManyProposals,
)
from keybus.contracts.releases.exchange import (
    MigrationsPublication,
    MigrationsPublished,
    ProposalContent,
    ProposalInfo,
    Publication,
    Published,
    StatusChange,
    StatusChanged,
    Verdict,
)
from keybus.errors import BrokenContracts, ContractError, UnknownEventType
from keybus.protocol import API
from keybus.server.access import AnyRoute, administer, bus_of, guarded, principal_of
from keybus.server.answers import BadRequest, json
from keybus.server.native.contracts import CONTRACTS, TYPE
from keybus.server.operation import Operation
from keybus.server.request import Body

MAX_PUBLICATION_BYTES: Final = 4 << 20
"""Bytes of a contract with all that it refers to; a schema file has at most 1 MiB."""
_PROPOSALS = f"{API}/contract-proposals"
_ID = {"id": "The proposal's id."}
_MADE, _BEGUN = 201, 202
_PUBLICATION = Body(
    Publication,
    limit=MAX_PUBLICATION_BYTES,
    wrong="the body is no contract",
    hint="send it with `keybus contracts publish`",
)
_MIGRATIONS = Body(
    MigrationsPublication,
    limit=MAX_PUBLICATION_BYTES,
    wrong="the body has no migrations",
    hint='send {"migrations": {"2-to-1.json": "…"}, "why": "…"}',
)
_STATUS = Body(
    StatusChange,
    limit=16 << 10,
    wrong="the body is no change of status",
    hint='send {"release": "1", "status": "deprecated", "replaced_by": "TYPE@2", "sunset": "2027-06-30"}',
)
_VERDICT = Body(Verdict, limit=16 << 10, hint='send {"why": "…"}, or nothing', optional=True)
_FAILS = (LedgerBroken, ReleasedMeanwhile, NotReleased, ContractError)


def routes() -> list[AnyRoute]:
    """Every route by which the registry is changed, each with its decision."""
    return [*_publishing(), *_deciding()]


def _publishing() -> Sequence[AnyRoute]:
    one = f"{CONTRACTS}/{{type}}"
    return [
        guarded(
            f"{one}/releases",
            _publish,
            access=administer("contracts.publish"),
            operation=Operation(
                id="publishContract",
                summary="Release a contract, with migrations; what breaks earlier ones waits",
                path=TYPE,
                body=_PUBLICATION,
                answers={200: Published, _MADE: Published, _BEGUN: Published},
                fails=(*_FAILS, BrokenContracts, TooManyProposals),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{one}/migrations",
            _migrate,
            access=administer("contracts.publish"),
            operation=Operation(
                id="publishMigrations",
                summary="Release migrations between majors that are there",
                path=TYPE,
                body=_MIGRATIONS,
                answers={200: MigrationsPublished, _MADE: MigrationsPublished},
                fails=(*_FAILS, BrokenContracts, UnknownEventType),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{one}/status",
            _change,
            access=administer("contracts.publish"),
            operation=Operation(
                id="changeReleaseStatus",
                summary="Deprecate, sunset, retire or activate releases",
                path=TYPE,
                body=_STATUS,
                answers={200: StatusChanged},
                fails=(*_FAILS, UnknownEventType),
            ),
            methods=["POST"],
        ),
    ]


def _deciding() -> Sequence[AnyRoute]:
    return [
        guarded(
            _PROPOSALS,
            _pending,
            access=administer("contracts.read"),
            operation=Operation(
                id="listProposals",
                summary="Releases that wait for an approval, of one's own and to be decided on",
                answers={200: list[ProposalInfo]},
            ),
        ),
        guarded(
            f"{_PROPOSALS}/{{id}}",
            _proposal,
            access=administer("contracts.read"),
            operation=Operation(
                id="showProposal",
                summary="One of them, with its contract",
                path=_ID,
                answers={200: ProposalContent},
                fails=(NoSuchProposal,),
            ),
        ),
        guarded(
            f"{_PROPOSALS}/{{id}}/approve",
            _approve,
            access=administer("contracts.approve"),
            operation=Operation(
                id="approveProposal",
                summary="Approve a release, which releases it",
                path=_ID,
                body=_VERDICT,
                answers={200: Published, _MADE: Published},
                fails=(*_FAILS, NoSuchProposal),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{_PROPOSALS}/{{id}}/reject",
            _reject,
            access=administer("contracts.approve"),
            operation=Operation(
                id="rejectProposal",
                summary="Let a release wait no longer",
                path=_ID,
                body=_VERDICT,
                answers={200: ProposalInfo},
                fails=(NoSuchProposal, LedgerBroken),
            ),
            methods=["POST"],
        ),
    ]


async def _publish(request: Request) -> Response:
    asked = await _PUBLICATION.of(request)
    registry, by = bus_of(request).releases, principal_of(request)
    try:
        published = await registry.publish(request.path_params["type"], asked, by)
    except RecursionError as error:  # it could be decoded, and is too deep to be looked through
        raise BadRequest("the contract is nested too deeply") from error
    status = {"released": _MADE, "pending": _BEGUN}.get(published.outcome, 200)
    return json(published, _MADE if published.migrations else status)


async def _migrate(request: Request) -> Response:
    asked = await _MIGRATIONS.of(request)
    registry, by = bus_of(request).releases, principal_of(request)
    try:
        published = await registry.migrate(request.path_params["type"], asked, by)
    except RecursionError as error:  # the text could be decoded, and is too deep to be read
        raise BadRequest("a migration is nested too deeply") from error
    return json(published, _MADE if published.migrations else 200)


async def _change(request: Request) -> Response:
    asked = await _STATUS.of(request)
    registry, by = bus_of(request).releases, principal_of(request)
    return json(await registry.change(request.path_params["type"], asked, by))


async def _pending(request: Request) -> Response:
    registry, by = bus_of(request).releases, principal_of(request)
    found = [each async for each in registry.proposals.all() if registry.permits.may_see(each, by)]
    return json([each.info for each in sorted(found, key=lambda each: each.info.proposed)])


async def _proposal(request: Request) -> Response:
    registry, by = bus_of(request).releases, principal_of(request)
    found = await registry.proposals.get(request.path_params["id"])
    if not registry.permits.may_see(found, by):
        raise NoSuchProposal(found.info.id)
    return json(ProposalContent(found.info, found.raw, found.migrations))


async def _approve(request: Request) -> Response:
    verdict = await _VERDICT.of(request)
    registry, by = bus_of(request).releases, principal_of(request)
    published = await registry.approve(request.path_params["id"], verdict, by)
    return json(published, _MADE if published.outcome == "released" else 200)


async def _reject(request: Request) -> Response:
    verdict = await _VERDICT.of(request)
    registry, by = bus_of(request).releases, principal_of(request)
    return json((await registry.reject(request.path_params["id"], verdict, by)).info)
