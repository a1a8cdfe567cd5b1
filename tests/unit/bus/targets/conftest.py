"""A bus with a webhook to an endpoint that the test answers for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.targets import WebhookSettings
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.governance.credentials.sealing import SealingKeys
from keybus.testing import ManualClock
from keybus.topology import Platform
from keybus.topology.model import Subscription
from tests.unit.bus.targets.authority import Authority
from tests.unit.bus.targets.endpoint import Endpoint

HOST = "hooks.example.com"
StartHooked = Callable[..., Awaitable[Bus]]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def endpoint(authority: Authority) -> AsyncIterator[Endpoint]:
    found = Endpoint()
    await found.start(authority.serving(HOST))
    yield found
    await found.stop()


@pytest.fixture
async def hooked(
    declared: tuple[Platform, ContractRepository],
    clock: ManualClock,
    authority: Authority,
    endpoint: Endpoint,
) -> AsyncIterator[StartHooked]:
    """Starts a bus whose subscription ``all`` posts to the endpoint."""
    started: list[Bus] = []

    async def run(*, settings: dict[str, Any] | None = None, url: str = "", **target: Any) -> Bus:
        url = url or f"https://{HOST}:{endpoint.port}/in?x=1"
        bus = await Bus.start(
            Declared(posting(declared[0], url, endpoint.port, **target), declared[1]),
            MemoryEngine(clock=clock),
            clock=clock,
            vault=SealingKeys([b"k" * 32]),
            webhooks=WebhookSettings(
                **{
                    "networks": (ip_network("127.0.0.0/8"),),
                    "tls": authority.trusting(),
                    "lookup": at_home,
                    "total_seconds": 2.0,
                    **(settings or {}),
                }
            ),
        )
        started.append(bus)
        return bus

    yield run
    for bus in started:
        await bus.close()


async def at_home(_: str) -> Sequence[str]:
    """Every name leads here."""
    return ["127.0.0.1"]


def posting(platform: Platform, url: str, port: int, **target: Any) -> Platform:
    """The platform with one subscription, which posts."""
    webhook = {"url": url, **target.pop("webhook", {})}
    subscription = {
        "account": "me",
        "events": ["delivery.status.updated@1"],
        **target.pop("subscription", {}),
        "target": {"webhook": webhook, **target},
    }
    me = msgspec.structs.replace(platform.accounts["me"], destinations=[f"{HOST}:{port}"])
    return msgspec.structs.replace(
        platform,
        accounts={**platform.accounts, "me": me},
        subscriptions={"all": msgspec.convert(subscription, Subscription)},
    )
