"""Buses that accounts make for themselves: events and rules of their own, over restarts."""

import asyncio
import json
from functools import partial
from typing import Final

import pytest
from msgspec.structs import replace

from keybus.bus import Bus
from keybus.bus.archive.replay import FromArchive, Wanted
from keybus.bus.archives.archive import NamedArchive
from keybus.bus.archives.counting import SWEEP_SECONDS
from keybus.bus.engine import Record
from keybus.bus.event_bus.custom_bus import (
    MOST_BUSES,
    BusExists,
    BusHasRules,
    CustomBus,
    NoSuchBus,
    TooManyBuses,
    bus_arn,
)
from keybus.bus.legible import Damaged
from keybus.bus.made_by_hand import made_by_hand
from keybus.bus.rules.rule import Rule
from keybus.bus.rules.target import RuleTarget
from keybus.bus.tapping.view import AccountView
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.errors import StorageFailed
from keybus.governance import ANYBODY, Principal
from keybus.governance.principal import Role
from keybus.server.aws.errors import told
from keybus.testing import ManualClock
from keybus.topology import Platform
from keybus.topology.model import Grant
from tests.unit.bus.failing import Store
from tests.unit.bus.offered import foreign, status
from tests.unit.bus.rules.making import ID, ME, StartRuled, arn, details, queue, received
from tests.unit.bus.test_replays import FOR_EVER, ended

ARN = f"arn:aws:events:local:{ID}:event-bus/inner"
ROLES: Final[frozenset[Role]] = frozenset({"publisher", "subscriber"})
ANY = json.dumps({"source": [{"prefix": ""}]})


async def inner(bus: Bus) -> None:
    """A bus with a rule, to the queue ``in``; a rule of that name on the platform's, to ``out``."""
    await bus.custom_buses.create(CustomBus(ME, "inner"), ANYBODY)
    for of, name in (("inner", "in"), ("", "out")):
        await queue(bus, name)
        rule = await bus.rules.put(Rule(ME, "r", ANY, bus=of), ANYBODY)
        await bus.rules.put_targets(ME, rule.path, [RuleTarget("q", arn(name))], ANYBODY)


async def put(bus: Bus, *numbers: int, on: str = "") -> list[str]:
    entries = [foreign(detail=json.dumps({"n": number})) for number in numbers]
    return [each.event_id for each in await bus.put(entries, event_bus=on)]


async def numbers(bus: Bus, name: str, count: int) -> list[int]:
    return [each["n"] for each in details(await received(bus, name, count))]


async def test_rules_hear_their_own_bus_over_restarts(
    ruled: StartRuled, clock: ManualClock
) -> None:
    engine = MemoryEngine(clock=clock)
    bus = await ruled(engine=engine)
    await inner(bus)
    await put(bus, 1, on=ARN)
    await put(bus, 2)
    assert await numbers(bus, "in", 1) == [1]
    assert await numbers(bus, "out", 1) == [2]
    await bus.stop()
    again = await ruled(engine=engine)
    assert [each.name for each in again.custom_buses.of(ME)] == ["inner"]
    await queue(again, "in")
    await put(again, 3)
    await put(again, 4, on=ARN)
    assert await numbers(again, "in", 1) == [4]
    assert {(each.kind, each.name) for each in made_by_hand(again)} >= {
        ("event bus", "inner"),
        ("rule", "inner:r"),
        ("rule", "r"),
    }


async def test_declared_subscriptions_hear_the_platforms_bus_alone(bus: Bus) -> None:
    await bus.custom_buses.create(CustomBus(ME, "inner"), ANYBODY)
    [first] = await bus.put([status(1)], event_bus=ARN)
    # The same event on another bus is another one.
    [second] = await bus.put([status(1)])
    assert second.event_id != first.event_id
    [again] = await bus.put([status(1)], event_bus=ARN)
    assert again.event_id == first.event_id
    assert (await bus.states())["all"].waiting == 1
    [found] = (await bus.explaining.explain(first.event_id, None)).events
    about = {each.subscription: each for each in found.subscriptions}["all"]
    assert about.outcome == "filtered-out"
    assert "the event was put on" in about.message
    assert ARN in about.message


async def test_a_replay_sends_each_event_to_its_own_bus(
    ruled: StartRuled, clock: ManualClock
) -> None:
    bus = await ruled()
    await inner(bus)
    await put(bus, 1, on=ARN)
    await put(bus, 2)
    assert (await numbers(bus, "in", 1), await numbers(bus, "out", 1)) == ([1], [2])
    clock.advance(1)
    await ended(bus, await bus.replays.begin(Wanted("", 0, FOR_EVER), ANYBODY))
    assert (await numbers(bus, "in", 1), await numbers(bus, "out", 1)) == ([1], [2])


async def test_archives_are_of_the_platforms_bus(ruled: StartRuled, clock: ManualClock) -> None:
    bus = await ruled()
    await inner(bus)
    await bus.archives.create(NamedArchive("all", 0), ANYBODY)
    await put(bus, 1, 2, 3, on=ARN)
    await put(bus, 4)
    async with asyncio.timeout(20):
        while not (counted := bus.archives.counted(bus.archives.get("all"))).events:
            clock.advance(SWEEP_SECONDS)
            await asyncio.sleep(0)
    assert counted.events == 1
    assert (await numbers(bus, "in", 3), await numbers(bus, "out", 1)) == ([1, 2, 3], [4])
    origin = FromArchive("all", 0, FOR_EVER, (), "")
    replay = await bus.replays.begin(Wanted("", 0, FOR_EVER), ANYBODY, name="a", origin=origin)
    found = await ended(bus, replay)
    assert (found.looked, found.sent) == (4, 1)
    assert await numbers(bus, "out", 1) == [4]


async def test_a_bus_that_goes_takes_no_event_of_another_along(ruled: StartRuled) -> None:
    bus = await ruled()
    await inner(bus)
    has_rules = partial(bus.rules.on, ME, "inner")
    with pytest.raises(BusHasRules):
        await bus.custom_buses.delete(ME, "inner", ANYBODY, has_rules=has_rules)
    await bus.rules.remove_targets(ME, "inner:r", ["q"], ANYBODY)
    await bus.rules.delete(ME, "inner:r", ANYBODY)
    await bus.custom_buses.delete(ME, "inner", ANYBODY, has_rules=has_rules)
    await bus.custom_buses.delete(ME, "inner", ANYBODY, has_rules=has_rules)
    with pytest.raises(NoSuchBus) as gone:
        await bus.custom_buses.describe(ME, "inner", "gone", ANYBODY)
    answer = told(gone.value)
    assert answer is not None
    assert (answer.kind, str(answer)) == (
        "ResourceNotFoundException",
        "Event bus inner does not exist.",
    )
    await put(bus, 1, on=ARN)  # of whoever asked before it went
    await put(bus, 2)
    assert await numbers(bus, "out", 1) == [2]
    acts = [each.action async for each in bus.audit.entries()]
    assert [each for each in acts if each.startswith("event-bus.")] == [
        "event-bus.created",
        "event-bus.deleted",
    ]


async def test_an_account_has_so_many_and_each_once(ruled: StartRuled) -> None:
    bus = await ruled()
    for number in range(MOST_BUSES):
        await bus.custom_buses.create(CustomBus(ME, f"b{number}"), ANYBODY)
    with pytest.raises(TooManyBuses, match=f"at most {MOST_BUSES}"):
        await bus.custom_buses.create(CustomBus(ME, "more"), ANYBODY)
    with pytest.raises(BusExists):
        await bus.custom_buses.create(CustomBus(ME, "b1"), ANYBODY)
    await bus.custom_buses.create(CustomBus("deliveries", "b1"), ANYBODY)


async def test_a_write_that_fails_leaves_it_as_it_was(ruled: StartRuled, store: Store) -> None:
    bus = await ruled()
    wanted = CustomBus(ME, "inner", "as it was")
    made = await bus.custom_buses.create(wanted, ANYBODY)
    store.fails = lambda call: call[:2] == ("put", "event-buses")
    with pytest.raises(StorageFailed):
        await bus.custom_buses.describe(ME, "inner", "another", ANYBODY)
    with pytest.raises(StorageFailed):
        await bus.custom_buses.create(replace(wanted, name="second"), ANYBODY)
    assert bus.custom_buses.all() == [made]


async def test_a_damaged_one_keeps_nothing_else_back(ruled: StartRuled, clock: ManualClock) -> None:
    engine = MemoryEngine(clock=clock)
    await engine.documents.put("event-buses", f"{ME}/inner", b"{")
    bus = await ruled(engine=engine)
    assert bus.custom_buses.all() == []
    with pytest.raises(Damaged):
        await bus.custom_buses.create(CustomBus(ME, "inner"), ANYBODY)
    await bus.custom_buses.delete(ME, "inner", ANYBODY, has_rules=lambda: False)
    await bus.custom_buses.create(CustomBus(ME, "inner"), ANYBODY)


async def test_accounts_whose_names_begin_alike_have_each_their_own(ruled: StartRuled) -> None:
    bus = await ruled()
    buses = bus.custom_buses
    made = await buses.create(CustomBus("a/b", "c"), ANYBODY)
    assert buses.find("a", "b/c") is None
    with pytest.raises(NoSuchBus):
        await buses.describe("a", "b/c", "mine", ANYBODY)
    await buses.delete("a", "b/c", ANYBODY, has_rules=lambda: False)
    assert (buses.of("a"), buses.of("a/b")) == ([], [made])


async def test_a_bus_stays_while_a_rule_is_made_on_it(ruled: StartRuled) -> None:
    bus = await ruled()
    await bus.custom_buses.create(CustomBus(ME, "inner"), ANYBODY)
    has_rules = partial(bus.rules.on, ME, "inner")
    async with bus.custom_buses.standing(ME, "inner"):
        going = asyncio.create_task(
            bus.custom_buses.delete(ME, "inner", ANYBODY, has_rules=has_rules)
        )
        await bus.rules.put(Rule(ME, "r", ANY, bus="inner"), ANYBODY)
    with pytest.raises(BusHasRules):
        await going
    with pytest.raises(NoSuchBus):
        async with bus.custom_buses.standing(ME, "another"):
            pass


async def test_an_account_knows_of_its_own_buses_and_no_others(
    ruled: StartRuled, declared: tuple[Platform, ContractRepository]
) -> None:
    grant = Grant(
        account=ME,
        reason="sees it",
        approver="anna",
        expires="2099-01-01",
        events=["delivery.status.updated"],
    )
    bus = await ruled("enforce", replace(declared[0], grants={"g": grant}))
    await bus.custom_buses.create(CustomBus("deliveries", "inner"), ANYBODY)
    arn_of = bus_arn("local", bus.platform.accounts["deliveries"].id, "inner")
    for at, knows in (("", True), (arn_of, False)):
        [put] = await bus.put([status(1)], Principal("deliveries", ROLES), event_bus=at)
        [*_, event] = [each async for each in bus.engine.read()]
        for name, expected in (("deliveries", True), (ME, knows)):
            who = Principal(name, ROLES)
            view = AccountView(bus.control, who, bus.clock)
            assert (view.show(event.envelope, None) is not None) == expected
            record = Record(event.envelope, "", "key.delivery", "delivery.status.updated", 0, ())
            assert view.may(record) == expected
            answer = await bus.explaining.explain(put.event_id, who)
            assert bool(answer.events) == expected
