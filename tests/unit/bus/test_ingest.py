"""Entries become durable events, or are refused one by one."""

import json
import logging

import msgspec
import pytest

from keybus import envelope
from keybus.bus import Bus
from keybus.envelope import Entry
from tests.unit.bus.offered import StartBus, foreign, status


async def waiting(bus: Bus) -> dict[str, int]:
    return {name: state.waiting for name, state in (await bus.states()).items() if state.waiting}


async def test_an_event_reaches_the_subscriptions_that_ask_for_it(bus: Bus) -> None:
    [result] = await bus.put([status()])
    assert result.event_id
    assert await waiting(bus) == {"all": 1, "impatient": 1}


async def test_a_filter_is_asked_as_well(bus: Bus) -> None:
    await bus.put([status(1, "FAILED"), status(2, "COMPLETED")])
    assert await waiting(bus) == {"all": 2, "impatient": 2, "failed": 1}


async def test_a_filter_without_events_takes_foreign_events(bus: Bus) -> None:
    await bus.put([foreign(), foreign("another.app")])
    assert await waiting(bus) == {"foreign": 1}


@pytest.mark.parametrize(
    ("version", "reached"),
    [("1.9.3", True), ("2.0.0", False), ("x", False), ("9" * 5000, False), (1, True)],
)
async def test_a_subscription_gets_the_major_that_it_asks_for(
    bus: Bus, version: object, *, reached: bool
) -> None:
    await bus.put([status(schema_version=version)])
    assert bool(await waiting(bus)) is reached


async def test_a_foreign_event_without_a_version_means_the_contracts_own(bus: Bus) -> None:
    detail = msgspec.json.decode(status().detail)
    del detail["schema_version"]
    await bus.put([Entry("x", "delivery.status.updated", msgspec.Raw(json.dumps(detail).encode()))])
    assert await waiting(bus) == {"all": 1, "impatient": 1}


async def test_the_envelope_is_sealed_by_the_bus(bus: Bus) -> None:
    [known, unknown] = await bus.put([status(), foreign()])
    [first, second] = [envelope.decode(stored.envelope) async for stored in bus.engine.read()]
    assert (first.id, first.account, first.region) == (known.event_id, "111111111111", "local")
    assert (second.id, second.account) == (unknown.event_id, "000000000000")


async def test_one_bad_entry_does_not_keep_the_others_back(bus: Bus) -> None:
    results = await bus.put([status(1), foreign(detail="["), status(2)])
    assert [bool(result.event_id) for result in results] == [True, False, True]
    assert results[1].code == "MalformedDetail"
    assert (await waiting(bus))["all"] == 2


async def test_only_bad_entries_append_nothing(bus: Bus) -> None:
    assert (await bus.put([foreign(detail="[")]))[0].code == "MalformedDetail"
    assert [stored async for stored in bus.engine.read()] == []


async def test_observe_takes_what_does_not_fit_and_says_so(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        [result] = await bus.put([status(1, "LOST")])
    assert result.event_id
    assert "/status" in caplog.text


async def test_enforce_refuses_it_with_the_pointer(start: StartBus) -> None:
    bus = await start("enforce")
    refused, unknown, taken = await bus.put([status(1, "LOST"), foreign(), status(2)])
    assert refused.code == "InvalidArgument"
    assert "/status" in refused.message
    assert "Something Happened" in unknown.message
    assert taken.event_id


async def test_off_does_not_look(start: StartBus, caplog: pytest.LogCaptureFixture) -> None:
    bus = await start("off")
    assert (await bus.put([status(1, "LOST")]))[0].event_id
    assert caplog.text == ""


async def test_a_source_of_aws_is_taken_with_one_warning(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert (await bus.put([foreign("aws.key")]))[0].event_id
    assert caplog.text.count("reserved by AWS") == 1


async def test_made_up_types_and_versions_leave_the_others_as_they_were(start: StartBus) -> None:
    bus = await start("off")
    for lowest in range(0, 5_000, 1_000):  # more than are remembered
        made_up = [foreign(of_type=f"Made Up {lowest + each}") for each in range(1_000)]
        assert all(result.event_id for result in await bus.put(made_up))
    versions = [f"{major}.{minor}.0" for minor in range(200) for major in (1, 2)]
    await bus.put([status(schema_version=version) for version in versions])
    assert await waiting(bus) == {"all": 200, "impatient": 200, "foreign": 5_000}
