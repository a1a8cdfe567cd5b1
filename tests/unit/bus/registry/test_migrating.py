"""Migrations are judged, kept, served and hold on the bus as contracts do."""

from typing import Any

import pytest

from keybus.bus import Bus
from keybus.bus.registry.errors import LedgerBroken, NotReleased
from keybus.bus.registry.shelf import LEDGERS, TEXTS
from keybus.contracts.migrations.declared import LARGEST
from keybus.contracts.releases.exchange import Verdict
from keybus.engines.memory import MemoryEngine
from keybus.errors import BrokenContracts, Forbidden, StorageFailed, UnknownEventType
from keybus.governance import Principal
from tests.unit.bus.failing import Store
from tests.unit.bus.registry.conftest import Restart
from tests.unit.bus.registry.publishing import (
    AUDITOR,
    CENTRAL,
    DESK,
    SHOP,
    SHOP_TOO,
    SOLD,
    STRANGER,
    TOOLS,
    actions,
    migrate,
    moves,
    publish,
)
from tests.unit.contracts.small import TEXT

DOWN, UP = "2-to-1.json", "1-to-2.json"
NUMBER = {"type": "integer"}
WRONG = moves({"op": "add", "path": "/amount", "value": 7})
OTHER = moves({"op": "default", "path": "/amount", "value": "nothing"})


async def two_majors(bus: Bus) -> None:
    await publish(bus, SHOP)
    assert (await publish(bus, SHOP, "2.0.0", total=TEXT)).outcome == "released"


def translated(bus: Bus) -> object:
    """What an event by major 2 is for those who ask for 1; None where nothing leads there."""
    found = bus.generation.contracts.migrations.translation(SOLD, 2, 1, "1.0.0")
    return None if found is None else found({"total": "7", "schema_version": "2.0.0"})


ONE = {"amount": "7", "schema_version": "1.0.0"}


async def test_with_its_contract_it_holds_at_once_and_after_a_restart(
    bus: Bus, another: Restart
) -> None:
    assert translated(bus) is None
    both = await publish(bus, SHOP, "2.0.0", total=TEXT, migrations={DOWN: moves()})
    assert [(each.name, each.version) for each in both.migrations] == [(DOWN, "2.0.0")]
    assert translated(bus) == ONE
    assert translated(await another()) == ONE
    [entry] = (await bus.releases.before(SOLD)).ledger.migrations.values()
    assert (entry.by, entry.why, entry.text) == ("shop", "because", both.migrations[0].digest)
    assert await actions(bus) == [("shop", "contract.released")]


async def test_alone_it_holds_as_well_and_the_newest_does(bus: Bus) -> None:
    await two_majors(bus)
    made = await migrate(bus, SHOP, _2_to_1=moves())
    assert [each.name for each in made.migrations] == [DOWN]
    assert translated(bus) == ONE
    again = await migrate(bus, SHOP, _2_to_1=moves())
    assert (again.migrations, again.left) == ([], {})
    await migrate(bus, SHOP, _2_to_1=OTHER)
    assert translated(bus) == {**ONE, "amount": "nothing", "total": "7"}
    assert (await actions(bus))[2:] == [("shop", "contract.migrated")] * 2


async def test_beside_a_contract_that_is_there_already(bus: Bus) -> None:
    await two_majors(bus)
    found = await publish(bus, SHOP, "2.0.0", total=TEXT, migrations={DOWN: moves()})
    assert found.outcome == "unchanged"
    assert [each.name for each in found.migrations] == [DOWN]
    assert translated(bus) == ONE


async def test_what_it_makes_is_tried_before_anything_is_written(bus: Bus) -> None:
    with pytest.raises(NotReleased) as caught:
        await publish(bus, SHOP, "2.0.0", total=TEXT, migrations={DOWN: WRONG})
    [fault] = caught.value.faults
    assert (fault.code, fault.pointer) == ("migration-broken", "/steps/0")
    assert dict((await bus.releases.before(SOLD)).ledger.releases) == {}
    await two_majors(bus)
    with pytest.raises(NotReleased, match="migration-broken"):
        await migrate(bus, SHOP, _2_to_1=WRONG)
    assert not (await bus.releases.before(SOLD)).ledger.migrations


async def test_a_contract_that_breaks_a_migration_is_refused_unless_another_comes(
    bus: Bus,
) -> None:
    await publish(bus, SHOP, "2.0.0", total=TEXT, migrations={DOWN: moves()})
    more: dict[str, Any] = {"total": TEXT, "amount": NUMBER}  # what 1 has as a text
    with pytest.raises(NotReleased) as caught:
        await publish(bus, SHOP, "2.1.0", **more)
    assert caught.value.faults[0].hint == "publish one that fits together with the contract"
    known = moves(
        {"op": "move", "from": "/total", "path": "/amount"}, {"op": "remove", "path": "/x"}
    )
    fits = moves({"op": "remove", "path": "/amount"})
    with pytest.raises(NotReleased):
        await publish(bus, SHOP, "2.1.0", **more, migrations={DOWN: known})
    found = await publish(bus, SHOP, "2.1.0", **more, migrations={DOWN: fits})
    assert [each.version for each in found.migrations] == ["2.1.0"]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        (DOWN, "{", "bad-json"),
        (DOWN, "[" * 100_000, "too-deep"),
        (DOWN, '{"steps": [{"op": "move"}]}', "migration-shape"),
        (DOWN, " " * (LARGEST + 1), "migration-unreadable"),
        ("../2-to-1.json", moves(), "migration-name"),
        ("2-to-1.py", moves(), "migration-name"),
        ("2-to-1.jsonata", "$f := function($x) {$f($x)}", "migration-unbounded"),
    ],
)
async def test_what_is_no_migration_is_refused(bus: Bus, name: str, text: str, code: str) -> None:
    with pytest.raises(BrokenContracts) as caught:
        await publish(bus, SHOP, migrations={name: text})
    assert code in {each.code for each in caught.value.faults}
    assert dict((await bus.releases.before(SOLD)).ledger.releases) == {}


async def test_what_needs_a_major_that_is_not_there_is_left_out_and_said(bus: Bus) -> None:
    found = await publish(
        bus, SHOP, "2.0.0", total=TEXT, migrations={"3-to-1.json": moves(), "2-to-3.json": moves()}
    )
    assert found.migrations == []
    assert found.left == {
        "2-to-3.json": "there is no contract of shop.sold@3 yet",
        "3-to-1.json": "nothing of shop.sold@3 was released here yet",
    }
    up = moves({"op": "move", "from": "/amount", "path": "/total"})
    assert UP in (await migrate(bus, SHOP, _1_to_2=up)).left  # 1 was applied, and not released


async def test_it_waits_with_a_release_that_waits(bus: Bus) -> None:
    remade = moves({"op": "add", "path": "/amount", "value": "7"})
    await publish(bus, SHOP)
    sent: dict[str, Any] = {"amount": NUMBER, "migrations": {DOWN: remade}}
    waits = (await publish(bus, SHOP, "2.0.0", **sent)).proposal
    assert waits is not None
    assert waits.migrations == (DOWN,)
    other = (await publish(bus, SHOP, "2.0.0", amount=NUMBER)).proposal
    assert other is not None
    assert other.id != waits.id  # nobody approves another migration than they have seen
    assert translated(bus) is None
    await bus.releases.approve(waits.id, Verdict(), SHOP_TOO)
    assert translated(bus) is not None
    entry = (await bus.releases.before(SOLD)).ledger.entries[-1]
    assert (entry.migration, entry.by, entry.approvals) == (DOWN, "shop", ("shop",))


@pytest.mark.parametrize("by", [TOOLS, AUDITOR, DESK, STRANGER], ids=lambda each: each.credential)
async def test_nobody_else_publishes_one(bus: Bus, by: Principal) -> None:
    await two_majors(bus)
    with pytest.raises((Forbidden, UnknownEventType)):
        await migrate(bus, by, _2_to_1=moves())
    assert not (await bus.releases.before(SOLD)).ledger.migrations


async def test_one_of_another_owner_s_release_holds_with_the_platform_alone(bus: Bus) -> None:
    await publish(bus, CENTRAL, "2.0.0", total=TEXT, owner="tools", migrations={DOWN: moves()})
    assert (await bus.releases.before(SOLD)).ledger.migrations
    assert translated(bus) is None


@pytest.mark.parametrize("collection", [TEXTS, LEDGERS])
async def test_what_a_crash_leaves_is_whole(
    bus: Bus, another: Restart, store: Store, collection: str
) -> None:
    await two_majors(bus)
    store.fails = lambda call: call[:2] == ("put", collection)
    with pytest.raises(StorageFailed):
        await migrate(bus, SHOP, _2_to_1=moves())
    store.fails = lambda _call: False
    again = await another()
    assert not (await again.releases.before(SOLD)).ledger.migrations
    assert [each.name for each in (await migrate(again, SHOP, _2_to_1=moves())).migrations] == [
        DOWN
    ]
    assert translated(again) == ONE


async def test_a_text_that_was_changed_in_the_store_is_found(
    another: Restart, engine: MemoryEngine
) -> None:
    first = await another()
    await two_majors(first)
    [made] = (await migrate(first, SHOP, _2_to_1=moves())).migrations
    await engine.documents.put(TEXTS, made.digest, WRONG.encode())
    again = await another()
    with pytest.raises(LedgerBroken):
        await again.releases.before(SOLD)
    assert translated(again) is None
