"""The bus's policy: what was put holds for every event, over a restart, and is written down."""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus, Engine, Mode
from keybus.bus.control.versions import Declared
from keybus.bus.made_by_hand import made_by_hand
from keybus.bus.policy.bus_policy import MAX_BYTES, NoSuchStatement, PolicyTooLong
from keybus.bus.rules.rule import Rule
from keybus.bus.rules.target import RuleTarget
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.envelope import Entry
from keybus.errors import StorageFailed
from keybus.governance import Principal
from keybus.governance.audit import BUS as BY_THE_BUS
from keybus.governance.bus_policy import MalformedPolicy, NotCovered
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.unit.bus.failing import Store, failing
from tests.unit.governance.bus_policy.small import BUS, PLATFORM, SHOP, statement

CENTRAL = Principal("hub", frozenset({"central"}), "C1")
PUBLISHER = Principal("shop", frozenset({"publisher"}), "C2")
NO_REFUNDS = statement(condition={"StringEquals": {"events:detail-type": "refund"}})
SALE = Entry("shop.till", "sale", msgspec.Raw(b"{}"))
REFUND = Entry("shop.till", "refund", msgspec.Raw(b"{}"))
TAKEN = ""


@pytest.fixture
def nothing(tmp_path_factory: pytest.TempPathFactory) -> ContractRepository:
    folder = tmp_path_factory.mktemp("none")
    (folder / "keybus.toml").write_text('[repository]\nname = "none"\n')
    return ContractRepository.load(folder)


async def started(
    engine: Engine,
    contracts: ContractRepository,
    *,
    platform: Platform = PLATFORM,
    authorization: Mode = "enforce",
) -> Bus:
    return await Bus.start(
        Declared(platform, contracts),
        engine,
        admission="off",
        authorization=authorization,
        clock=ManualClock(),
    )


@pytest.fixture
async def bus(engine: MemoryEngine, nothing: ContractRepository) -> AsyncIterator[Bus]:
    made = await started(engine, nothing)
    yield made
    await made.close()


async def put(bus: Bus, *entries: Entry) -> list[str]:
    return [each.code for each in await bus.put(entries, PUBLISHER)]


async def acts(bus: Bus, action: str) -> list[Any]:
    return [each async for each in bus.audit.entries() if each.action == action]


async def test_what_is_denied_is_refused_entry_by_entry(bus: Bus) -> None:
    assert await put(bus, SALE, REFUND) == [TAKEN, TAKEN]
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    assert await put(bus, SALE, REFUND) == [TAKEN, "NotAuthorizedForDetailType"]
    of_source = statement(sid="two", condition={"StringLike": {"events:source": "shop.t*"}})
    await bus.policy.put(of_source, CENTRAL)
    web = Entry("shop.web", "sale", msgspec.Raw(b"{}"))
    assert await put(bus, SALE, web) == ["NotAuthorizedForSource", TAKEN]
    await bus.policy.put(statement(sid="three", principal={"AWS": SHOP}), CENTRAL)
    assert await put(bus, web) == ["AccessDeniedException"]
    for sid in ("one", "two", "three"):
        await bus.policy.remove(sid, CENTRAL)
    assert await put(bus, SALE, REFUND, web) == [TAKEN] * 3


async def test_it_holds_after_a_restart_and_under_another_platform(
    engine: MemoryEngine, nothing: ContractRepository
) -> None:
    first = await started(engine, nothing)
    await first.policy.put(NO_REFUNDS, CENTRAL)
    text = first.policy.document(BUS)
    await first.stop()
    renamed = msgspec.structs.replace(PLATFORM, bus="other", region="elsewhere")
    second = await started(engine, nothing, platform=renamed)
    assert await put(second, SALE, REFUND) == [TAKEN, "NotAuthorizedForDetailType"]
    assert second.policy.document(BUS) == text
    await second.close()


async def test_a_statement_takes_the_place_of_the_one_of_its_name(bus: Bus) -> None:
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    await bus.policy.put(statement(sid="other"), CENTRAL)
    no_sales = statement(condition={"StringEquals": {"events:detail-type": "sale"}})
    await bus.policy.put(no_sales, CENTRAL)
    assert [each.written for each in bus.policy.statements] == [no_sales, statement(sid="other")]


async def test_putting_back_what_is_shown_changes_nothing(bus: Bus) -> None:
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    text = bus.policy.document(BUS)
    assert [each["Sid"][:15] for each in json.loads(text)["Statement"]] == [
        *["keybus-topology"] * 3,
        "one",
    ]
    await bus.policy.replace(text, CENTRAL)
    assert bus.policy.document(BUS) == text
    assert len(await acts(bus, "bus-policy.changed")) == 1
    await bus.policy.replace('{"Version": "2012-10-17", "Statement": []}', CENTRAL)
    assert bus.policy.statements == ()


async def test_an_account_is_shown_its_own_part(bus: Bus) -> None:
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    [own] = json.loads(bus.policy.document(BUS, "shop"))["Statement"]
    assert own["Sid"] == f"keybus-topology-{SHOP}"
    assert bus.policy.document(BUS, "idle") == ""


async def test_each_change_is_written_down_with_what_it_changes(bus: Bus) -> None:
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    await bus.policy.clear(CENTRAL)
    await bus.policy.clear(CENTRAL)
    added, removed = await acts(bus, "bus-policy.changed")
    assert added.actor.account == "hub"
    assert added.data == {"added": [NO_REFUNDS], "removed": []}
    assert removed.data == {"added": [], "removed": [NO_REFUNDS]}


async def test_what_is_refused_is_written_down_and_changes_nothing(bus: Bus) -> None:
    stranger = statement("Allow", principal={"AWS": "999999999999"})
    with pytest.raises(NotCovered, match="999999999999 is not declared"):
        await bus.policy.put(stranger, CENTRAL)
    with pytest.raises(MalformedPolicy):
        await bus.policy.put(statement(action="events:PutRule"), CENTRAL)
    both = json.dumps({"Version": "2012-10-17", "Statement": [NO_REFUNDS, stranger | {"Sid": "x"}]})
    with pytest.raises(NotCovered):
        await bus.policy.replace(both, CENTRAL)
    assert bus.policy.statements == ()
    assert await put(bus, REFUND) == [TAKEN]
    await bus.audit.write(BY_THE_BUS, "test.passed")  # behind all that was noted
    refused = await acts(bus, "exchange.refused")
    assert {each.data["code"] for each in refused} == {"not-covered", "malformed-policy"}


async def test_the_topologys_names_are_its_own(bus: Bus) -> None:
    taken = statement("Allow", sid=f"keybus-topology-{SHOP}", principal={"AWS": SHOP})
    with pytest.raises(MalformedPolicy, match="the topology's"):
        await bus.policy.put(taken, CENTRAL)
    with pytest.raises(NoSuchStatement, match=r"topology's"):
        await bus.policy.remove(f"keybus-topology-{SHOP}", CENTRAL)
    with pytest.raises(NoSuchStatement, match="does not have a policy"):
        await bus.policy.remove("one", CENTRAL)
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    with pytest.raises(NoSuchStatement, match="does not exist"):
        await bus.policy.remove("two", CENTRAL)


async def test_a_policy_has_a_length(bus: Bus) -> None:
    def long(characters: int) -> str:
        condition = {"StringLike": {"events:source": "x" * characters}}
        one = statement(condition=condition)
        return json.dumps({"Version": "2012-10-17", "Statement": [one]})

    room = MAX_BYTES - len(long(0).replace(" ", ""))
    await bus.policy.replace(long(room), CENTRAL)
    with pytest.raises(PolicyTooLong):
        await bus.policy.replace(long(room + 1), CENTRAL)
    with pytest.raises(PolicyTooLong):
        await bus.policy.put(statement(sid="more"), CENTRAL)
    assert [each.sid for each in bus.policy.statements] == ["one"]


async def test_what_was_kept_although_nobody_knew_holds_when_it_is_asked_again(
    engine: MemoryEngine, nothing: ContractRepository, store: Store
) -> None:
    bus = await started(failing(engine, store), nothing)
    store.fails, store.kept = (lambda call: call[:2] == ("put", "bus-policy")), True
    with pytest.raises(StorageFailed):
        await bus.policy.put(NO_REFUNDS, CENTRAL)
    store.fails = lambda _: False
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    assert await put(bus, SALE, REFUND) == [TAKEN, "NotAuthorizedForDetailType"]
    await bus.close()


async def test_what_could_not_be_made_to_hold_does_so_when_it_is_asked_again(
    engine: MemoryEngine, nothing: ContractRepository, store: Store
) -> None:
    bus = await started(failing(engine, store), nothing)
    await bus.rules.put(Rule("hub", "r", '{"source": ["a"]}'), CENTRAL)
    store.fails = lambda call: call[0] == "open"
    target = RuleTarget("q", "arn:aws:sqs:local:000000000000:q")
    with pytest.raises(StorageFailed):
        await bus.rules.put_targets("hub", "r", [target], CENTRAL)
    with pytest.raises(StorageFailed):  # nothing can be renewed while that queue cannot be opened
        await bus.policy.put(NO_REFUNDS, CENTRAL)
    store.fails = lambda _: False
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    assert await put(bus, SALE, REFUND) == [TAKEN, "NotAuthorizedForDetailType"]
    assert len(await acts(bus, "bus-policy.changed")) == 1
    await bus.close()


async def test_a_change_is_one_of_what_the_store_has(bus: Bus) -> None:
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    kept = await bus.engine.documents.get("bus-policy", "policy")
    assert kept is not None
    value = kept.value.replace(b'"refund"', b'"sale"')
    await bus.engine.documents.put("bus-policy", "policy", value)  # by another process
    await bus.policy.put(statement(sid="two", principal={"AWS": "999999999999"}), CENTRAL)
    assert await put(bus, SALE, REFUND) == ["NotAuthorizedForDetailType", TAKEN]
    await bus.engine.documents.delete("bus-policy", "policy")
    await bus.policy.clear(CENTRAL)
    assert await put(bus, SALE, REFUND) == [TAKEN, TAKEN]


async def test_a_bus_that_observes_refuses_nothing(
    engine: MemoryEngine, nothing: ContractRepository, caplog: pytest.LogCaptureFixture
) -> None:
    bus = await started(engine, nothing, authorization="observe")
    await bus.policy.put(NO_REFUNDS, CENTRAL)
    assert await put(bus, SALE, REFUND) == [TAKEN, TAKEN]
    assert "of the bus's policy denies it" in caplog.text
    await bus.close()


async def test_what_was_put_by_hand_is_told_with_what_the_platform_lost(bus: Bus) -> None:
    assert list(made_by_hand(bus)) == []
    await bus.policy.put(statement("Allow", principal={"AWS": SHOP}), CENTRAL)
    await bus.policy.put(statement(sid="two", principal={"AWS": SHOP}), CENTRAL)
    allowing, denying = made_by_hand(bus)
    assert (allowing.kind, allowing.name, allowing.account) == ("policy statement", "one", "hub")
    assert allowing.what == f"allows {SHOP} to put events"
    assert denying.what == f"denies {SHOP} to put events"
    without = {name: each for name, each in PLATFORM.publishers.items() if each.account != "shop"}
    changed = msgspec.structs.replace(PLATFORM, publishers=without)
    await bus.apply(Declared(changed, bus.generation.contracts))
    allowing, _ = made_by_hand(bus)
    assert "no publisher is declared for the account 'shop'" in allowing.what
