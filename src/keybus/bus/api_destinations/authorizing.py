"""Asks for connections' tokens, and keeps whether it gets any: that is how a connection stands."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from keybus.bus.api_destinations.allow_list import AllowList
from keybus.bus.api_destinations.authorization import Authorization, OAuth
from keybus.bus.api_destinations.connection import AUTHORIZED, DEAUTHORIZED, Connection, State
from keybus.bus.api_destinations.kept import Kept
from keybus.bus.api_destinations.tokens import NoToken, Tokens
from keybus.bus.targets.destination import Destination, DestinationRefused
from keybus.clock import Clock
from keybus.errors import CredentialError, EngineError

_REASON: Final = 512
_log = logging.getLogger(__name__)


class Authorizing:
    """Gets tokens for connections. Belongs to one event loop.

    Args:
        kept: The connections.
        changing: Held by whoever changes one.
        opened: Opens a connection's parameters.
        allowed: Where requests may go.
        tokens: What is asked.
        clock: Time.
    """

    def __init__(
        self,
        kept: Kept[Connection],
        changing: asyncio.Lock,
        opened: Callable[[Connection], Authorization],
        *,
        allowed: AllowList,
        tokens: Tokens,
        clock: Clock,
    ) -> None:
        self._kept, self._changing, self._opened = kept, changing, opened
        self._allowed, self._tokens, self._clock = allowed, tokens, clock
        self._wanted: dict[tuple[str, str], Connection] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def token(self, connection: Connection, means: OAuth, *, refused: str = "") -> str:
        """A token for requests with a connection.

        Args:
            connection: The connection.
            means: By what it is asked for.
            refused: A token that was just refused, and which is not meant.

        Raises:
            NoToken: None was issued.
            DestinationRefused: The account may not reach the authorization endpoint any more.
        """
        where = self._allowed.check(means.endpoint, connection.account)
        try:
            token = await self._asked(connection, means, where, refused)
        except NoToken as error:
            await self._stands(connection, DEAUTHORIZED, str(error))
            raise
        await self._stands(connection, AUTHORIZED)
        return token

    def soon(self, connection: Connection) -> None:
        """Ask for a first token in the background; of one connection, once at a time."""
        place = connection.account, connection.name
        self._wanted[place] = connection
        if place not in self._tasks:
            name = f"authorize {connection.name}"
            self._tasks[place] = asyncio.create_task(self._authorize_all(place), name=name)

    async def close(self) -> None:
        """Ask no more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _asked(
        self, connection: Connection, means: OAuth, where: Destination, refused: str
    ) -> str:
        """A token; nothing of it is kept where the connection is another one by now."""
        try:
            return await self._tokens.token(
                connection.account, connection.revision, means, where, refused=refused
            )
        finally:
            now = self._kept.find(connection.account, connection.name)
            if now is None or now.revision != connection.revision:
                self._tokens.forget(connection.revision)

    async def _authorize_all(self, place: tuple[str, str]) -> None:
        """Authorize a connection, and once more where it was changed meanwhile."""
        try:
            while (connection := self._wanted.pop(place, None)) is not None:
                await self._authorize(connection)
        finally:
            del self._tasks[place]

    async def _authorize(self, connection: Connection) -> None:
        try:
            means = self._opened(connection).means
            assert isinstance(means, OAuth)
            self._tokens.forget(connection.revision)
            await self.token(connection, means)
        except NoToken:
            pass  # how it stands says so
        except (DestinationRefused, CredentialError) as error:
            await self._stands(connection, DEAUTHORIZED, str(error))
        except Exception:  # noqa: BLE001 - logged; how it stands says that it failed
            _log.exception("%s: cannot be authorized", connection.name)
            reason = "an internal error; update it to try again"
            await self._stands(connection, DEAUTHORIZED, reason)

    async def _stands(self, connection: Connection, state: State, reason: str = "") -> None:
        """Keep how a connection stands, where that is another than before."""
        reason = reason[:_REASON]
        if self._differing(connection, state, reason) is None:
            return
        async with self._changing:
            now = self._differing(connection, state, reason)
            if now is None:
                return
            at = self._clock.time_us() if state == AUTHORIZED else now.authorized_us
            made = msgspec.structs.replace(now, state=state, reason=reason, authorized_us=at)
            try:
                await self._kept.keep(made)
            except EngineError:
                _log.exception("%s: how it stands cannot be kept", connection.name)

    def _differing(self, connection: Connection, state: State, reason: str) -> Connection | None:
        """The connection as it is kept; None: it stands so already, or is another one by now."""
        now = self._kept.find(connection.account, connection.name)
        if now is None or now.revision != connection.revision:
            return None
        return None if (now.state, now.reason) == (state, reason) else now
