"""All API destinations and connections of the bus, and the way to what a rule's target names."""

from collections.abc import Callable
from typing import Final

import msgspec

from keybus.arns import Arn
from keybus.bus.api_destinations.allow_list import AllowList
from keybus.bus.api_destinations.authorization import OAuth
from keybus.bus.api_destinations.connection import Connection
from keybus.bus.api_destinations.connections import Connections
from keybus.bus.api_destinations.destination import ApiDestination
from keybus.bus.api_destinations.destinations import Destinations, bodiless
from keybus.bus.api_destinations.errors import Obstacle
from keybus.bus.api_destinations.kept import Change
from keybus.bus.api_destinations.parameters import Parameters
from keybus.bus.api_destinations.tokens import Tokens
from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Documents
from keybus.bus.rules.target import HttpParameters
from keybus.bus.targets.destination import Destination, DestinationRefused
from keybus.bus.targets.poster import Poster
from keybus.bus.targets.settings import WebhookSettings
from keybus.clock import Clock
from keybus.governance.credentials.vault import Vault
from keybus.topology import Platform
from keybus.topology.inputs import InputError
from keybus.topology.model import NOBODY

CONNECTION: Final = "connection"
API_DESTINATION: Final = "api-destination"


class Route(msgspec.Struct, frozen=True):
    """The way to an endpoint, as things stand.

    Attributes:
        destination: The API destination.
        connection: Its connection, which has parameters.
        where: Its endpoint, checked.
    """

    destination: ApiDestination
    connection: Connection
    where: Destination


class ApiDestinations:
    """What accounts have made of API destinations. Belongs to one event loop.

    Args:
        documents: Where it is kept.
        audit: Where every change is written down, before it holds.
        platform: The platform that holds now.
        vault: Seals what is secret; None: no connection can be made.
        settings: What may be reached, and in which time.
        poster: Makes the requests.
        clock: Time.

    Attributes:
        change: Tells that a connection or an API destination is another one now.
        connections: How requests are authorized.
        destinations: What is called.
    """

    def __init__(
        self,
        documents: Documents,
        audit: AuditLog,
        platform: Callable[[], Platform],
        *,
        vault: Vault | None,
        settings: WebhookSettings,
        poster: Callable[[], Poster],
        clock: Clock,
    ) -> None:
        self._platform = platform
        self._allowed = AllowList(settings, platform)
        self.change = Change()
        self.connections = Connections(
            documents,
            audit,
            vault=vault,
            allowed=self._allowed,
            tokens=Tokens(poster, clock),
            change=self.change,
            clock=clock,
        )
        self.destinations = Destinations(
            documents,
            audit,
            connections=self.connections,
            allowed=self._allowed,
            change=self.change,
            clock=clock,
        )

    async def load(self) -> None:
        """Read what there is.

        Raises:
            CredentialError: A connection's parameters cannot be opened.
        """
        await self.connections.load()
        await self.destinations.load()

    def resume(self) -> None:
        """Go on with what was under way when the run before ended."""
        self.connections.resume()

    async def close(self) -> None:
        """End what is under way."""
        await self.connections.close()

    def arn(self, what: Connection | ApiDestination) -> str:
        """Its ARN."""
        kind = CONNECTION if isinstance(what, Connection) else API_DESTINATION
        return self._arn("events", what.account, f"{kind}/{what.name}/{what.id}")

    def connection_arn(self, destination: ApiDestination) -> str:
        """Its connection's ARN, also where that was deleted."""
        name = f"{CONNECTION}/{destination.connection}/{destination.connection_id}"
        return self._arn("events", destination.account, name)

    def secret_arn(self, connection: Connection) -> str:
        """What AWS would call the secret in which a connection's parameters are kept."""
        name = f"secret:events!connection/{connection.name}/{connection.id}-{connection.id[:6]}"
        return self._arn("secretsmanager", connection.account, name)

    def connection(self, arn: str, account: str) -> Connection | None:
        """The connection that an ARN names; None: the account has none of it."""
        name, identity = self._named(arn, CONNECTION, account)
        found = self.connections.find(account, name)
        return found if found is not None and found.id == identity else None

    def destination(self, arn: str, account: str) -> ApiDestination | None:
        """The API destination that an ARN names; None: the account has none of it."""
        name, identity = self._named(arn, API_DESTINATION, account)
        found = self.destinations.find(account, name)
        return found if found is not None and found.id == identity else None

    def refusal(self, account: str, arn: str, given: HttpParameters | None) -> str:
        """Why a rule of an account cannot send to what an ARN names; empty where it can.

        Args:
            account: The account's name.
            arn: The ARN of an API destination.
            given: What is to go along with requests.
        """
        destination = self.destination(arn, account)
        if destination is None:
            return f"the account has no API destination {arn}"
        try:
            parameters = Parameters.compile(given)
        except InputError as error:
            return str(error)
        return _path_refusal(destination, parameters)

    def route(self, account: str, arn: str, parameters: Parameters) -> Route:
        """The way to what an ARN names.

        Args:
            account: The name of the account whose it is.
            arn: The API destination's.
            parameters: What goes along with requests.

        Raises:
            Obstacle: Nothing can be sent now, and what has to be done first.
        """
        destination = self.destination(arn, account)
        if destination is None:
            raise Obstacle(f"{arn} was deleted: send to another target, or remove this one")
        if why := _path_refusal(destination, parameters):
            raise Obstacle(why)
        connection = self._connected(destination)
        try:
            means = None if connection.shown is None else connection.shown.means
            if isinstance(means, OAuth):
                self._allowed.check(means.endpoint, account)
            where = self._allowed.check(destination.endpoint, account)
        except DestinationRefused as error:
            raise Obstacle(str(error)) from error
        return Route(destination, connection, where)

    def _connected(self, destination: ApiDestination) -> Connection:
        """The connection of an API destination, where it is fit for requests."""
        connection = self.destinations.connection_of(destination)
        if connection is None:
            raise Obstacle(
                f"the connection {destination.connection} was deleted: give the API destination"
                f" {destination.name} another one"
            )
        if connection.sealed is None:
            raise Obstacle(
                f"the connection {connection.name} is deauthorized: update it with authorization"
                " parameters"
            )
        if why := bodiless(destination, connection):
            raise Obstacle(why)
        return connection

    def _arn(self, service: str, account: str, resource: str) -> str:
        platform = self._platform()
        declared = platform.accounts.get(account)
        digits = NOBODY if declared is None else declared.id
        return str(Arn(service, platform.region, digits, resource))

    def _named(self, arn: str, kind: str, account: str) -> tuple[str, str]:
        """The name and the id in an ARN of an account's; empty ones where it is none."""
        found = Arn.parse(arn)
        parts = [] if found is None else found.resource.split("/")
        if found is None or len(parts) != len((kind, "name", "id")) or parts[0] != kind:
            return "", ""
        if self._arn("events", account, found.resource) != arn:
            return "", ""
        return parts[1], parts[2]


def _path_refusal(destination: ApiDestination, parameters: Parameters) -> str:
    asked, given = destination.wildcards, len(parameters.steps)
    if asked == given:
        return ""
    return (
        f"the API destination {destination.name} asks for {asked} path parameters, and the target"
        f" has {given}"
    )
