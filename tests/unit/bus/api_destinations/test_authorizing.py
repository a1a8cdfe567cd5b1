"""Tokens are asked for once at a time, and what nobody can use any more is not kept."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.api_destinations.allow_list import AllowList
from keybus.bus.api_destinations.authorization import Authorization, OAuth
from keybus.bus.api_destinations.connections import Connections
from keybus.bus.api_destinations.kept import Change
from keybus.bus.api_destinations.tokens import Tokens
from keybus.bus.targets import WebhookSettings
from keybus.bus.targets.poster import Poster
from keybus.clock import SYSTEM
from keybus.governance import ANYBODY
from keybus.governance.credentials.sealing import SealingKeys
from tests.unit.bus.consuming import turns
from tests.unit.bus.targets.endpoint import Slow

SETTINGS = WebhookSettings(plain=True)


class Issuer(Slow):
    """Issues tokens, once it may."""

    body = b'{"access_token": "one-of-theirs", "expires_in": 3600}'


class Asking:
    """Connections of the account ``me`` that ask the issuer for tokens."""

    def __init__(self, bus: Bus, issuer: Issuer) -> None:
        me = msgspec.structs.replace(
            bus.platform.accounts["me"], destinations=[f"127.0.0.1:{issuer.port}"]
        )
        platform = msgspec.structs.replace(bus.platform, accounts={"me": me})
        self.poster = Poster(SETTINGS, SYSTEM)
        self.tokens, self.change = Tokens(lambda: self.poster, SYSTEM), Change()
        self.connections = Connections(
            bus.engine.documents,
            bus.audit,
            vault=SealingKeys([b"k" * 32]),
            allowed=AllowList(SETTINGS, lambda: platform),
            tokens=self.tokens,
            change=self.change,
            clock=SYSTEM,
        )
        self.means = OAuth("us", "secret", f"http://127.0.0.1:{issuer.port}/", "POST")

    async def authorized(self) -> None:
        """Wait until the connection is."""
        async with asyncio.timeout(10):
            while self.connections.all()[0].state != "AUTHORIZED":
                await self.change.wait()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    await made.start(None)
    yield made
    await made.stop()


@pytest.fixture
async def asking(bus: Bus, issuer: Issuer) -> AsyncIterator[Asking]:
    made = Asking(bus, issuer)
    await made.connections.create("me", "c", Authorization(made.means), by=ANYBODY)
    yield made
    await made.connections.close()
    await made.poster.close()


async def test_a_connection_that_changes_quickly_asks_once_at_a_time(
    asking: Asking, issuer: Issuer
) -> None:
    await issuer.until(1)
    for _ in range(20):
        await asking.connections.update("me", "c", None, by=ANYBODY)
    await turns()
    assert len(issuer.requests) == 1
    issuer.may.set()
    await issuer.until(2)  # what it asked for last
    await asking.authorized()
    await turns()
    assert len(issuer.requests) == 2


async def test_a_token_of_parameters_that_are_no_more_is_not_kept(
    asking: Asking, issuer: Issuer
) -> None:
    await issuer.until(1)
    for _ in range(5):
        await asking.connections.update(
            "me", "c", lambda _: Authorization(asking.means), by=ANYBODY
        )
    issuer.may.set()
    await asking.authorized()
    assert len(asking.tokens) == 1
    stale = asking.connections.all()[0]
    await asking.connections.delete("me", "c", by=ANYBODY)
    assert len(asking.tokens) == 0
    await asking.connections.authorizing.token(stale, asking.means)  # by a delivery under way
    assert len(asking.tokens) == 0
