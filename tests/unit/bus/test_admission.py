"""Admission: modes by event type, what is counted of what is taken, and who may see it."""

import json
import logging
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus, Mode
from keybus.bus.control.versions import Declared
from keybus.bus.metering.violations import LONGEST_DETAIL, MOST_SAMPLES
from keybus.contracts.scaffold import scaffold
from keybus.engines.memory import MemoryEngine
from keybus.envelope import Entry
from keybus.errors import Fault
from keybus.governance import ANYBODY, Principal
from keybus.governance.principal import Role
from keybus.protocol import ViolationsAnswer
from keybus.server.metrics.collection import bus_metrics
from keybus.server.native.violations import violations_for
from keybus.testing import ManualClock
from keybus.topology import load_platform
from keybus.topology.model import Admission

PLATFORM = """\
bus: tiny
central: hub
accounts:
  hub: {id: "000000000001"}
  doors: {id: "111111111111"}
  gates: {id: "333333333333"}
  me: {id: "222222222222"}
publishers:
  door.app: {account: doors, events: [door.opened, door.shut]}
  gate.app: {account: gates, events: [gate.opened]}
subscriptions:
  all: {account: me, events: [door.opened@1]}
"""
GROWING = {"type": "string", "description": "By whom.", "enum": ["GUEST"], "x-extensible": True}
OTHER = Fault("other-source", "It is another's.")
Started = Callable[..., AbstractAsyncContextManager[Bus]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doors")
    (folder / "platform.yaml").write_text(PLATFORM)
    contracts = folder / "contracts"
    *_, opened = scaffold(contracts, "door.opened", owner="doors")
    scaffold(contracts, "door.shut", owner="doors")
    scaffold(contracts, "gate.opened", owner="gates")
    schema = json.loads(opened.read_text())
    schema["x-keybus"]["version"] = "1.2.0"
    schema["allOf"][1]["properties"]["by"] = GROWING
    opened.write_text(json.dumps(schema))
    return folder


@pytest.fixture
def start(folder: Path) -> Started:
    @asynccontextmanager
    async def run(mode: Mode, authorization: Mode = "observe", **said: Any) -> AsyncIterator[Bus]:
        platform, contracts = load_platform(folder)
        platform = msgspec.structs.replace(platform, admission=Admission(**said))
        bus = await Bus.start(
            Declared(platform, contracts),
            MemoryEngine(),
            admission=mode,
            authorization=authorization,
            clock=ManualClock(),
        )
        yield bus
        await bus.close()

    return run


def door(event_type: str = "door.opened", source: str = "door.app", **more: Any) -> Entry:
    """An event that fits, but for what is given."""
    detail = {
        "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
        "type": event_type,
        "time": "2026-01-31T08:00:00Z",
        "publisher": {"name": source},
        "schema_version": "1.0.0",
        "door_id": "front",
        "gate_id": "north",
        **more,
    }
    return Entry(source, event_type, msgspec.Raw(json.dumps(detail).encode()))


async def put(bus: Bus, *entries: Entry, by: Principal = ANYBODY) -> list[str]:
    return [each.code or "taken" for each in await bus.put(entries, by)]


def counts(bus: Bus) -> dict[tuple[str, str, str], int]:
    return {(each.type, each.rule, each.account): each.count for each in bus.violations.counts()}


@pytest.mark.parametrize(
    ("mode", "said", "answers"),
    [
        ("enforce", {}, ["InvalidArgument", "InvalidArgument"]),
        ("enforce", {"types": {"door.opened": "observe"}}, ["taken", "InvalidArgument"]),
        ("enforce", {"types": {"door.opened": "off"}}, ["taken", "InvalidArgument"]),
        ("enforce", {"default": "observe"}, ["taken", "taken"]),
        ("observe", {"types": {"door.opened": "enforce"}}, ["InvalidArgument", "taken"]),
        (
            "off",
            {"default": "enforce", "types": {"door.shut": "off"}},
            ["InvalidArgument", "taken"],
        ),
    ],
)
async def test_the_platform_says_by_type_and_else_the_process(
    start: Started, mode: Mode, said: dict[str, Any], answers: list[str]
) -> None:
    async with start(mode, **said) as bus:
        assert await put(bus, door(door_id=7), door("door.shut", door_id=7)) == answers
        observed = {
            event_type
            for event_type in ("door.opened", "door.shut")
            if said.get("types", {}).get(event_type, said.get("default", mode)) == "observe"
        }
        assert counts(bus) == {(each, "type", "doors"): 1 for each in observed}


async def test_another_mode_holds_once_it_is_applied(start: Started) -> None:
    async with start("enforce", types={"door.opened": "observe"}) as bus:
        assert await put(bus, door(door_id=7)) == ["taken"]
        platform = msgspec.structs.replace(bus.platform, admission=Admission())
        await bus.apply(Declared(platform, bus.generation.contracts))
        assert await put(bus, door(door_id=7)) == ["InvalidArgument"]
        assert counts(bus) == {("door.opened", "type", "doors"): 1}  # what was counted stays


async def test_what_is_taken_is_counted_by_rule_and_account(
    start: Started, caplog: pytest.LogCaptureFixture
) -> None:
    async with start("observe") as bus:
        with caplog.at_level(logging.WARNING):
            assert (
                await put(
                    bus,
                    door(),
                    *[door(door_id=7, time="noon")] * 3,
                    door(source="gate.app"),
                    door(source="nobody.app"),
                    door(schema_version="2.0.0"),
                    door("door.opend"),
                    door("Door Opened", source="nobody.app"),
                )
                == ["taken"] * 9
            )
        assert counts(bus) == {
            ("door.opened", "type", "doors"): 3,
            ("door.opened", "format", "doors"): 3,
            ("door.opened", "other-source", "gates"): 1,
            ("door.opened", "other-source", ""): 1,
            ("door.opened", "no-edition", "doors"): 1,
            ("", "no-contract", "doors"): 1,
            ("", "no-contract", ""): 1,
        }
        logged = [each.getMessage() for each in caplog.records if "observes" in each.getMessage()]
        assert len(logged) == 6  # of three alike, the first
        assert "/door_id" in logged[0]
        [metric] = [m for m in await bus_metrics(bus) if m.name == "keybus_violations_total"]
        found = {(s.labels["type"], s.labels["rule"]): s.value for s in metric.samples}
        assert found["door.opened", "other-source"] == 2
        assert found["other", "no-contract"] == 2


async def test_an_event_from_elsewhere_that_does_not_fit_is_one_sample(start: Started) -> None:
    async with start("observe") as bus:
        await put(bus, door(source="gate.app", door_id=7))
        [sample] = everything(bus).samples
        assert [fault.code for fault in sample.faults] == ["other-source", "type"]
        assert (sample.type, sample.source, sample.account) == ("door.opened", "gate.app", "gates")
        assert json.loads(sample.detail)["door_id"] == 7
        assert sample.is_whole


async def test_samples_are_few_and_short(start: Started) -> None:
    async with start("observe") as bus:
        await put(bus, *[door(door_id=each) for each in range(MOST_SAMPLES + 5)])
        kept = [json.loads(each.detail)["door_id"] for each in everything(bus).samples]
        assert sorted(kept) == list(range(5, MOST_SAMPLES + 5))
        await put(bus, door(door_id=7, note="ü" * LONGEST_DETAIL))
        long = [each for each in everything(bus).samples if not each.is_whole]
        assert [len(each.detail.encode()) <= LONGEST_DETAIL for each in long] == [True]
        await put(bus, *[door(f"made.up{each}") for each in range(50)])
        made_up = [each for each in everything(bus).samples if each.type.startswith("made")]
        assert len(made_up) == MOST_SAMPLES  # one type together


@pytest.mark.parametrize(
    ("version", "by", "code"),
    [
        ("1.2.0", "GUEST", "taken"),
        ("1.2.0", "STAFF", "InvalidArgument"),  # the bus knows this version's list
        ("1.1.0", "STAFF", "InvalidArgument"),  # and an older one had no more
        ("1.3.0", "STAFF", "taken"),
        ("1.3.0-rc.1", "STAFF", "taken"),
        ("1.3.0", 7, "InvalidArgument"),  # of another type than any that is listed
        ("1.x", "STAFF", "InvalidArgument"),
    ],
)
async def test_a_newer_version_may_have_a_longer_list(
    start: Started, version: str, by: Any, code: str
) -> None:
    async with start("enforce") as bus:
        assert await put(bus, door(schema_version=version, by=by)) == [code]
        assert await put(bus, door(schema_version=version, by=by, door_id=7)) == ["InvalidArgument"]


async def test_what_a_newer_version_lists_is_no_violation(start: Started) -> None:
    async with start("observe") as bus:
        assert await put(bus, door(schema_version="1.3.0", by="STAFF")) == ["taken"]
        assert counts(bus) == {}
        await put(bus, door(schema_version="1.2.0", by="STAFF"))
        assert counts(bus) == {("door.opened", "enum", "doors"): 1}


def everything(bus: Bus) -> ViolationsAnswer:
    return violations_for(bus, ANYBODY)


@pytest.mark.parametrize(
    ("account", "roles", "counted", "seen"),
    [
        ("hub", {"central"}, {"doors", "gates"}, {"door.app", "gate.app"}),
        ("hub", {"auditor"}, {"doors", "gates"}, set()),
        ("hub", {"publisher"}, set(), set()),
        ("doors", {"publisher"}, {"doors", "gates"}, {"door.app", "gate.app"}),  # its own type
        ("gates", {"subscriber"}, {"gates"}, {"gate.app"}),  # what it published
        ("me", {"subscriber"}, set(), set()),
        ("me", {"central"}, set(), set()),
        ("stranger", {"central"}, set(), set()),
    ],
)
async def test_who_sees_it_on_a_closed_bus(
    start: Started, account: str, roles: set[Role], counted: set[str], seen: set[str]
) -> None:
    publishers = {each: Principal(each, frozenset({"publisher"})) for each in ("doors", "gates")}
    async with start("observe", authorization="enforce") as bus:
        assert await put(bus, door(door_id=7), by=publishers["doors"]) == ["taken"]
        bus.violations.observe(  # which the authorizer would not let pass
            ("door.opened", "gate.app", "gates"), {}, [OTHER], has_contract=True
        )
        await put(bus, door("gate.opened", "gate.app", gate_id=7), by=publishers["gates"])
        found = violations_for(bus, Principal(account, frozenset(roles)))
        assert {each.account for each in found.counts} == counted
        assert {each.source for each in found.samples} == seen
        other = violations_for(bus, Principal(account, frozenset(roles)), "no.such")
        assert (other.counts, other.samples) == ([], [])


async def test_long_versions_that_events_make_up_are_not_kept(start: Started) -> None:
    async with start("enforce") as bus:
        tracemalloc.start()
        try:
            for number in range(20):
                said = f"{number}.{'0' * 100_000}"
                [result] = await bus.put([door(schema_version=said)])
                assert result.code == "InvalidArgument"
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert kept < 1_000_000
