"""No account's slow endpoints keep the requests of others waiting."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from keybus.bus.targets import WebhookSettings
from keybus.bus.targets.destination import Destination
from keybus.bus.targets.poster import MAX_REQUESTS_OF_ACCOUNT, Poster
from keybus.clock import SYSTEM
from tests.unit.bus.consuming import turns
from tests.unit.bus.targets.endpoint import Endpoint, Slow

SETTINGS = WebhookSettings(plain=True, read_seconds=60.0, total_seconds=60.0)


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    made = Slow()
    await made.start(None)
    yield made
    await made.stop()


@pytest.fixture
async def fast() -> AsyncIterator[Slow]:
    made = Slow()
    made.may.set()
    await made.start(None)
    yield made
    await made.stop()


async def test_an_account_has_so_many_requests_under_way(slow: Slow, fast: Slow) -> None:
    poster = Poster(SETTINGS, SYSTEM)

    async def asked(endpoint: Endpoint, account: str) -> int:
        where = Destination(f"http://127.0.0.1:{endpoint.port}/", "127.0.0.1", endpoint.port)
        return (await poster.exchange("GET", where, None, {}, account=account)).status

    waiting = [asyncio.create_task(asked(slow, "one")) for _ in range(MAX_REQUESTS_OF_ACCOUNT + 1)]
    await slow.until(MAX_REQUESTS_OF_ACCOUNT)
    assert await asked(fast, "other") == 200
    own = asyncio.create_task(asked(fast, "one"))
    await turns()
    assert len(slow.requests) == MAX_REQUESTS_OF_ACCOUNT
    assert len(fast.requests) == 1
    slow.may.set()
    assert set(await asyncio.gather(own, *waiting)) == {200}
    await poster.close()
