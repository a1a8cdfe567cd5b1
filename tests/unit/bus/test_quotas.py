"""An account publishes as much as its quota says, and hears when it may publish more."""

import json
from pathlib import Path

import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.engines.memory import MemoryEngine
from keybus.envelope import size
from keybus.errors import Throttled
from keybus.governance import Principal
from keybus.server.aws import Call
from keybus.server.aws.reading import read
from keybus.server.eventbridge.put_events import PutEvents, put_events
from keybus.testing import ManualClock
from keybus.topology import load_platform
from tests.unit.bus.conftest import PLATFORM
from tests.unit.bus.offered import foreign, status

DELIVERIES = Principal("deliveries", frozenset({"publisher"}), "K1")
ME = Principal("me", frozenset({"publisher"}), "K2")
EVENTS = "events_per_second: 10"


def declared(folder: Path, example: Path, quota: str) -> Declared:
    if not (folder / "contracts").exists():
        (folder / "contracts").symlink_to(example / "contracts")
    account = 'deliveries: {id: "111111111111"'
    assert account in PLATFORM
    text = PLATFORM.replace(account, f"{account}, quota: {{{quota}}}") if quota else PLATFORM
    (folder / "platform.yaml").write_text(text)
    return Declared(*load_platform(folder))


async def limited(folder: Path, example: Path, clock: ManualClock, quota: str = EVENTS) -> Bus:
    engine = MemoryEngine(clock=clock)
    return await Bus.start(declared(folder, example, quota), engine, clock=clock)


async def test_what_is_over_the_rate_is_told_when_to_come_again(
    tmp_path: Path, example: Path, clock: ManualClock
) -> None:
    bus = await limited(tmp_path, example, clock)
    await bus.put([status(number) for number in range(10)], DELIVERIES)
    with pytest.raises(Throttled, match="'deliveries' publishes more than its quota") as told:
        await bus.put([status(11), status(12)], DELIVERIES)
    assert 0 < told.value.retry_after <= 0.1
    assert "10 events a second" in str(told.value)
    assert bus.quotas.throttled == {"deliveries": 2}
    clock.advance(told.value.retry_after)
    assert (await bus.put([status(11)], DELIVERIES))[0].event_id
    assert (await bus.states())["all"].waiting == 11
    await bus.close()


async def test_what_is_taken_at_once_is_owed(
    tmp_path: Path, example: Path, clock: ManualClock
) -> None:
    bus = await limited(tmp_path, example, clock)
    taken = 0
    for _ in range(60):
        try:
            taken += len(await bus.put([status(each) for each in range(30)], DELIVERIES))
        except Throttled as error:
            clock.advance(error.retry_after)
    seconds = (clock.time_us() - 1_700_000_000_000_000) / 1_000_000
    assert 10 * seconds <= taken <= 10 * seconds + 10 + 30
    await bus.close()


async def test_bytes_are_counted_as_well(tmp_path: Path, example: Path, clock: ManualClock) -> None:
    bytes_each = size(status())
    quota = f"{EVENTS}00, bytes_per_second: {2 * bytes_each}"
    bus = await limited(tmp_path, example, clock, quota)
    await bus.put([status(1), status(2)], DELIVERIES)
    with pytest.raises(Throttled, match=f"{2 * bytes_each} bytes a second"):
        await bus.put([status(3)], DELIVERIES)
    await bus.close()


async def test_nobody_pays_for_another(tmp_path: Path, example: Path, clock: ManualClock) -> None:
    bus = await limited(tmp_path, example, clock)
    for _ in range(5):  # the source is another's, and so is the quota
        await bus.put([status(number) for number in range(10)], ME)
    await bus.put([status(1)], DELIVERIES)
    await bus.close()


async def test_where_nobody_is_asked_it_is_the_account_of_the_source(
    tmp_path: Path, example: Path, clock: ManualClock
) -> None:
    bus = await limited(tmp_path, example, clock)
    await bus.put([status(number) for number in range(10)])
    with pytest.raises(Throttled):
        await bus.put([foreign(), status(11)])
    await bus.put([foreign()] * 50)
    await bus.close()


async def test_another_quota_holds_at_once_and_the_same_goes_on(
    tmp_path: Path, example: Path, clock: ManualClock
) -> None:
    bus = await limited(tmp_path, example, clock)
    await bus.put([status(number) for number in range(10)], DELIVERIES)
    again = declared(tmp_path, example, EVENTS)
    (tmp_path / "platform.yaml").write_text(
        (tmp_path / "platform.yaml").read_text().replace("attempts: 1", "attempts: 2")
    )
    await bus.apply(Declared(load_platform(tmp_path)[0], again.contracts))
    with pytest.raises(Throttled):
        await bus.put([status(11)], DELIVERIES)
    await bus.apply(declared(tmp_path, example, "events_per_second: 20"))
    await bus.put([status(11)], DELIVERIES)
    await bus.apply(declared(tmp_path, example, ""))
    await bus.put([status(number) for number in range(100)], DELIVERIES)
    await bus.close()


async def test_put_events_answers_each_entry_with_awss_code(
    tmp_path: Path, example: Path, clock: ManualClock
) -> None:
    bus = await limited(tmp_path, example, clock)
    await bus.put([status(number) for number in range(10)], DELIVERIES)
    entry = {"Source": "key.delivery", "DetailType": "x", "Detail": "{}"}
    body = json.dumps({"Entries": [entry, {"Source": "key.delivery"}, entry]})
    answer = await put_events(Call(bus, DELIVERIES), read(body.encode(), PutEvents))
    assert answer.failed_entry_count == 3
    codes = [each.error_code for each in answer.entries]
    assert codes == ["ThrottlingException", "InvalidArgument", "ThrottlingException"]
    assert "try again in" in (answer.entries[0].error_message or "")
    await bus.close()
