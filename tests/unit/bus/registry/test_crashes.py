"""Two publishers at once, and whatever breaks off: a ledger names nothing that is not there."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.registry.errors import LedgerBroken, ReleasedMeanwhile
from keybus.bus.registry.proposals import PROPOSALS
from keybus.bus.registry.shelf import LEDGERS, OBJECTS, Shelf
from keybus.contracts import ContractRepository
from keybus.contracts.releases.exchange import Verdict
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine
from keybus.errors import StorageFailed
from keybus.topology import Platform
from tests.unit.bus.failing import Call, Store
from tests.unit.bus.registry.conftest import Restart
from tests.unit.bus.registry.publishing import (
    SHOP,
    SHOP_TOO,
    SOLD,
    USED,
    actions,
    contract,
    publish,
)
from tests.unit.contracts.small import TEXT


def writes(collection: str) -> Call:
    return ("put", collection)


def is_write(call: Call, collection: str) -> bool:
    return call[:2] == writes(collection)


async def whole(engine: MemoryEngine) -> list[str]:
    """The versions in the store, after all of it was read and verified by somebody new."""
    shelf = Shelf(engine.documents)
    await shelf.look()
    assert shelf.broken == {}
    ledger = shelf.records.get(SOLD)
    return [] if ledger is None else list(ledger.releases)


async def test_of_two_buses_the_second_is_told_to_look_again(
    bus: Bus, another: Restart, store: Store, engine: MemoryEngine
) -> None:
    other = await another()
    store.waits = lambda call: is_write(call, LEDGERS) and not store.waiting.is_set()
    slow = asyncio.create_task(publish(bus, SHOP, "1.1.0", amount=TEXT, slow=TEXT))
    await store.waiting.wait()
    await publish(other, SHOP, "1.2.0", amount=TEXT, quick=TEXT)
    store.go.set()
    with pytest.raises(ReleasedMeanwhile, match="somebody else") as caught:
        await slow
    assert "look" in caught.value.hint
    assert await whole(engine) == ["1.2.0"]
    told = [action for _, action in await actions(bus)]
    assert told.count("contract.not-released") == 1
    assert (await publish(bus, SHOP, "1.3.0", amount=TEXT, slow=TEXT)).outcome == "released"
    assert await whole(engine) == ["1.2.0", "1.3.0"]


async def test_publishers_of_one_bus_take_turns(bus: Bus, engine: MemoryEngine) -> None:
    versions = [f"1.{minor}.0" for minor in range(1, 6)]
    await asyncio.gather(
        *(publish(bus, SHOP, each, amount=TEXT, more=TEXT) for each in versions[:1])
    )
    done = await asyncio.gather(
        *(publish(bus, SHOP, "1.2.0", amount=TEXT, more=TEXT, last=TEXT) for _ in range(5))
    )
    assert sorted(each.outcome for each in done) == ["released", *["unchanged"] * 4]
    assert await whole(engine) == ["1.1.0", "1.2.0"]


@pytest.mark.parametrize("collection", [OBJECTS, LEDGERS])
async def test_what_a_crash_leaves_is_whole(
    bus: Bus, another: Restart, store: Store, engine: MemoryEngine, collection: str
) -> None:
    await publish(bus, SHOP)
    store.fails = lambda call: is_write(call, collection)
    with pytest.raises(StorageFailed):
        await publish(bus, SHOP, "1.1.0", amount=TEXT, more=TEXT)
    store.fails = lambda _call: False
    assert await whole(engine) == ["1.0.0"]
    again = await another()  # as after a restart
    assert (await publish(again, SHOP, "1.1.0", amount=TEXT, more=TEXT)).outcome == "released"
    assert await whole(engine) == ["1.0.0", "1.1.0"]


async def test_an_approval_that_broke_off_is_brought_to_its_end(
    bus: Bus, store: Store, engine: MemoryEngine
) -> None:
    waits = (await publish(bus, SHOP, "2.0.0", amount={"type": "integer"})).proposal
    assert waits is not None
    store.fails = lambda call: call[:2] == ("delete", PROPOSALS)
    with pytest.raises(StorageFailed):
        await bus.releases.approve(waits.id, Verdict(), SHOP_TOO)
    store.fails = lambda _call: False
    assert await whole(engine) == ["2.0.0"]
    assert (await bus.releases.approve(waits.id, Verdict(), SHOP_TOO)).outcome == "unchanged"
    assert [each async for each in bus.releases.proposals.all()] == []
    assert await whole(engine) == ["2.0.0"]


async def test_what_was_kept_although_the_store_failed_is_released(
    bus: Bus, store: Store, engine: MemoryEngine
) -> None:
    store.fails, store.kept = lambda call: is_write(call, LEDGERS), True
    assert (await publish(bus, SHOP)).outcome == "released"
    assert await whole(engine) == ["1.0.0"]


async def test_no_ledger_names_what_is_not_there_yet(bus: Bus, store: Store) -> None:
    await publish(bus, SHOP)
    order = [call[1] for call in store.calls if call[0] == "put" and call[1] in (OBJECTS, LEDGERS)]
    assert order == [OBJECTS, LEDGERS]


@pytest.mark.parametrize(
    ("collection", "change", "code"),
    [
        (OBJECTS, (b'"string"', b'"number"'), "release-broken"),
        (LEDGERS, (b'"shop"', b'"evil"'), "ledger-changed"),
        (LEDGERS, (b"\n", b"\n\xff\n"), "unreadable"),
    ],
)
async def test_what_was_changed_in_the_store_is_found_and_not_told(
    another: Restart, engine: MemoryEngine, collection: str, change: tuple[bytes, bytes], code: str
) -> None:
    first = await another()
    await publish(first, SHOP)
    key = SOLD if collection == LEDGERS else contract().digest
    found = await engine.documents.get(collection, key)
    assert found is not None
    await engine.documents.put(collection, key, found.value.replace(*change, 1))
    again = await another()
    with pytest.raises(LedgerBroken) as caught:
        await again.releases.before(SOLD)
    assert code in {each.code for each in caught.value.faults}
    assert SOLD not in again.releases.shelf.records
    assert SOLD in again.generation.contracts.editions  # what was applied holds all the same


async def test_a_ledger_that_was_cut_off_is_found_while_the_bus_runs(
    bus: Bus, engine: MemoryEngine
) -> None:
    await publish(bus, SHOP)
    await publish(bus, SHOP, "1.1.0", amount=TEXT, more=TEXT)
    found = await engine.documents.get(LEDGERS, SOLD)
    assert found is not None
    await engine.documents.put(LEDGERS, SOLD, found.value.splitlines(keepends=True)[0])
    with pytest.raises(LedgerBroken, match="go on as it did"):
        await bus.releases.before(SOLD)


async def test_a_store_of_another_type_s_contract_is_found(bus: Bus, engine: MemoryEngine) -> None:
    await publish(bus, SHOP)
    found = await engine.documents.get(LEDGERS, SOLD)
    assert found is not None
    await engine.documents.put(LEDGERS, USED, found.value)
    with pytest.raises(LedgerBroken):
        await bus.releases.before(USED)
    assert msgspec.json.decode(found.value.splitlines()[0])["type"] == SOLD


async def test_what_was_released_is_there_when_a_store_is_opened_again(
    small: tuple[Platform, ContractRepository], tmp_path: Path
) -> None:
    place = tmp_path / "bus.db"
    first = await Bus.start(Declared(*small), SqliteEngine.at(place), authorization="enforce")
    await publish(first, SHOP, "1.1.0", amount=TEXT, more=TEXT)
    await publish(first, SHOP, "2.0.0", amount={"type": "integer"})
    await first.close()
    again = await Bus.start(None, SqliteEngine.at(place), authorization="enforce")
    assert again.generation.contracts.editions[SOLD][1].contract.version == "1.1.0"
    assert [each.info.version async for each in again.releases.proposals.all()] == ["2.0.0"]
    await again.close()
