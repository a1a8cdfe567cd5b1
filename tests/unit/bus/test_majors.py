"""Majors side by side: admission by the event's own, and translation to the one that is asked for."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus, Delivery, Mode
from keybus.bus.archive.replay import Wanted
from keybus.bus.control.versions import Declared
from keybus.bus.delivery.order_key import OrderKey
from keybus.bus.forms.forms import Forms
from keybus.bus.forms.shape import Shape
from keybus.bus.tapping.view import SubscriptionView
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.editions import Edition, Editions
from keybus.contracts.packed import PackedContracts
from keybus.engines.memory import MemoryEngine
from keybus.envelope import Entry, decode
from keybus.governance import ANYBODY
from keybus.governance.objections import nowhere, objections
from keybus.testing import ManualClock
from keybus.topology import Subscription, load_platform
from keybus.topology.model import Order
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.majors import BACK, FORTH, PLATFORM, TYPE, order, write_platform

OSLO_1 = order("1.0.0", 1, city="Oslo", total=9.50)
OSLO_2 = order("2.0.0", 2, address={"city": "Oslo"}, total=10)
ROME_2 = order("2.0.0", 3, address={"city": "Rome", "zip": "00100"})


@contextlib.asynccontextmanager
async def start(
    tmp_path: Path,
    clock: ManualClock,
    platform: str = PLATFORM,
    mode: Mode = "enforce",
    **more: Any,
) -> AsyncIterator[Bus]:
    declared = Declared(*write_platform(tmp_path, platform, **more))
    bus = await Bus.start(declared, MemoryEngine(clock=clock), admission=mode, clock=clock)
    try:
        yield bus
    finally:
        await bus.close()


async def details(bus: Bus, subscription: str, count: int) -> list[dict[str, Any]]:
    return [detail_of(each) for each in await Consumer(bus, subscription).until(count)]


def detail_of(delivery: Delivery) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(delivery.envelope)["detail"]
    return detail


async def put(bus: Bus, *entries: Entry) -> list[str]:
    return [each.code or (each.event_id and "taken") for each in await bus.put(entries)]


async def test_each_gets_the_major_that_it_asks_for(tmp_path: Path, clock: ManualClock) -> None:
    async with start(tmp_path, clock) as bus:
        assert await put(bus, OSLO_1, OSLO_2, ROME_2) == ["taken"] * 3
        old = await details(bus, "old", 3)
        assert [(each["schema_version"], each["city"]) for each in old] == [
            ("1.0.0", "Oslo"),
            ("1.0.0", "Oslo"),
            ("1.0.0", "Rome"),
        ]
        assert "address" not in old[1]
        assert [each["total"] for each in old[:2]] == [9.5, 10]
        new = await details(bus, "new", 3)
        assert [each["schema_version"] for each in new] == ["2.0.0"] * 3
        assert [each["address"]["city"] for each in new] == ["Oslo", "Oslo", "Rome"]
        assert new[2]["address"]["zip"] == "00100"  # what came as it is stays as it came
        both = await details(bus, "both", 3)
        assert [each["schema_version"] for each in both] == ["1.0.0", "2.0.0", "2.0.0"]
        anything = await details(bus, "any", 3)
        assert [each["schema_version"] for each in anything] == ["1.0.0", "2.0.0", "2.0.0"]


async def test_filters_and_fields_are_of_the_form_asked_for(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with start(tmp_path, clock) as bus:
        await put(bus, ROME_2, OSLO_2, OSLO_1)
        assert [each["order_id"] for each in await details(bus, "old-oslo", 2)] == [
            "order 2",
            "order 1",
        ]
        assert [each["order_id"] for each in await details(bus, "new-oslo", 2)] == [
            "order 2",
            "order 1",
        ]
        states = await bus.states()
        assert states["old-oslo"].waiting + states["old-oslo"].in_flight == 2
        cities = await details(bus, "old-city", 3)
        assert [each["city"] for each in cities] == ["Rome", "Oslo", "Oslo"]
        assert not any("total" in each for each in cities)


async def test_an_event_is_admitted_by_its_own_major(tmp_path: Path, clock: ManualClock) -> None:
    async with start(tmp_path, clock) as bus:
        wrong = [
            order("1.0.0", 1, address={"city": "Oslo"}),
            order("2.0.0", 2, city="Oslo"),
            order("3.0.0", 3, city="Oslo"),
            order(None, 4, city="Oslo"),
        ]
        results = await bus.put(wrong)
        assert [each.code for each in results] == ["InvalidArgument"] * 4
        assert "'3.0.0'; its majors are 1 and 2" in results[2].message
        assert "no schema_version, and order.placed has the majors 1 and 2" in results[3].message


async def test_a_foreign_event_is_of_the_only_active_major(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with start(tmp_path, clock, mode="observe", first="deprecated") as bus:
        await put(bus, order(None, 1, address={"city": "Oslo"}))
        assert [each["address"] for each in await details(bus, "new", 1)] == [{"city": "Oslo"}]
        assert [each["city"] for each in await details(bus, "old", 1)] == ["Oslo"]


async def test_deprecated_ones_are_warned_of_and_retired_ones_refused(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with start(tmp_path / "a", clock, first="deprecated") as bus:
        [taken, other] = await bus.put([OSLO_1, OSLO_2])
        assert taken.event_id
        assert taken.warning == (
            "order.placed@1 is deprecated (its sunset date is 2027-06-30); use order.placed@2"
        )
        assert not other.warning
        consumer = Consumer(bus, "old")
        [notice] = await consumer.until_told()
        assert (notice.code, notice.message) == ("deprecated", taken.warning)
        [again] = await bus.put([OSLO_1])
        assert again == taken  # also where it was published before
    async with start(tmp_path / "b", clock, first="retired") as bus:
        [refused, taken] = await bus.put([OSLO_1, OSLO_2])
        assert (refused.code, bool(taken.event_id)) == ("InvalidArgument", True)
        assert "is retired" in refused.message
        assert "use order.placed@2" in refused.message


async def test_what_cannot_be_translated_is_a_dead_letter(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    breaks = {"op": "map", "path": "/order_id", "values": {"order 2": 7}}
    migrations = {"2-to-1.json": {"steps": [breaks, *BACK["steps"]]}}
    async with start(tmp_path, clock, migrations=migrations) as bus:
        await put(bus, OSLO_2, ROME_2)
        assert [each["order_id"] for each in await details(bus, "old", 1)] == ["order 3"]
        [letter] = await letters(bus, "old")
        assert "order.placed@2 cannot be translated to order.placed@1" in letter
        assert "1.0.0" in letter
        assert "/order_id" in letter
        Consumer(bus, "old-oslo")
        [letter] = await letters(bus, "old-oslo")  # whose filter nobody can ask
        assert "cannot be translated" in letter
        assert [each["order_id"] for each in await details(bus, "new-oslo", 1)] == ["order 2"]


async def letters(bus: Bus, subscription: str) -> list[str]:
    """The reasons of its dead letters, once there is one."""
    cursor = bus.dispatcher(subscription).cursor
    found: list[str] = []
    async with asyncio.timeout(10):
        while not found:
            await turns()
            found = [letter.reason async for letter in cursor.dead_letters()]
    return found


async def test_without_a_migration_majors_are_apart(tmp_path: Path, clock: ManualClock) -> None:
    async with start(tmp_path, clock, migrations={"1-to-2.json": FORTH}) as bus:
        await put(bus, OSLO_2, OSLO_1)
        assert [each["schema_version"] for each in await details(bus, "old", 1)] == ["1.0.0"]
        assert [each["schema_version"] for each in await details(bus, "new", 2)] == ["2.0.0"] * 2
        assert (await bus.states())["old"].waiting == 0


async def test_editions_and_migrations_travel_with_the_platform(
    tmp_path: Path, clock: ManualClock
) -> None:
    platform, contracts = write_platform(tmp_path, first="deprecated")
    sent = msgspec.json.decode(msgspec.json.encode(contracts.pack()), type=PackedContracts)
    assert sent.digest == contracts.pack().digest
    declared = Declared(platform, ContractRepository.unpack(sent))
    bus = await Bus.start(declared, MemoryEngine(clock=clock), admission="enforce", clock=clock)
    [_, taken] = await bus.put([OSLO_2, OSLO_1])
    assert "is deprecated" in taken.warning
    assert [each["city"] for each in await details(bus, "old", 2)] == ["Oslo"] * 2
    await bus.close()


ORDERED = """\
  lanes: {account: you, events: [order.placed@1], order: {key: /city}}
  own-lanes: {account: you, events: [order.placed@2], order: {key: /address/city}}
"""


async def test_order_is_by_the_key_of_the_form_asked_for(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with start(tmp_path, clock, PLATFORM + ORDERED) as bus:
        await put(bus, OSLO_1, ROME_2, OSLO_2)
        stored = [each.envelope async for each in bus.engine.read()]
        for name in ("lanes", "own-lanes"):
            key = bus.dispatcher(name).settings.order
            assert key is not None
            first, other, second = map(key.group, stored)
            assert first == second != other
            assert "" not in (first, other)


def test_each_of_several_majors_has_its_own_key(tmp_path: Path) -> None:
    _, contracts = write_platform(tmp_path)
    keyed = {}
    for major, key in ((1, "/city"), (2, "/address/city")):
        found = contracts.at(TYPE, major)
        assert found is not None
        schema = {**found.schema, "x-keybus": {**found.schema["x-keybus"], "key": key}}
        keyed[major] = Edition(Contract({**found.closure, found.file: schema}, found.file))
    contracts = contracts.beside(Editions({TYPE: keyed}))
    both = Subscription(account="you", events=[f"{TYPE}@1", f"{TYPE}@2"], order=Order())
    order_key = OrderKey.compile(both, contracts, Shape.compile(both, contracts, Forms(contracts)))
    assert order_key is not None
    first, second, other = (
        order_key.group(b'{"detail-type":"%b","detail":%b}' % (TYPE.encode(), bytes(each.detail)))
        for each in (OSLO_1, OSLO_2, ROME_2)
    )
    assert first == second != other
    assert "" not in (first, other)


async def test_explain_and_tail_speak_of_the_form_asked_for(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with start(tmp_path, clock) as bus:
        view = SubscriptionView(bus.control, "old", None, clock)
        [result] = await bus.put([ROME_2])
        [stored] = [each async for each in bus.engine.read()]
        shown = view.show(stored.envelope, None)
        assert shown is not None
        assert json.loads(shown)["detail"]["city"] == "Rome"
        answer = await bus.explaining.explain(result.event_id, None)
        told = {each.subscription: each for each in answer.events[0].subscriptions}
        assert told["old-oslo"].outcome == "filtered-out"
        assert [each.path for each in told["old-oslo"].fields] == ["detail.city"]
        assert told["old"].outcome in ("waiting", "in-flight")


async def test_explain_goes_by_the_migrations_of_then(tmp_path: Path, clock: ManualClock) -> None:
    before = {"1-to-2.json": FORTH}
    async with start(tmp_path / "a", clock, migrations=before) as bus:
        [result] = await bus.put([ROME_2])
        clock.advance(1)
        await bus.apply(Declared(*write_platform(tmp_path / "b")), ANYBODY)
        answer = await bus.explaining.explain(result.event_id, None)
        told = {each.subscription: each for each in answer.events[0].subscriptions}
        assert told["old"].outcome == "not-subscribed"
        assert "of major version 2" in told["old"].message


async def test_a_replay_to_one_is_told_of_the_others(tmp_path: Path, clock: ManualClock) -> None:
    async with start(tmp_path, clock) as bus:
        await put(bus, OSLO_2)
        clock.advance(1)
        wanted = Wanted("old", 0, clock.time_us())
        await bus.replays.begin(wanted, ANYBODY, name="again")
        copies: list[str] = []
        async with asyncio.timeout(10):
            while not copies:
                await turns()
                stored = [decode(each.envelope) async for each in bus.engine.read()]
                copies = [each.id for each in stored if each.replay_name]
        answer = await bus.explaining.explain(copies[0], None)
        told = {each.subscription: each for each in answer.events[0].subscriptions}
        assert told["old"].outcome == "waiting"
        assert told["new"].outcome == "not-subscribed"
        assert "a replay that was for another" in told["new"].message


async def test_a_letter_that_cannot_be_translated_is_shown_as_it_came(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    breaks = {"op": "map", "path": "/order_id", "values": {"order 2": 7}}
    migrations = {"2-to-1.json": {"steps": [breaks, *BACK["steps"]]}}
    async with start(tmp_path, clock, migrations=migrations) as bus:
        await put(bus, OSLO_2)
        for name in ("old", "old-city"):
            Consumer(bus, name)
            await letters(bus, name)
        [[whole, withheld]] = [each async for each in bus.dead_letters("old")]
        assert not withheld
        assert json.loads(whole.envelope)["detail"]["address"] == {"city": "Oslo"}
        [[cut, withheld]] = [each async for each in bus.dead_letters("old-city")]
        assert "cannot be cut to the subscription's fields" in withheld
        assert bytes(cut.envelope) == b"null"


async def test_a_retired_major_is_asked_for_by_nobody_anew(
    tmp_path: Path, clock: ManualClock
) -> None:
    platform, contracts = write_platform(tmp_path / "a", first="retired")
    alone = Subscription(account="you", events=["order.placed@1"])
    more = msgspec.structs.replace(
        platform, subscriptions={**platform.subscriptions, "late": alone}
    )
    found = objections(more, contracts, 0, nowhere, platform)
    new = [each for each in found.findings if each.code == "retired-major"]
    assert [(each.pointer, each.hint) for each in new] == [
        ("/subscriptions/late/events/0", "ask for order.placed@2")
    ]
    old = {each.pointer for each in found.warnings if each.code == "retired-major"}
    assert "/subscriptions/old/events/0" in old
    assert "/subscriptions/new/events/0" not in old
    async with start(tmp_path / "b", clock, first="retired") as bus:
        await put(bus, OSLO_2)  # who is left goes on with what can be translated
        assert [each["city"] for each in await details(bus, "old", 1)] == ["Oslo"]


async def test_a_queue_of_the_past_is_filled_with_what_can_be_translated(
    tmp_path: Path, clock: ManualClock
) -> None:
    platform, contracts = write_platform(tmp_path)
    past = """\
  late: {account: you, events: [order.placed@1], filter: {detail: {city: [Oslo]}}, start: archive}
"""
    async with start(tmp_path / "b", clock) as bus:
        await put(bus, ROME_2, OSLO_2, OSLO_1)
        (tmp_path / "platform.yaml").write_text(PLATFORM + past)
        platform, contracts = load_platform(tmp_path)
        await bus.apply(Declared(platform, contracts), ANYBODY)
        assert [each["order_id"] for each in await details(bus, "late", 2)] == [
            "order 2",
            "order 1",
        ]
