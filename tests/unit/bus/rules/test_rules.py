"""Rules that are made by hand match, change, and go, with all that waits for their targets."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from keybus.bus import Bus, CursorState
from keybus.bus.rules.bounds import AT_ONCE
from keybus.bus.rules.errors import (
    HasTargets,
    NoSuchRule,
    TooManyBytes,
    TooManyRules,
    TooManyTargets,
    TooManyWays,
)
from keybus.bus.rules.rule import MOST_BYTES, MOST_RULES, MOST_WAYS, Rule, rule_in
from keybus.bus.rules.target import MOST_TARGETS, RuleTarget
from keybus.engines.memory import MemoryEngine
from keybus.errors import StorageFailed, Throttled
from keybus.governance import ANYBODY
from keybus.testing import ManualClock
from tests.unit.bus.failing import Call, Store
from tests.unit.bus.offered import foreign, status
from tests.unit.bus.rules.making import (
    ID,
    ME,
    StartRuled,
    arn,
    details,
    queue,
    received,
    rule,
    until,
)

TO_Q = RuleTarget("q", arn("q"))
WAYS = 1_000
"""Alternatives of one pattern, at most."""


async def test_what_a_rule_matches_comes_to_its_queue_in_the_order_of_the_log(
    ruled: StartRuled,
) -> None:
    bus = await ruled()
    await queue(bus, "q")
    name = await rule(bus, "r", {"detail": {"n": [{"numeric": [">", 9]}]}}, TO_Q)
    entries = [foreign(detail=json.dumps({"n": number})) for number in range(60)]
    for start in range(0, len(entries), 20):
        await bus.put(entries[start : start + 20])
    found = await received(bus, "q", 50)
    assert [each["n"] for each in details(found)] == list(range(10, 60))
    assert {each.sender for each in found} == {ID}
    await until(bus, name, lambda state: state == CursorState(0, 0, 0, 0, 0, 0))
    assert bus.meters.of(name).acknowledged == 50


async def test_two_rules_to_one_queue_are_two_messages(ruled: StartRuled) -> None:
    bus = await ruled()
    await queue(bus, "q")
    await rule(bus, "one", {"source": ["other.app"]}, TO_Q)
    await rule(bus, "two", {"detail-type": [{"exists": True}]}, TO_Q)
    await bus.put([foreign()])
    assert len(await received(bus, "q", 2)) == 2


async def test_a_disabled_rule_matches_nothing_and_what_waits_still_goes_out(
    ruled: StartRuled, clock: ManualClock
) -> None:
    bus = await ruled()
    name = await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    [first] = await bus.put([foreign(detail='{"n":1}')])
    await until(bus, name, lambda state: state.delayed == 1)
    await bus.rules.enable(ME, "r", ANYBODY, enabled=False)
    clock.advance(1)
    [second] = await bus.put([foreign(detail='{"n":2}')])
    assert await outcome(bus, name, second.event_id) == "filtered-out"
    await bus.rules.enable(ME, "r", ANYBODY, enabled=True)
    clock.advance(1)
    await bus.put([foreign(detail='{"n":3}')])
    await queue(bus, "q")
    await advancing(bus, clock, name, lambda state: state == CursorState(0, 0, 0, 0, 0, 0))
    found = details(await received(bus, "q", 2))
    assert sorted(each["n"] for each in found) == [1, 3]
    assert await outcome(bus, name, first.event_id) == "acknowledged"


async def test_another_pattern_holds_for_what_comes_then(ruled: StartRuled) -> None:
    bus = await ruled()
    await queue(bus, "q")
    name = await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    await rule(bus, "r", {"source": ["other.thing"]})
    [left, taken] = await bus.put([foreign(), foreign("other.thing", '{"n":1}')])
    assert details(await received(bus, "q", 1)) == [{"n": 1}]
    assert await outcome(bus, name, left.event_id) == "filtered-out"
    assert await outcome(bus, name, taken.event_id) == "acknowledged"


async def test_a_target_that_goes_takes_along_what_waits(ruled: StartRuled) -> None:
    bus = await ruled()
    name = await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    await bus.put([foreign()])
    assert name in await bus.engine.queues()
    await bus.rules.remove_targets(ME, "r", ["q", "nobody"], ANYBODY)
    assert name not in await bus.engine.queues()
    assert name not in bus.control.dispatchers
    await bus.rules.remove_targets(ME, "r", ["q"], ANYBODY)
    await bus.rules.delete(ME, "r", ANYBODY)
    await bus.rules.delete(ME, "r", ANYBODY)
    assert bus.rules.all() == []


async def test_a_removal_that_broke_off_is_finished_when_it_is_asked_again(
    ruled: StartRuled, store: Store
) -> None:
    bus = await ruled()
    name = await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    await bus.put([foreign()])
    store.fails = lambda call: call == ("remove", name)
    with pytest.raises(StorageFailed):
        await bus.rules.remove_targets(ME, "r", ["q"], ANYBODY)
    assert name in await bus.engine.queues()
    store.fails = lambda _: False
    await bus.rules.remove_targets(ME, "r", ["q"], ANYBODY)
    assert name not in await bus.engine.queues()


async def test_a_queue_that_a_target_left_behind_is_swept_away_at_the_start(
    ruled: StartRuled, clock: ManualClock
) -> None:
    engine = MemoryEngine(clock=clock)
    bus = await ruled(engine=engine)
    kept = await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    await bus.stop()
    selection = bus.generation.router.rules[kept]
    await engine.open("rule:me/gone/q", selection)
    again = await ruled(engine=engine)
    assert [each for each in await engine.queues() if each.startswith("rule:")] == [kept]
    assert again.rules.find(ME, "r") is not None


async def test_rules_lie_beside_the_declared_platform_and_never_in_it(ruled: StartRuled) -> None:
    bus = await ruled()
    name = await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    assert name not in bus.platform.subscriptions
    assert name in bus.generation.subscriptions
    assert name in {each.name for each in await bus.subscriptions()}
    assert [each.version async for each in bus.versions.all()] == [1]


async def test_text_of_a_pattern_keeps_what_a_mapping_loses(ruled: StartRuled) -> None:
    bus = await ruled()
    await queue(bus, "q")
    await rule(bus, "r", '{"detail": {"a": [1]}, "detail": {"b": [2]}}', TO_Q)
    await bus.put([foreign(detail='{"b":2}'), foreign(detail='{"a":1,"b":2}')])
    assert details(await received(bus, "q", 1)) == [{"a": 1, "b": 2}]


async def test_what_cannot_be_written_down_does_not_hold(ruled: StartRuled, store: Store) -> None:
    bus = await ruled()
    store.fails = writes("r")
    with pytest.raises(StorageFailed):
        await rule(bus, "r", {"source": ["other.app"]})
    assert bus.rules.find(ME, "r") is None
    store.fails = lambda _: False
    name = await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    assert name in bus.control.dispatchers


async def test_a_queue_that_cannot_be_opened_is_opened_when_it_is_asked_again(
    ruled: StartRuled, store: Store
) -> None:
    bus = await ruled()
    await rule(bus, "r", {"source": ["other.app"]})
    store.fails = lambda call: call[0] == "open" and str(call[1]).startswith("rule:")
    with pytest.raises(StorageFailed):
        await bus.rules.put_targets(ME, "r", [TO_Q], ANYBODY)
    assert "rule:me/r/q" not in bus.control.dispatchers
    store.fails = lambda _: False
    await bus.rules.put_targets(ME, "r", [TO_Q], ANYBODY)
    assert "rule:me/r/q" in bus.control.dispatchers


async def test_changes_that_wait_for_each_other_all_hold(ruled: StartRuled) -> None:
    bus = await ruled()
    names = [f"r{number}" for number in range(12)]
    found = await asyncio.gather(
        *(rule(bus, name, {"source": ["other.app"]}, TO_Q) for name in names)
    )
    assert set(found) <= bus.control.dispatchers.keys()


async def test_whoever_asked_may_go_away(ruled: StartRuled, store: Store) -> None:
    bus = await ruled()
    store.waits = writes("r")
    asking = asyncio.create_task(rule(bus, "r", {"source": ["other.app"]}))
    await asyncio.wait_for(store.waiting.wait(), 10)
    asking.cancel()
    store.go.set()
    await bus.rules.close()
    assert bus.rules.find(ME, "r") is not None


async def test_limits_and_order_of_removal(ruled: StartRuled) -> None:
    bus = await ruled()
    targets = [RuleTarget(f"t{number}", arn("q")) for number in range(MOST_TARGETS)]
    await rule(bus, "r", {"source": ["other.app"]}, *targets)
    with pytest.raises(TooManyTargets):
        await bus.rules.put_targets(ME, "r", [RuleTarget("more", arn("q"))], ANYBODY)
    await bus.rules.put_targets(ME, "r", [RuleTarget("t0", arn("p"))], ANYBODY)
    with pytest.raises(HasTargets):
        await bus.rules.delete(ME, "r", ANYBODY)
    with pytest.raises(NoSuchRule):
        await bus.rules.put_targets("deliveries", "r", targets, ANYBODY)
    for number in range(MOST_RULES - 1):
        await bus.rules.put(Rule(ME, f"n{number}", '{"source":["a"]}'), ANYBODY)
    with pytest.raises(TooManyRules):
        await bus.rules.put(Rule(ME, "one-more", '{"source":["a"]}'), ANYBODY)
    await bus.rules.put(Rule("deliveries", "theirs", '{"source":["a"]}'), ANYBODY)


async def test_patterns_of_one_account_do_not_grow_without_bounds(ruled: StartRuled) -> None:
    bus = await ruled()
    many = {"$or": [{"detail": {"n": [number]}} for number in range(WAYS)]}
    wide = {**many, "source": ["other.app"]}
    for number in range(MOST_WAYS // WAYS):
        await rule(bus, f"r{number}", wide)
    with pytest.raises(TooManyWays):
        await rule(bus, "more", {"source": ["other.app"]})
    await rule(bus, "r0", wide, TO_Q)
    with pytest.raises(TooManyWays):
        await rule(bus, "r0", wide, RuleTarget("second", arn("q")))
    await rule(bus, "theirs", wide, account="deliveries")


async def test_rules_of_one_account_have_so_many_bytes_together(ruled: StartRuled) -> None:
    bus = await ruled()
    half = Rule(ME, "half", '{"source":["a"]}', description="x" * (MOST_BYTES // 2))
    await bus.rules.put(half, ANYBODY)
    with pytest.raises(TooManyBytes):
        await bus.rules.put(replace(half, name="other"), ANYBODY)
    await bus.rules.put(replace(half, pattern='{"source":["b"]}'), ANYBODY)
    large = RuleTarget("q", arn("q"), input="x" * (MOST_BYTES // 2))
    with pytest.raises(TooManyBytes):
        await bus.rules.put_targets(ME, "half", [large], ANYBODY)
    with pytest.raises(TooManyBytes):
        await bus.rules.set_tags(ME, "half", {"k": "v" * (MOST_BYTES // 2)}, ANYBODY)
    await bus.rules.put(replace(half, account="deliveries"), ANYBODY)


async def test_an_account_that_changes_rules_too_often_is_told_to_wait(
    ruled: StartRuled, clock: ManualClock
) -> None:
    bus = await ruled()
    await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    await rule(bus, "theirs", {"source": ["other.app"]}, TO_Q, account="deliveries")
    changes = (
        bus.rules.enable(ME, "r", ANYBODY, enabled=bool(number % 2))
        for number in range(int(AT_ONCE) + 1)
    )
    answers = await asyncio.gather(*changes, return_exceptions=True)
    refused = next(each for each in answers if each is not None)
    assert isinstance(refused, Throttled)
    assert "ask again in" in str(refused)
    standing = bus.rules.find(ME, "r")
    assert standing is not None
    other = standing.state != "ENABLED"
    await bus.rules.enable(ME, "r", ANYBODY, enabled=not other)  # as it is: nothing is compiled
    await bus.rules.put(Rule(ME, "new", '{"source":["a"]}'), ANYBODY)  # no target, nothing either
    await bus.rules.enable("deliveries", "theirs", ANYBODY, enabled=False)
    with pytest.raises(Throttled):
        await bus.rules.remove_targets(ME, "r", ["q"], ANYBODY)
    clock.advance(refused.retry_after + 1)
    await bus.rules.enable(ME, "r", ANYBODY, enabled=other)


async def test_tags_stay_when_a_rule_is_put_again(ruled: StartRuled) -> None:
    bus = await ruled()
    await bus.rules.put(Rule(ME, "r", '{"source":["a"]}', tags={"team": "a"}), ANYBODY)
    again = Rule(ME, "r", '{"source":["b"]}', tags={"team": "b"})
    assert (await bus.rules.put(again, ANYBODY)).tags == {"team": "a"}
    await bus.rules.set_tags(ME, "r", {"team": "c"}, ANYBODY)
    assert (await bus.rules.put(again, ANYBODY)).tags == {"team": "c"}


async def test_every_change_is_in_the_audit_log(ruled: StartRuled) -> None:
    bus = await ruled()
    await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    await rule(bus, "r", {"source": ["other.app"]})  # nothing else is said
    await rule(bus, "r", {"source": ["other.thing"]})
    await bus.rules.enable(ME, "r", ANYBODY, enabled=False)
    await bus.rules.remove_targets(ME, "r", ["q"], ANYBODY)
    await bus.rules.delete(ME, "r", ANYBODY)
    found = [(each.action, each.subject) async for each in bus.audit.entries()]
    assert [action for action, subject in found if subject == "me/r"] == [
        "rule.created",
        "rule.targets-put",
        "rule.changed",
        "rule.disabled",
        "rule.targets-removed",
        "rule.deleted",
    ]


async def test_an_event_from_before_a_target_is_told_apart(
    ruled: StartRuled, clock: ManualClock
) -> None:
    bus = await ruled()
    [before] = await bus.put([foreign()])
    clock.advance(1)
    name = await rule(bus, "r", {"source": ["other.app"]}, TO_Q)
    assert await outcome(bus, name, before.event_id) == "not-yet-declared"
    clock.advance(1)
    [unmatched] = await bus.put([status()])
    told = await explained(bus, name, unmatched.event_id)
    assert told.outcome == "filtered-out"
    assert [field.path for field in told.fields] == ["source"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("arn:aws:events:local:222222222222:rule/r", ("222222222222", "", "r")),
        ("arn:aws:events:local:222222222222:rule/tiny/r", ("222222222222", "tiny", "r")),
        ("arn:aws:events:local:222222222222:rule/tiny:r", None),
        ("arn:aws:events:local:222222222222:rule/a/b/r", None),
        ("arn:aws:events:local:222222222222:event-bus/r", None),
        ("arn:aws:sqs:local:222222222222:rule/r", None),
        ("rule/r", None),
    ],
)
def test_a_rules_arn(text: str, expected: tuple[str, str, str] | None) -> None:
    assert rule_in(text) == expected


def writes(name: str) -> Callable[[Call], bool]:
    """Calls that write the rule."""
    return lambda call: call[:3] == ("put", "rules", f"{ME}/{name}")


async def explained(bus: Bus, name: str, event: str | None) -> Any:
    assert event is not None
    answer = await bus.explaining.explain(event, None)
    [found] = answer.events
    return {each.subscription: each for each in found.subscriptions}[name]


async def outcome(bus: Bus, name: str, event: str | None) -> str:
    told: str = (await explained(bus, name, event)).outcome
    return told


async def advancing(
    bus: Bus, clock: ManualClock, name: str, holds: Callable[[CursorState], bool]
) -> None:
    """Let time pass until a subscription stands so."""
    async with asyncio.timeout(10):
        while not holds((await bus.states())[name]):
            clock.advance(1)
            await asyncio.sleep(0.001)
