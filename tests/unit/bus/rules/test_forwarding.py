"""Dead letters of rules go on to the queues that are named for them, none behind another's."""

import asyncio
import json

import pytest

from keybus.bus import Bus
from keybus.bus.dead_letters import forwarding
from keybus.bus.rules.target import RuleTarget
from keybus.governance import ANYBODY
from keybus.testing import ManualClock
from tests.unit.bus.failing import Store
from tests.unit.bus.offered import foreign
from tests.unit.bus.rules.making import ME, StartRuled, arn, details, queue, received, rule, until


def dying(name: str) -> RuleTarget:
    """A target for which no input can be made of any event."""
    return RuleTarget("t", arn("q"), input_path="$.detail.nothing", dead_letters=arn(name))


async def dead(bus: Bus, name: str, source: str, *bodies: object) -> str:
    """Dead letters of events from a source, which go to the queue of that name."""
    made = await rule(bus, name, {"source": [source]}, dying(name))
    await bus.put([foreign(source, json.dumps({"n": each})) for each in bodies])
    await until(bus, made, lambda state: state.dead == len(bodies))
    return made


async def looked(clock: ManualClock, rounds: int = 3) -> None:
    """Time for a few looks."""
    for _ in range(rounds):
        clock.advance(forwarding.LOOK_SECONDS)
        for _ in range(50):
            await asyncio.sleep(0)


async def test_each_has_its_turn(
    ruled: StartRuled, clock: ManualClock, sent: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "_PAGE", 1)
    monkeypatch.setattr(forwarding, "_PAGES", 1, raising=False)
    bus = await ruled()
    for name in "ab":
        await queue(bus, name)
        await dead(bus, name, f"other.{name}", 1, 2, 3)
    clock.advance(forwarding.LOOK_SECONDS)
    found = [details(await received(bus, name, 3)) for name in "ab"]
    assert found == [[{"n": 1}, {"n": 2}, {"n": 3}]] * 2
    appended = [str(call) for call in sent.calls if call[0] == "append"]
    turns = ["a" if "other.a" in each else "b" for each in appended]
    assert turns == ["a", "b"] * 3


async def test_whatever_one_fails_with_the_others_go_on(
    ruled: StartRuled, clock: ManualClock, store: Store
) -> None:
    bus = await ruled()
    for name in "ab":
        await queue(bus, name)
        await dead(bus, name, f"other.{name}", 1)

    def broken(call: tuple[object, ...]) -> bool:
        if call[0] == "page":
            store.fails = lambda _: False
            raise RuntimeError("broken")
        return False

    store.fails = broken
    clock.advance(forwarding.LOOK_SECONDS)
    assert details(await received(bus, "b", 1)) == [{"n": 1}]


async def test_what_is_too_large_for_the_queue_stays_and_stops_no_other(
    ruled: StartRuled, clock: ManualClock, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    bus = await ruled()
    await queue(bus, "a", maximum_size=1_500)
    made = await dead(bus, "a", "other.a", 1, "x" * 2_000, 2, "y" * 2_000)
    await looked(clock)
    assert details(await received(bus, "a", 2)) == [{"n": 1}, {"n": 2}]
    await until(bus, made, lambda state: state.dead == 2)
    [told] = [each.getMessage() for each in caplog.records if "MaximumMessageSize" in each.msg]
    assert "takes 1500" in told
    store.calls.clear()
    await looked(clock)
    again = [getattr(call[1], "after", "") for call in store.calls if call[0] == "page"]
    assert again
    assert all(again)  # what stays is not looked at time and again
    await bus.message_queues.delete(ME, "a", ANYBODY)
    await queue(bus, "a")
    await looked(clock)
    assert len(await received(bus, "a", 2)) == 2
    await until(bus, made, lambda state: state.dead == 0)
