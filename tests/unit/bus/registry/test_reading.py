"""Who is told what: owners, approvers and those who may receive; public contracts to all."""

import pytest

from keybus.bus import Bus
from keybus.bus.registry.errors import NoSuchProposal, NotReleased
from keybus.contracts.releases import Release
from keybus.contracts.releases.exchange import StatusChange, Verdict
from keybus.errors import ContractError, Forbidden, UnknownEventType
from keybus.governance import Principal
from tests.unit.bus.registry.publishing import (
    AUDITOR,
    CENTRAL,
    DESK,
    SHOP,
    SHOP_TOO,
    SOLD,
    STRANGER,
    TOOLS,
    USED,
    actions,
    publish,
)
from tests.unit.contracts.small import TEXT

NUMBER = {"type": "integer"}
LATER = {"release": "1", "status": "deprecated", "replaced_by": f"{SOLD}@2", "sunset": "2031-01-31"}


async def readable(bus: Bus, by: Principal, event_type: str = SOLD) -> list[Release]:
    before = await bus.releases.before(event_type)
    return bus.releases.permits.reading(by).releases(before)


@pytest.mark.parametrize(
    ("by", "sold", "used"),
    [
        (SHOP, True, False),
        (TOOLS, False, True),
        (DESK, True, True),  # it has a grant for the one, and dora approves the other
        (AUDITOR, True, True),
        (CENTRAL, True, True),
        (STRANGER, False, False),
    ],
    ids=lambda each: getattr(each, "credential", str(each)),
)
async def test_who_may_read(bus: Bus, by: Principal, *, sold: bool, used: bool) -> None:
    await publish(bus, SHOP)
    await publish(bus, TOOLS, event_type=USED)
    assert bool(await readable(bus, by)) == sold
    assert bool(await readable(bus, by, USED)) == used
    assert sorted(bus.releases.readable(by)) == sorted([SOLD] * sold + [USED] * used)


async def test_a_public_contract_is_everybodys_but_not_who_did_what(bus: Bus) -> None:
    await publish(bus, SHOP, classification="internal")
    await publish(bus, SHOP, "1.1.0", classification="public")
    await publish(bus, SHOP, "1.2.0-rc.1", classification="public", more=TEXT)
    assert [each.version for each in await readable(bus, TOOLS)] == ["1.1.0"]
    assert await readable(bus, STRANGER) == []
    before = await bus.releases.before(SOLD)
    bus.releases.permits.check_ledger(before, DESK)
    with pytest.raises(Forbidden) as caught:
        bus.releases.permits.check_ledger(before, TOOLS)
    assert "shop'" not in str(caught.value)


async def test_a_proposal_is_its_owners_and_its_approvers(bus: Bus) -> None:
    waits = (await publish(bus, SHOP, "2.0.0", amount=NUMBER)).proposal
    assert waits is not None
    found = await bus.releases.proposals.get(waits.id)
    told = [by for by in (SHOP, CENTRAL, AUDITOR, TOOLS, DESK, STRANGER)
            if bus.releases.permits.may_see(found, by)]  # fmt: skip
    assert told == [SHOP, CENTRAL, AUDITOR]
    for by in (TOOLS, DESK):
        with pytest.raises(NoSuchProposal) as caught:
            await bus.releases.approve(waits.id, Verdict(), by)
        with pytest.raises(NoSuchProposal) as missing:
            await bus.releases.reject("0" * 16, Verdict(), by)
        assert str(caught.value).replace(waits.id, "0" * 16) == str(missing.value)


async def test_a_major_goes_its_way(bus: Bus) -> None:
    await publish(bus, SHOP)
    waits = (await publish(bus, SHOP, "2.0.0", amount=NUMBER)).proposal
    assert waits is not None
    await bus.releases.approve(waits.id, Verdict(), SHOP_TOO)
    made = await bus.releases.change(SOLD, StatusChange(**LATER), SHOP)  # type: ignore[arg-type]
    assert [(each.version, each.status, each.sunset) for each in made.releases] == [
        ("1.0.0", "deprecated", "2031-01-31")
    ]
    sunset = StatusChange(release="1", status="sunset")
    with pytest.raises(NotReleased, match="is not here yet"):
        await bus.releases.change(SOLD, sunset, SHOP)
    early = StatusChange(release="1", status="sunset", despite="the shop is closed")
    await bus.releases.change(SOLD, early, SHOP)
    retired = StatusChange(release="1", status="retired", despite="the shop is closed")
    await bus.releases.change(SOLD, retired, SHOP)
    with pytest.raises(ContractError, match="retired"):
        await bus.releases.change(SOLD, sunset, SHOP)
    with pytest.raises(NotReleased, match="no way leads back"):
        await publish(bus, SHOP, "1.1.0", amount=TEXT, more=TEXT)
    assert (await publish(bus, SHOP)).outcome == "unchanged"
    last = (await bus.releases.before(SOLD)).ledger.entries[-1]
    assert (last.status, last.by) == ("retired", "shop")
    assert "despite what speaks against it: the shop is closed" in last.why
    assert [action for _, action in await actions(bus)].count("contract.status") == 3


async def test_who_is_left_behind_is_named_as_far_as_one_may_know(bus: Bus) -> None:
    await publish(bus, SHOP)
    waits = (await publish(bus, SHOP, "2.0.0", amount=NUMBER)).proposal
    assert waits is not None
    await bus.releases.approve(waits.id, Verdict(), SHOP_TOO)
    await bus.releases.change(SOLD, StatusChange(**LATER), SHOP)  # type: ignore[arg-type]
    despite = StatusChange(release="1", status="sunset", despite="it has to be")
    await bus.releases.change(SOLD, despite, SHOP)
    for by, is_named in ((SHOP, False), (CENTRAL, True)):
        with pytest.raises(NotReleased) as caught:
            await bus.releases.change(SOLD, StatusChange(release="1", status="retired"), by)
        assert "shop-feed" in str(caught.value)
        assert ("desk-feed" in str(caught.value)) == is_named
        assert ("1 publisher or subscription of others" in str(caught.value)) != is_named


@pytest.mark.parametrize("by", [TOOLS, DESK, AUDITOR, STRANGER], ids=lambda by: by.credential)
async def test_nobody_else_changes_a_status(bus: Bus, by: Principal) -> None:
    await publish(bus, SHOP)
    with pytest.raises((Forbidden, UnknownEventType)):
        await bus.releases.change(SOLD, StatusChange(**LATER), by)  # type: ignore[arg-type]
    assert len((await bus.releases.before(SOLD)).ledger.entries) == 1


async def test_a_replacement_that_may_not_be_read_is_none(bus: Bus) -> None:
    await publish(bus, SHOP)
    await publish(bus, TOOLS, event_type=USED)
    hidden = StatusChange(**{**LATER, "replaced_by": f"{USED}@1"})  # type: ignore[arg-type]
    missing = StatusChange(**{**LATER, "replaced_by": "no.such@1"})  # type: ignore[arg-type]
    for asked in (hidden, missing):
        with pytest.raises(UnknownEventType) as caught:
            await bus.releases.change(SOLD, asked, SHOP)
        assert "'tool.used'" not in caught.value.hint
