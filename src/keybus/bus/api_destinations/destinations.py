"""The API destinations that accounts have made, and which of them can be called."""

import asyncio
from typing import Final

import msgspec

from keybus.bus.api_destinations.allow_list import AllowList
from keybus.bus.api_destinations.connection import DEAUTHORIZED, Connection
from keybus.bus.api_destinations.connections import Connections
from keybus.bus.api_destinations.destination import BODILESS, RATE, ApiDestination, Method
from keybus.bus.api_destinations.errors import NotAuthorizing
from keybus.bus.api_destinations.kept import Change, Kept
from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Documents
from keybus.bus.ingest.bucket import Bucket
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.governance.audit import Actor
from keybus.governance.compliance.addresses import split_host

COLLECTION: Final = "api-destinations"


class Draft(msgspec.Struct, frozen=True):
    """What is asked of an API destination; None: it stays, or is the default.

    Attributes:
        connection: Its connection.
        endpoint: The URL that is called.
        method: By which method.
        rate: Requests a second, at most.
        description: What it is for.
    """

    connection: Connection | None = None
    endpoint: str | None = None
    method: Method | None = None
    rate: int | None = None
    description: str | None = None


class Destinations(Kept[ApiDestination]):
    """Makes, changes and ends API destinations. Belongs to one event loop.

    Args:
        documents: Where they are kept.
        audit: Where every change is written down, before it holds.
        connections: What authorizes their requests.
        allowed: Where requests may go.
        change: Told of every change.
        clock: Time.
    """

    def __init__(
        self,
        documents: Documents,
        audit: AuditLog,
        *,
        connections: Connections,
        allowed: AllowList,
        change: Change,
        clock: Clock,
    ) -> None:
        super().__init__(documents, COLLECTION, ApiDestination, "api-destination", change)
        self._audit, self._connections, self._allowed = audit, connections, allowed
        self._clock = clock
        self._changing = asyncio.Lock()
        self._buckets: dict[str, tuple[int, Bucket]] = {}

    def connection_of(self, destination: ApiDestination) -> Connection | None:
        """Its connection; None: that was deleted."""
        found = self._connections.find(destination.account, destination.connection)
        return found if found is not None and found.id == destination.connection_id else None

    def is_active(self, destination: ApiDestination) -> bool:
        """Whether its connection authorizes requests."""
        connection = self.connection_of(destination)
        return connection is not None and connection.state != DEAUTHORIZED

    def bucket(self, destination: ApiDestination) -> Bucket:
        """What its rate leaves of requests: one for all rules that send to it."""
        rate = destination.rate or RATE
        known = self._buckets.get(destination.id)
        if known is None or known[0] != rate:
            known = self._buckets[destination.id] = (rate, Bucket(rate, self._clock))
        return known[1]

    async def create(
        self, account: str, name: str, draft: Draft, *, by: Principal
    ) -> ApiDestination:
        """Make one; the draft says its connection, its endpoint and its method.

        Raises:
            Exists: The account has one of this name.
            TooMany: It has as many as it may have.
            DestinationRefused: The account may not reach it.
            NotAuthorizing: Its connection adds members to a body that its requests do not have.
        """
        async with self._changing:
            self.check_new(account, name, f"An api-destination '{name}' already exists.")
            now, connection = self._clock.time_us(), draft.connection
            assert connection is not None
            assert draft.endpoint is not None
            assert draft.method is not None
            made = ApiDestination(
                account,
                name,
                self._clock.uuid(),
                connection.name,
                connection.id,
                draft.endpoint,
                draft.method,
                now,
                now,
                draft.rate,
                draft.description,
            )
            return await self._write("created", made, by)

    async def update(
        self, account: str, name: str, draft: Draft, *, by: Principal
    ) -> ApiDestination:
        """Change one.

        Raises:
            NotFound: The account has none of this name.
            DestinationRefused: The account may not reach it.
            NotAuthorizing: Its connection adds members to a body that its requests do not have.
        """
        async with self._changing:
            before = self.existing(account, name)
            given = {
                field: value
                for field in ("endpoint", "method", "rate", "description")
                if (value := getattr(draft, field)) is not None
            }
            if draft.connection is not None:
                given |= {
                    "connection": draft.connection.name,
                    "connection_id": draft.connection.id,
                }
            made = msgspec.structs.replace(before, modified_us=self._clock.time_us(), **given)
            return await self._write("changed", made, by)

    async def delete(self, account: str, name: str, *, by: Principal) -> None:
        """Remove one; what rules would send to it waits.

        Raises:
            NotFound: The account has none of this name.
        """
        async with self._changing:
            before = self.existing(account, name)
            await self._tell("deleted", before, by)
            await self.drop(before)
            self._buckets.pop(before.id, None)

    async def _write(self, what: str, made: ApiDestination, by: Principal) -> ApiDestination:
        self._allowed.check(made.endpoint, made.account)
        connection = self.connection_of(made)
        if connection is not None and (why := bodiless(made, connection)):
            raise NotAuthorizing(why)
        await self._tell(what, made, by)
        await self.keep(made)
        return made

    async def _tell(self, what: str, made: ApiDestination, by: Principal) -> None:
        name = f"{made.account}/{made.name}"
        data = {"host": split_host(made.endpoint, 443)[0], "connection": made.connection}
        await self._audit.write(Actor.of(by), f"api-destination.{what}", name, data)


def bodiless(destination: ApiDestination, connection: Connection) -> str:
    """Why a connection does not suit the method: it adds to a body that is not there."""
    shown = connection.shown
    if destination.method not in BODILESS or shown is None or not shown.additions.body:
        return ""
    return (
        f"the connection {connection.name} adds members to the body, and a {destination.method}"
        " request has none"
    )
