"""The way to the bus of the soak, for whoever asks it something."""

from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
import msgspec

from keybus.protocol import API
from tests.reliability.soak.server import SoakedServer

T = TypeVar("T")


class Unanswered(Exception):
    """The bus answered what the soak did not ask for."""


class Link(msgspec.Struct, frozen=True):
    """One account's way to the bus.

    Attributes:
        session: Where requests go through.
        server: The bus.
        token: The account's.
    """

    session: aiohttp.ClientSession
    server: SoakedServer
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """By which the account is known."""
        return {"Authorization": f"Bearer {self.token}"}

    def address(self, path: str) -> str:
        """Where a path of the native API is."""
        return f"{self.server.url}{API}{path}"

    async def ask(
        self, method: str, path: str, body: bytes | dict[str, Any] | None = None
    ) -> bytes:
        """Ask for something; the answer's body.

        Raises:
            Unanswered: It is none of success.
        """
        data = msgspec.json.encode(body) if isinstance(body, dict) else body
        async with self.session.request(
            method, self.address(path), data=data, headers=self.headers
        ) as answer:
            content = await answer.read()
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise Unanswered(f"{method} {path}: {answer.status}: {content[:300]!r}")
            return content

    async def told(
        self, kind: type[T], method: str, path: str, body: bytes | dict[str, Any] | None = None
    ) -> T:
        """Ask for something, and decode it.

        Raises:
            Unanswered: It is none of success.
        """
        return msgspec.json.decode(await self.ask(method, path, body), type=kind)
