"""Connections are kept sealed, by account, and reach nothing that their account may not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus, Engine
from keybus.bus.api_destinations import connections
from keybus.bus.api_destinations import kept as kept_room
from keybus.bus.api_destinations.authorization import (
    Additions,
    ApiKey,
    Authorization,
    Basic,
    OAuth,
    Parameter,
)
from keybus.bus.api_destinations.connection import Connection
from keybus.bus.api_destinations.destinations import Draft
from keybus.bus.api_destinations.errors import NotSealed, TooMany
from keybus.bus.control.versions import Declared
from keybus.bus.targets import WebhookSettings
from keybus.bus.targets.destination import DestinationRefused
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine
from keybus.errors import CredentialError, StorageFailed
from keybus.governance import ANYBODY
from keybus.governance.credentials.sealing import SealingKeys
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.unit.bus.failing import Store, failing

HOST = "hooks.example.com"
SECRET = "a secret of theirs"
BASIC = Authorization(Basic("ann", SECRET))
OLD, NEW = b"o" * 32, b"n" * 32
StartBus = Callable[..., Awaitable[Bus]]


@pytest.fixture
async def started(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> AsyncIterator[StartBus]:
    running: list[Bus] = []

    async def start(engine: Engine, *, keys: Sequence[bytes] = (NEW,), **settings: Any) -> Bus:
        platform, contracts = declared
        me = msgspec.structs.replace(platform.accounts["me"], destinations=[HOST])
        allowed = msgspec.structs.replace(platform, accounts={**platform.accounts, "me": me})
        bus = await Bus.start(
            Declared(allowed, contracts),
            engine,
            clock=clock,
            vault=SealingKeys(keys) if keys else None,
            webhooks=WebhookSettings(**settings),
        )
        running.append(bus)
        return bus

    yield start
    for bus in running:
        await bus.close()


async def test_what_is_secret_is_sealed_and_sealed_anew_under_another_key(
    started: StartBus, tmp_path: Path
) -> None:
    file = tmp_path / "bus.db"
    bus = await started(SqliteEngine.at(file), keys=[OLD])
    await bus.api_destinations.connections.create("me", "doors", BASIC, by=ANYBODY)
    await bus.close()
    bus = await started(SqliteEngine.at(file), keys=[NEW, OLD])
    await bus.close()
    bus = await started(SqliteEngine.at(file), keys=[NEW])
    found = bus.api_destinations.connections.find("me", "doors")
    assert found is not None
    assert bus.api_destinations.connections.open(found) == BASIC
    await bus.close()
    assert SECRET.encode() not in all_bytes(tmp_path)
    engine = SqliteEngine.at(file)
    with pytest.raises(CredentialError, match="no key is set"):
        await started(engine, keys=[])
    await engine.close()


async def test_sealed_parameters_open_in_no_other_place(
    started: StartBus, clock: ManualClock
) -> None:
    bus = await started(MemoryEngine(clock=clock))
    made = bus.api_destinations.connections
    one = await made.create("me", "one", BASIC, by=ANYBODY)
    two = await made.create("me", "two", Authorization(Basic("bob", "b")), by=ANYBODY)
    for change in ({"name": "two", "id": two.id}, {"account": "deliveries"}, {"revision": "x"}):
        with pytest.raises(CredentialError):
            made.open(msgspec.structs.replace(one, **change))


async def test_without_a_key_none_is_made(started: StartBus, clock: ManualClock) -> None:
    bus = await started(MemoryEngine(clock=clock), keys=[])
    with pytest.raises(NotSealed, match="KEYBUS_SEALING_KEY_FILE"):
        await bus.api_destinations.connections.create("me", "doors", BASIC, by=ANYBODY)
    assert bus.api_destinations.connections.all() == []


async def test_an_account_has_its_own_and_so_many_of_them(
    started: StartBus, clock: ManualClock
) -> None:
    engine = MemoryEngine(clock=clock)
    kept = [
        Connection("me", f"number-{number}", str(number), "BASIC", "DEAUTHORIZED", 0, 0)
        for number in range(kept_room.MOST)
    ]
    documents = [(f"me/{each.name}", msgspec.json.encode(each)) for each in kept]
    await engine.documents.create(connections.COLLECTION, documents)
    bus = await started(engine)
    with pytest.raises(TooMany):
        await bus.api_destinations.connections.create("me", "more", BASIC, by=ANYBODY)
    await bus.api_destinations.connections.create("deliveries", "number-0", BASIC, by=ANYBODY)
    [theirs] = bus.api_destinations.connections.of("deliveries")
    arn = bus.api_destinations.arn(theirs)
    assert bus.api_destinations.connection(arn, "deliveries") == theirs
    assert bus.api_destinations.connection(arn, "me") is None
    await bus.api_destinations.connections.delete("me", "number-0", by=ANYBODY)
    made = await bus.api_destinations.connections.create("me", "more", BASIC, by=ANYBODY)
    for number in range(3):
        draft = Draft(made, f"https://{HOST}/{number}", "POST")
        await bus.api_destinations.destinations.create("me", str(number), draft, by=ANYBODY)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example.com/",
        f"https://{HOST}:444/",
        f"https://{HOST}.example.com/",
        f"https://{HOST}@example.com/",
        f"http://{HOST}/",
        "https://127.0.0.1/",
        "https://[::1]/",
        f"https://{HOST}\\@example.com/",
    ],
)
async def test_only_the_accounts_destinations_are_taken(
    started: StartBus, clock: ManualClock, url: str
) -> None:
    bus = await started(MemoryEngine(clock=clock))
    made = bus.api_destinations
    connection = await made.connections.create("me", "doors", BASIC, by=ANYBODY)
    asked, fine = Draft(connection, url, "POST"), Draft(connection, f"https://{HOST}/", "POST")
    oauth = Authorization(OAuth("us", SECRET, url, "POST"))
    with pytest.raises(DestinationRefused):
        await made.destinations.create("me", "doors", asked, by=ANYBODY)
    with pytest.raises(DestinationRefused):
        await made.connections.create("me", "tokens", oauth, by=ANYBODY)
    with pytest.raises(DestinationRefused):
        await made.destinations.create("deliveries", "doors", fine, by=ANYBODY)
    assert made.destinations.all() == []


async def test_a_name_that_leads_inside_gets_no_secret_and_tells_no_address(
    started: StartBus, clock: ManualClock
) -> None:
    async def inside(_: str) -> Sequence[str]:
        return ["169.254.169.254"]

    bus = await started(MemoryEngine(clock=clock), lookup=inside)
    oauth = Authorization(OAuth("us", SECRET, f"https://{HOST}/token", "POST"))
    await bus.api_destinations.connections.create("me", "tokens", oauth, by=ANYBODY)

    def state() -> Connection:
        found = bus.api_destinations.connections.find("me", "tokens")
        assert found is not None
        return found

    async with asyncio.timeout(10):
        while state().state != "DEAUTHORIZED":
            await bus.api_destinations.change.wait()
    assert state().reason.endswith(f"{HOST} leads into the bus's own network")


def all_bytes(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*"))


def test_nothing_secret_is_printed_by_accident() -> None:
    hidden = Parameter("proof", SECRET, is_secret=True)
    additions = Additions((hidden,), (hidden,), (hidden,))
    means = (
        Basic("ann", SECRET),
        ApiKey("key", SECRET),
        OAuth("us", SECRET, "u", "GET", additions),
    )
    for each in means:
        whole = Authorization(each, additions)
        assert SECRET not in f"{whole!r} {whole.hidden!r} {whole}"
        assert SECRET.encode() not in msgspec.json.encode(whole.hidden)
        assert set(whole.secrets) == {SECRET}


async def test_what_nobody_knows_to_be_kept_can_be_asked_for_again(
    started: StartBus, clock: ManualClock, store: Store
) -> None:
    bus = await started(failing(MemoryEngine(clock=clock), store))
    made = bus.api_destinations.connections
    store.kept = True

    async def twice(what: str, change: Callable[[], Awaitable[object]]) -> None:
        store.fails = lambda call: call[:2] == (what, connections.COLLECTION)
        with pytest.raises(StorageFailed):
            await change()
        store.fails = lambda _: False
        await change()

    await twice("put", lambda: made.create("me", "c", BASIC, by=ANYBODY))
    await twice("put", lambda: made.update("me", "c", None, by=ANYBODY, description="again"))
    await twice("delete", lambda: made.delete("me", "c", by=ANYBODY))
    assert made.all() == []
    assert await bus.engine.documents.get(connections.COLLECTION, "me/c") is None


async def test_an_accounts_connections_have_so_many_bytes_together(
    started: StartBus, clock: ManualClock
) -> None:
    engine = MemoryEngine(clock=clock)
    large = "x" * (connections.MOST_BYTES_OF_ACCOUNT - 4 * connections.MOST_BYTES)
    kept = Connection("me", "large", "1", "BASIC", "DEAUTHORIZED", 0, 0, description=large)
    await engine.documents.create(connections.COLLECTION, [("me/large", msgspec.json.encode(kept))])
    made = (await started(engine)).api_destinations.connections
    body = tuple(Parameter(f"k{number}", "v" * 1000) for number in range(60))
    for name in ("one", "two", "three"):
        with_body = Authorization(Basic("ann", SECRET), Additions(body=body))
        try:
            await made.create("me", name, with_body, by=ANYBODY)
        except TooMany:
            break
    else:
        pytest.fail("all of them were taken")
    await made.create("deliveries", "one", with_body, by=ANYBODY)
    await made.update("me", "one", lambda _: BASIC, by=ANYBODY)
    await made.create("me", name, BASIC, by=ANYBODY)
    await made.deauthorize("me", name, by=ANYBODY)
