"""What is published is judged by the bus, whoever sends it, and is its owner's."""

import json

import pytest

from keybus.bus import Bus
from keybus.bus.registry.errors import NoSuchProposal, NotReleased
from keybus.bus.registry.registry import ContractRegistry
from keybus.contracts.releases.exchange import Publication, Verdict
from keybus.errors import BrokenContracts, Forbidden
from keybus.governance import ROLES, Principal
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
    contract,
    files,
    publish,
)
from tests.unit.contracts.small import TEXT

NUMBER = {"type": "integer"}


async def versions(registry: ContractRegistry, event_type: str = SOLD) -> dict[str, str]:
    ledger = (await registry.before(event_type)).ledger
    return {each.version: each.status for each in ledger.releases.values()}


async def test_what_is_compatible_is_released_at_once(bus: Bus) -> None:
    first = await publish(bus, SHOP)
    assert (first.outcome, first.status) == ("released", "active")
    assert first.digest == contract().digest
    again = await publish(bus, SHOP)
    assert (again.outcome, again.version) == ("unchanged", "1.0.0")
    await publish(bus, SHOP, "1.1.0", amount=TEXT, currency=TEXT)
    assert await versions(bus.releases) == {"1.0.0": "active", "1.1.0": "active"}
    ledger = (await bus.releases.before(SOLD)).ledger
    assert [(each.by, each.why) for each in ledger] == [("shop", "because")] * 2
    assert await actions(bus) == [("shop", "contract.released")] * 2


async def test_a_version_that_says_too_little_is_refused_with_every_reason(bus: Bus) -> None:
    await publish(bus, SHOP)
    with pytest.raises(NotReleased) as caught:
        await publish(bus, SHOP, "1.1.0", amount=NUMBER)
    codes = [each.code for each in caught.value.faults]
    assert codes[0] == "version-too-low"
    assert "type" in codes
    with pytest.raises(NotReleased, match="never changes"):
        await publish(bus, SHOP, "1.0.0", amount=TEXT, more=TEXT)
    assert await versions(bus.releases) == {"1.0.0": "active"}


async def test_what_was_applied_counts_as_released(bus: Bus) -> None:
    with pytest.raises(NotReleased, match="never changes"):
        await publish(bus, SHOP, "1.0.0", amount=NUMBER)
    with pytest.raises(NotReleased, match=r"2\.0\.0 at least"):
        await publish(bus, SHOP, "1.1.0", amount=NUMBER)


async def test_every_fault_of_a_broken_contract_is_told(bus: Bus) -> None:
    sent = files()
    broken = json.loads(sent["ShopSold.json"])
    broken["x-keybus"] |= {"version": "one", "classification": "secret"}
    asked = Publication({**sent, "ShopSold.json": json.dumps(broken)})
    with pytest.raises(BrokenContracts) as caught:
        await bus.releases.publish(SOLD, asked, SHOP)
    codes = {each.code for each in caught.value.faults}
    assert {"bad-version", "bad-classification"} <= codes
    assert {each.file for each in caught.value.faults} == {"ShopSold.json"}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({**files(), "more/Other.json": files()["core/Event.json"]}, "not-referred"),
        (files(USED), "other-type"),
        ({}, "other-type"),
        ({**files(), "ShopSold.json": "[" * 100_000}, "too-deep"),
        ({**files(), "ShopSold.json": '{"a": ' * 150 + "1" + "}" * 150}, "too-deep"),
        ({**files(), "core/Event.json": f'{{"description": "{"x" * 1_048_576}"}}'}, "too-large"),
        ({**files(), "ShopSold.json": '{"$ref": "../../etc/passwd"}'}, "wrong-draft"),
    ],
    ids=["more", "another", "nothing", "deep-text", "deep", "large", "outside"],
)
async def test_hostile_contracts_are_refused(bus: Bus, sent: dict[str, str], code: str) -> None:
    with pytest.raises(BrokenContracts) as caught:
        await bus.releases.publish(SOLD, Publication(sent), SHOP)
    assert code in {each.code for each in caught.value.faults}
    assert await versions(bus.releases) == {}


@pytest.mark.parametrize(
    "by",
    [TOOLS, AUDITOR, DESK, STRANGER, Principal("tools", frozenset({"central"}), "KBTKFALSE")],
    ids=lambda each: f"{each.account}-{'-'.join(each.roles)}",
)
async def test_nobody_else_publishes(bus: Bus, by: Principal) -> None:
    for named in ("shop", by.account):
        with pytest.raises(Forbidden) as caught:
            await publish(bus, by, "1.1.0", owner=named)
        assert "shop'" not in str(caught.value).replace("shop.sold'", "")
    assert await versions(bus.releases) == {}
    assert await actions(bus) == []


async def test_a_new_type_is_the_account_s_that_its_contract_names(bus: Bus) -> None:
    with pytest.raises(Forbidden):
        await publish(bus, TOOLS, event_type="tool.lent", owner="shop")
    assert (await publish(bus, TOOLS, event_type="tool.lent", owner="tools")).outcome == "released"
    with pytest.raises(Forbidden):
        await publish(bus, SHOP, "1.1.0", event_type="tool.lent", owner="shop")


async def test_the_central_account_alone_hands_a_type_over(bus: Bus) -> None:
    lent = "tool.lent"
    await publish(bus, TOOLS, event_type=lent, owner="tools")
    with pytest.raises(Forbidden, match="another account"):
        await publish(bus, TOOLS, "1.1.0", lent, owner="shop")
    await publish(bus, CENTRAL, "1.1.0", lent, owner="shop")
    with pytest.raises(Forbidden):
        await publish(bus, TOOLS, "1.2.0", lent, owner="tools", more=TEXT)
    assert (await publish(bus, SHOP, "1.2.0", lent, more=TEXT)).outcome == "released"
    ledger = (await bus.releases.before(lent)).ledger
    assert [each.by for each in ledger] == ["tools", "central", "shop"]  # no account's name


async def test_of_what_was_applied_the_platform_says_who_owns_it(bus: Bus) -> None:
    await publish(bus, CENTRAL, "1.1.0", owner="tools")
    with pytest.raises(Forbidden):
        await publish(bus, TOOLS, "1.2.0", owner="tools", more=TEXT)
    assert (await publish(bus, SHOP, "1.2.0", more=TEXT)).outcome == "released"


async def test_what_breaks_waits_for_somebody_else(bus: Bus) -> None:
    pending = await publish(bus, SHOP, "2.0.0", amount=NUMBER)
    assert pending.outcome == "pending"
    assert pending.proposal is not None
    info = pending.proposal
    assert (info.breaks, info.approvers, info.credential) == (("1.0.0",), ("shop",), "KBTKSHOP")
    assert "amount" in info.reasons[0]
    assert (await publish(bus, SHOP, "2.0.0", amount=NUMBER)).proposal == info  # no second one
    with pytest.raises(Forbidden, match="proposed this release"):
        await bus.releases.approve(info.id, Verdict(), SHOP)
    made = await bus.releases.approve(info.id, Verdict("nobody adds them"), SHOP_TOO)
    assert (made.outcome, made.status) == ("released", "active")
    [entry] = (await bus.releases.before(SOLD)).ledger
    assert (entry.by, entry.approvals, entry.breaks) == ("shop", ("shop",), ("1.0.0",))
    assert entry.why == "because (nobody adds them)"
    assert [each async for each in bus.releases.proposals.all()] == []


async def test_a_declared_approver_says_so_in_the_same_breath(bus: Bus) -> None:
    with pytest.raises(Forbidden, match="'dora' has approved"):
        await publish(bus, TOOLS, "2.0.0", event_type=USED, approvals=("dora",), amount=NUMBER)
    made = await publish(bus, TOOLS, "2.0.0", event_type=USED, approvals=("tom",), amount=NUMBER)
    assert made.outcome == "released"
    with pytest.raises(Forbidden):  # shop is the default approver of its own, not a declared one
        await publish(bus, SHOP, "2.0.0", amount=NUMBER, approvals=("shop",))


async def test_another_account_approves_where_it_is_declared(bus: Bus) -> None:
    waits = (await publish(bus, TOOLS, "2.0.0", USED, amount=NUMBER)).proposal
    assert waits is not None
    made = await bus.releases.approve(waits.id, Verdict(), DESK)
    assert made.outcome == "released"
    [entry] = (await bus.releases.before(USED)).ledger
    assert entry.approvals == ("dora",)


async def test_another_policy_hides_nothing(bus: Bus) -> None:
    found = await publish(bus, SHOP, "1.1.0", amount=NUMBER, policy="NONE")
    assert found.outcome == "pending"
    assert found.proposal is not None
    assert "policy" in found.proposal.reasons[0]


async def test_what_is_rejected_waits_no_longer(bus: Bus) -> None:
    waits = (await publish(bus, SHOP, "2.0.0", amount=NUMBER)).proposal
    assert waits is not None
    await bus.releases.reject(waits.id, Verdict("not now"), SHOP)  # who proposed it takes it back
    assert await versions(bus.releases) == {}
    assert await actions(bus) == [("shop", "contract.proposed"), ("shop", "contract.rejected")]


async def test_what_breaks_more_by_now_is_not_approved(bus: Bus) -> None:
    await publish(bus, SHOP)
    waits = (await publish(bus, SHOP, "2.0.0", amount=NUMBER)).proposal
    assert waits is not None
    await publish(bus, SHOP, "1.1.0", amount=TEXT, currency=TEXT)
    with pytest.raises(NotReleased, match=r"1\.1\.0 was released"):
        await bus.releases.approve(waits.id, Verdict(), SHOP_TOO)


async def test_what_breaks_and_is_handed_over_is_for_the_old_owner_to_approve(bus: Bus) -> None:
    lent = "tool.lent"
    await publish(bus, SHOP, event_type=lent)
    waits = (await publish(bus, CENTRAL, "2.0.0", lent, owner="tools", amount=NUMBER)).proposal
    assert waits is not None
    assert waits.approvers == ("shop",)
    with pytest.raises(NoSuchProposal):
        await bus.releases.approve(waits.id, Verdict(), TOOLS)
    assert (await bus.releases.approve(waits.id, Verdict(), SHOP)).outcome == "released"
    with pytest.raises(Forbidden):
        await publish(bus, SHOP, "2.1.0", lent, amount=NUMBER, more=TEXT)


async def test_what_was_handed_over_since_is_not_approved(bus: Bus) -> None:
    lent = "tool.lent"
    await publish(bus, SHOP, event_type=lent)
    waits = (await publish(bus, SHOP, "3.0.0", lent, amount=NUMBER)).proposal
    assert waits is not None
    await publish(bus, CENTRAL, "1.1.0", lent, owner="tools")
    with pytest.raises(NotReleased, match="handed over"):
        await bus.releases.approve(waits.id, Verdict(), SHOP_TOO)


async def test_a_draft_promises_nothing(bus: Bus) -> None:
    made = await publish(bus, SHOP, "1.1.0-rc.1", more=TEXT)
    assert made.status == "draft"
    assert (await publish(bus, SHOP, "1.1.0", draft=True, amount=TEXT, x=TEXT)).status == "draft"


async def test_roles_that_count_are_those_of_the_account(bus: Bus) -> None:
    everything = Principal("desk", frozenset(ROLES), "KBTKALL")
    with pytest.raises(Forbidden):
        await publish(bus, everything, "1.1.0", more=TEXT)
