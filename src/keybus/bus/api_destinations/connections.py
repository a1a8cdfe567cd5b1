"""The connections that accounts have made: kept sealed, written down, and authorized."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from keybus.bus.api_destinations.allow_list import AllowList
from keybus.bus.api_destinations.authorization import Authorization, OAuth
from keybus.bus.api_destinations.authorizing import Authorizing
from keybus.bus.api_destinations.connection import (
    AUTHORIZED,
    AUTHORIZING,
    DEAUTHORIZED,
    Connection,
    opened,
    sealed,
    without_parameters,
)
from keybus.bus.api_destinations.errors import NotAuthorizing, NotSealed, TooMany
from keybus.bus.api_destinations.kept import Change, Kept
from keybus.bus.api_destinations.tokens import Tokens
from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Documents
from keybus.clock import Clock
from keybus.errors import CredentialError
from keybus.governance import Principal
from keybus.governance.audit import Actor
from keybus.governance.credentials.vault import Vault
from keybus.topology.findings import quoted

COLLECTION: Final = "connections"
MOST_BYTES: Final = 64 << 10
"""Of a connection's parameters (AWS Secrets Manager quotas, and what an API destination is sent)."""
MOST_BYTES_OF_ACCOUNT: Final = 16 << 20
"""Of all connections of an account, as they are kept: in memory as well."""
Merge = Callable[[Authorization | None], Authorization]
"""Makes a connection's parameters of those that it has; None: it has none."""


class Connections(Kept[Connection]):
    """Makes, changes, opens and ends connections. Belongs to one event loop.

    What is secret of them is in memory only while it is used.

    Args:
        documents: Where they are kept.
        audit: Where every change is written down, before it holds.
        vault: Seals their parameters; None: none can be made.
        allowed: Where requests may go.
        tokens: What OAuth tokens are asked of.
        change: Told of every change.
        clock: Time.

    Attributes:
        authorizing: What asks for their tokens.
    """

    def __init__(
        self,
        documents: Documents,
        audit: AuditLog,
        *,
        vault: Vault | None,
        allowed: AllowList,
        tokens: Tokens,
        change: Change,
        clock: Clock,
    ) -> None:
        super().__init__(documents, COLLECTION, Connection, "connection", change)
        self._audit, self._vault, self._allowed = audit, vault, allowed
        self._tokens, self._clock = tokens, clock
        self._changing = asyncio.Lock()  # what one change has looked at, no other changes meanwhile
        self.authorizing = Authorizing(
            self, self._changing, self.open, allowed=allowed, tokens=tokens, clock=clock
        )

    async def load(self) -> None:
        """Read what there is, and seal anew what is under an old key.

        Raises:
            CredentialError: One cannot be opened.
        """
        await super().load()
        for connection in self.all():
            await self._reseal(connection)

    def resume(self) -> None:
        """Go on authorizing what was being authorized when the run before ended."""
        for connection in self.all():
            if connection.state == AUTHORIZING:
                self.authorizing.soon(connection)

    async def close(self) -> None:
        """Authorize no more."""
        await self.authorizing.close()

    def open(self, connection: Connection) -> Authorization:
        """A connection's parameters, with what is secret; it has to have some.

        Raises:
            CredentialError: They cannot be opened.
        """
        if self._vault is None:
            raise NotSealed
        return opened(connection, self._vault)

    async def create(
        self,
        account: str,
        name: str,
        parameters: Authorization,
        *,
        by: Principal,
        description: str | None = None,
    ) -> Connection:
        """Make one.

        Raises:
            Exists: The account has one of this name.
            TooMany: It has as many as it may have, or as large ones.
            NotSealed: There is no sealing key.
            DestinationRefused: The account may not reach the authorization endpoint.
        """
        async with self._changing:
            self.check_new(account, name, f"Connection {name} already exists.")
            now = self._clock.time_us()
            draft = Connection(
                account,
                name,
                self._clock.uuid(),
                parameters.type,
                DEAUTHORIZED,
                now,
                now,
                description=description,
            )
            made = self._with(draft, parameters)
            await self._write("created", made, by)
            return made

    async def update(
        self,
        account: str,
        name: str,
        merge: Merge | None,
        *,
        by: Principal,
        description: str | None = None,
    ) -> Connection:
        """Change one; one that asks for tokens is authorized anew.

        Args:
            account: The account's name.
            name: The connection's.
            merge: Makes its parameters; None: they stay.
            by: Who asks.
            description: What it is for; None: that stays.

        Raises:
            NotFound: The account has none of this name.
            TooMany: The account's would be too large.
            NotAuthorizing: Its parameters would not be complete.
            NotSealed: There is no sealing key.
            DestinationRefused: The account may not reach the authorization endpoint.
        """
        async with self._changing:
            before = self.existing(account, name)
            made = msgspec.structs.replace(
                before,
                modified_us=self._clock.time_us(),
                description=before.description if description is None else description,
            )
            if merge is not None:
                parameters = merge(None if before.sealed is None else self.open(before))
                made = self._with(made, parameters)
            elif made.is_oauth:
                made = msgspec.structs.replace(made, state=AUTHORIZING, reason="")
            await self._write("changed", made, by)
            if made.revision != before.revision:
                self._tokens.forget(before.revision)
            return made

    async def deauthorize(self, account: str, name: str, *, by: Principal) -> Connection:
        """Take all parameters out of one; what would be sent with it waits.

        Raises:
            NotFound: The account has none of this name.
        """
        async with self._changing:
            before = self.existing(account, name)
            now = self._clock.time_us()
            made = msgspec.structs.replace(without_parameters(before), modified_us=now)
            await self._write("deauthorized", made, by)
            self._tokens.forget(before.revision)
            return made

    async def delete(self, account: str, name: str, *, by: Principal) -> Connection:
        """Remove one; what would be sent with it waits.

        Raises:
            NotFound: The account has none of this name.
        """
        async with self._changing:
            before = self.existing(account, name)
            await self._tell("deleted", before, by)
            await self.drop(before)
            self._tokens.forget(before.revision)
            return before

    def _with(self, connection: Connection, parameters: Authorization) -> Connection:
        """A connection with parameters, sealed; it may have to be authorized yet."""
        if self._vault is None:
            raise NotSealed
        if parameters.size > MOST_BYTES:
            raise NotAuthorizing(f"The connection's parameters have more than {MOST_BYTES} bytes.")
        means = parameters.means
        made = sealed(connection, self._clock.uuid(), parameters, self._vault)
        if self.size_with(made) > MOST_BYTES_OF_ACCOUNT:
            raise TooMany(
                f"an account's connections have at most {MOST_BYTES_OF_ACCOUNT} bytes together"
            )
        if isinstance(means, OAuth):
            self._allowed.check(means.endpoint, connection.account)
            return msgspec.structs.replace(made, state=AUTHORIZING, reason="")
        return msgspec.structs.replace(
            made, state=AUTHORIZED, reason="", authorized_us=connection.modified_us
        )

    async def _write(self, what: str, made: Connection, by: Principal) -> None:
        """Write a change down, then let it hold."""
        await self._tell(what, made, by)
        await self.keep(made)
        if made.state == AUTHORIZING:
            self.authorizing.soon(made)

    async def _tell(self, what: str, made: Connection, by: Principal) -> None:
        name = f"{made.account}/{made.name}"
        data = {"authorization": made.type}
        await self._audit.write(Actor.of(by), f"connection.{what}", name, data)

    async def _reseal(self, connection: Connection) -> None:
        if connection.sealed is None:
            return
        if self._vault is None:
            raise CredentialError(
                f"the connection {quoted(connection.name)} of {quoted(connection.account)} is"
                " sealed, and no key is set",
                hint="set KEYBUS_SEALING_KEY_FILE or KEYBUS_SEALING_KEY",
            )
        parameters = opened(connection, self._vault)
        if connection.sealed.key_id != self._vault.current:
            await self.keep(sealed(connection, connection.revision, parameters, self._vault))
