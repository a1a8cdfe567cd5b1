"""Released contracts over the native API: searched, shown and read."""

import asyncio
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus.registry import ContractRegistry
from keybus.bus.registry.catalogue import (
    Wanted,
    contract_info,
    current,
    migration_info,
    migration_of,
    release_info,
    release_of,
    unknown,
)
from keybus.bus.registry.errors import LedgerBroken, NoSuchMigration, NoSuchRelease
from keybus.bus.registry.judging import Before
from keybus.bus.registry.reading import Reading
from keybus.bus.registry.shelf import TEXTS
from keybus.contracts.releases import LedgerEntry, Release, Status
from keybus.contracts.releases.exchange import (
    ContractDetail,
    ContractInfo,
    ContractPage,
    LedgerContent,
    ReleasedContract,
    ReleasedMigration,
)
from keybus.contracts.releases.migrating import newest_of_pairs
from keybus.contracts.releases.records import Records
from keybus.errors import UnknownEventType
from keybus.protocol import API
from keybus.server.access import AnyRoute, administer, bus_of, guarded, principal_of
from keybus.server.answers import json
from keybus.server.operation import Operation
from keybus.server.request import Query

MAX_PAGE = 500
"""Event types of one answer."""
CONTRACTS = f"{API}/contracts"
TYPE = {"type": "The event type."}
_READ = administer("contracts.read")


class ContractsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of ``GET /api/v1/contracts``.

    Attributes:
        q: Words that all occur in a type, its title, description or names of properties.
        owner: Only those of this account.
        status: Only those whose current release has this status.
        after: The event type behind which to begin.
        limit: At most so many, and at most 500.
    """

    q: Annotated[str, msgspec.Meta(max_length=200)] = ""
    owner: Annotated[str, msgspec.Meta(max_length=200)] = ""
    status: Status | msgspec.UnsetType = msgspec.UNSET
    after: Annotated[str, msgspec.Meta(max_length=500)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=10**6)] = 100

    @property
    def wanted(self) -> Wanted:
        """Which types are meant."""
        status = "" if self.status is msgspec.UNSET else self.status
        return Wanted(tuple(self.q.split()), self.owner, status)


_QUERY = Query(ContractsQuery)


def routes() -> list[AnyRoute]:
    """Every route by which released contracts are read, each with its decision."""
    one = f"{CONTRACTS}/{{type}}"
    broken = (UnknownEventType, LedgerBroken)
    return [
        guarded(
            CONTRACTS,
            _list,
            access=_READ,
            operation=Operation(
                id="listContracts",
                summary="Event types with a released contract that one may read",
                query=_QUERY,
                answers={200: ContractPage},
            ),
        ),
        guarded(
            one,
            _show,
            access=_READ,
            operation=Operation(
                id="showContract",
                summary="One event type, its releases and its migrations",
                path=TYPE,
                answers={200: ContractDetail},
                fails=broken,
            ),
        ),
        guarded(
            f"{one}/releases/{{release}}",
            _release,
            access=_READ,
            operation=Operation(
                id="readRelease",
                summary="A released contract with all that it refers to",
                path={**TYPE, "release": "Its version, or its digest."},
                answers={200: ReleasedContract},
                fails=(*broken, NoSuchRelease),
            ),
        ),
        guarded(
            f"{one}/migrations/{{digest}}",
            _migration,
            access=_READ,
            operation=Operation(
                id="readMigration",
                summary="What leads from one major of a type to another, as it was written down",
                path={**TYPE, "digest": "The digest of its text."},
                answers={200: ReleasedMigration},
                fails=(*broken, NoSuchMigration),
            ),
        ),
        guarded(
            f"{one}/ledger",
            _ledger,
            access=_READ,
            operation=Operation(
                id="readLedger",
                summary="All that happened to a type's releases, as a chain of hashes",
                path=TYPE,
                answers={200: LedgerContent},
                fails=broken,
            ),
        ),
    ]


async def _list(request: Request) -> Response:
    asked, registry = _QUERY.of(request), bus_of(request).releases
    await registry.shelf.look()
    reading = registry.permits.reading(principal_of(request))
    # On a thread: what is searched of a contract is worked out when it is first looked at.
    page = await asyncio.to_thread(_page, registry, registry.shelf.records, reading, asked)
    return json(page)


def _page(
    registry: ContractRegistry, records: Records, reading: Reading, asked: ContractsQuery
) -> ContractPage:
    wanted, limit = asked.wanted, min(asked.limit, MAX_PAGE)
    found: list[ContractInfo] = []
    for event_type in sorted(each for each in records if each > asked.after):
        before = registry.known(event_type, records)
        releases = reading.releases(before)
        if not releases:
            continue
        contract = records.contract(current(releases))
        info = contract_info(releases, contract)
        if wanted.takes(info, registry.texts.of(info, contract) if wanted.words else ""):
            if len(found) == limit:
                return ContractPage(found, found[-1].type)
            found.append(info)
    return ContractPage(found)


async def _show(request: Request) -> Response:
    before, releases = await _readable(request)
    contract = before.records.contract(current(releases))
    shown = [release_info(each) for each in releases]
    newest = {each.sequence for each in newest_of_pairs(before.ledger).values()}
    entries = [each for each in _entries(request, before) if each.sequence in newest]
    migrations = sorted(map(migration_info, entries), key=lambda each: each.name)
    return json(ContractDetail(contract_info(releases, contract), shown, migrations))


async def _release(request: Request) -> Response:
    before, releases = await _readable(request)
    release = release_of(before.type, releases, request.path_params["release"])
    content = await bus_of(request).releases.shelf.content(release.digest)
    return json(ReleasedContract(before.type, release_info(release), msgspec.Raw(content)))


async def _migration(request: Request) -> Response:
    before, _ = await _readable(request)
    digest = request.path_params["digest"]
    entry = migration_of(before.type, _entries(request, before), digest)
    text = await bus_of(request).releases.shelf.content(digest, TEXTS)
    return json(ReleasedMigration(before.type, migration_info(entry), text.decode()))


def _entries(request: Request, before: Before) -> list[LedgerEntry]:
    """The entries of migrations that whoever asks may read."""
    reading = bus_of(request).releases.permits.reading(principal_of(request))
    return reading.migrations(before)


async def _ledger(request: Request) -> Response:
    before, _ = await _readable(request)
    registry, by = bus_of(request).releases, principal_of(request)
    registry.permits.check_ledger(before, by)
    return json(LedgerContent(before.type, list(before.ledger)))


async def _readable(request: Request) -> tuple[Before, list[Release]]:
    """The type that the path names, and its releases that may be read.

    Raises:
        UnknownEventType: There are none.
    """
    registry, by = bus_of(request).releases, principal_of(request)
    event_type = request.path_params["type"]
    before = await registry.before(event_type)
    releases = registry.permits.reading(by).releases(before)
    if not releases:
        raise unknown(event_type, registry.readable(by))
    return before, releases
