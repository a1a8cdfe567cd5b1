"""What is released in the registry holds on the bus, without another platform."""

import json
from typing import cast

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.audit.log import AuditLog
from keybus.bus.control.control import Control
from keybus.bus.control.generation import Generation
from keybus.bus.control.overlays import Overlays
from keybus.bus.control.versions import Declared
from keybus.bus.metering.violations import Violations
from keybus.contracts import ContractRepository
from keybus.contracts.releases import Ledger
from keybus.contracts.releases.exchange import StatusChange, Verdict
from keybus.contracts.releases.ledger import newest_of_majors
from keybus.engines.memory import MemoryEngine
from keybus.envelope import Entry, EntryResult
from keybus.governance import Principal
from keybus.topology import Platform
from tests.unit.bus.registry.conftest import Restart
from tests.unit.bus.registry.publishing import CENTRAL, SHOP, SHOP_TOO, SOLD, contract, publish
from tests.unit.contracts.releases.releasing import released
from tests.unit.contracts.small import TEXT

NUMBER = {"type": "integer"}
CODE = {"type": "string", "maxLength": 3}


async def sell(bus: Bus, number: int, version: str = "1.0.0", **more: object) -> EntryResult:
    detail = {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "type": SOLD,
        "time": "2026-01-31T08:00:00.000Z",
        "publisher": {"name": "shop.till"},
        "schema_version": version,
        **more,
    }
    entry = Entry("shop.till", SOLD, msgspec.Raw(json.dumps(detail).encode()))
    [result] = await bus.put([entry], SHOP)
    return result


async def test_a_release_holds_at_once_and_after_a_restart(bus: Bus, another: Restart) -> None:
    assert (await sell(bus, 1, currency="EURO")).event_id
    version, consumers = bus.generation.applied.version, dict(bus.control.dispatchers)
    await publish(bus, SHOP, "1.1.0", amount=TEXT, currency=CODE)
    for running in (bus, await another()):
        refused = await sell(running, 2, "1.1.0", currency="EURO")
        assert not refused.event_id
        assert "/currency" in (refused.message or "")
        assert (await sell(running, 3, "1.1.0", currency="EUR")).event_id
        assert running.generation.applied.version == version
    assert dict(bus.control.dispatchers) == consumers


async def test_a_new_major_stands_beside_the_old_one(bus: Bus) -> None:
    assert not (await sell(bus, 1, "2.0.0", amount=7)).event_id
    waits = (await publish(bus, SHOP, "2.0.0", amount=NUMBER)).proposal
    assert waits is not None
    assert not (await sell(bus, 2, "2.0.0", amount=7)).event_id
    await bus.releases.approve(waits.id, Verdict(), SHOP_TOO)
    assert (await sell(bus, 3, "2.0.0", amount=7)).event_id
    assert (await sell(bus, 4, "1.0.0", amount="7")).event_id
    assert not (await sell(bus, 5, "1.0.0", amount=7)).event_id


async def test_a_status_holds_as_well(bus: Bus) -> None:
    await publish(bus, SHOP)
    waits = (await publish(bus, SHOP, "2.0.0", amount=NUMBER)).proposal
    assert waits is not None
    await bus.releases.approve(waits.id, Verdict(), SHOP_TOO)
    later = StatusChange("1", "deprecated", f"{SOLD}@2", "2031-01-31")
    await bus.releases.change(SOLD, later, SHOP)
    assert (await sell(bus, 1, amount="7")).event_id
    assert "2031-01-31" in bus.generation.warnings("shop-feed")[0]
    for status in ("sunset", "retired"):
        change = msgspec.convert(
            {"release": "1", "status": status, "despite": "the till is new"}, StatusChange
        )
        await bus.releases.change(SOLD, change, SHOP)
    refused = await sell(bus, 2, amount="7")
    assert not refused.event_id
    assert f"{SOLD}@2" in (refused.message or "")


async def test_another_platform_goes_on_with_what_was_released(bus: Bus) -> None:
    await publish(bus, SHOP, "1.1.0", amount=TEXT, currency=CODE)
    held = bus.generation
    platform = msgspec.structs.replace(
        held.platform,
        subscriptions={"desk-feed": held.platform.subscriptions["desk-feed"]},
    )
    applied = await bus.apply(Declared(platform, held.contracts), CENTRAL)
    assert applied.version == held.applied.version + 1
    assert not (await sell(bus, 1, "1.1.0", currency="EURO")).event_id


async def test_who_owns_and_may_receive_changes_with_the_platform_alone(bus: Bus) -> None:
    """A published contract of a type that was not applied, or of another owner, changes nothing."""
    tools = Principal("tools", frozenset({"publisher"}), "KBTKTOOLS")
    entry = Entry("shop.till", "till.opened", msgspec.Raw(b"{}"))
    authorizer = bus.authorizer
    assert authorizer.put(SHOP, entry.source, entry.detail_type) is None
    await publish(bus, tools, event_type="till.opened", owner="tools")
    assert "till.opened" not in bus.generation.contracts.editions
    assert bus.authorizer.put(SHOP, entry.source, entry.detail_type) is None
    foreign = {"owner": "tools", "classification": "public"}
    await publish(bus, CENTRAL, "1.1.0", amount=TEXT, currency=CODE, **foreign)  # type: ignore[arg-type]
    assert bus.authorizer.put(SHOP, "shop.till", SOLD) is None
    assert bus.generation.contracts[SOLD].owner == "shop"
    assert (await sell(bus, 1, "1.1.0", currency="EURO")).event_id


def test_what_was_never_promised_ends_nothing() -> None:
    ledger = Ledger(SOLD)
    for version, status in (("1.0.0", "active"), ("1.1.0", "draft"), ("2.0.0", "draft")):
        ledger = ledger.then(released(contract(SOLD, version), status=status))
    for version in ("1.1.0", "2.0.0"):
        gone = released(contract(SOLD, version), action="status", status="retired")
        ledger = ledger.then(gone)
    found = newest_of_majors(ledger.releases.values())
    assert {major: each.version for major, each in found.items()} == {1: "1.0.0"}


async def test_what_cannot_hold_does_not_keep_the_bus_down(
    small: tuple[Platform, ContractRepository],
    engine: MemoryEngine,
    bus: Bus,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def overlay(_applied: ContractRepository) -> ContractRepository:
        return cast("ContractRepository", None)  # nothing can be compiled of that

    audit = await AuditLog.open(engine.documents, bus.clock)
    control = Control(
        engine,
        bus.modes,
        bus.permission,
        audit=audit,
        usage=bus.usage,
        clock=bus.clock,
        meters=bus.meters,
        violations=Violations(bus.clock),
        overlays=Overlays(overlay),
    )
    held: list[Generation] = []
    await control.resume(held.append, required=True)
    assert held[0].contracts.types == small[1].types
    assert "cannot hold" in caplog.text
    await control.stop()
    await audit.close()
