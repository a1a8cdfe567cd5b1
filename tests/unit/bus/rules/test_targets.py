"""What becomes of a rule's deliveries: sent to its queue, tried again, held, or dead letters."""

import asyncio
import json
from typing import Any

import pytest

from keybus.bus import Bus, CursorState
from keybus.bus.dead_letters.forwarding import LOOK_SECONDS
from keybus.bus.rules.overlay import Overlay
from keybus.bus.rules.rule import Rule
from keybus.bus.rules.target import RuleTarget
from keybus.errors import SubscriptionError
from keybus.governance import ANYBODY, Principal
from keybus.testing import ManualClock
from keybus.topology import Platform
from keybus.topology.model import InputTransformer
from tests.unit.bus.consuming import turns
from tests.unit.bus.failing import Store
from tests.unit.bus.offered import foreign, status
from tests.unit.bus.rules.making import ME, StartRuled, arn, details, queue, received, rule, until

EVERYTHING = {"source": [{"exists": True}]}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (RuleTarget("q", arn("q"), input='{"fixed": 1}'), {"fixed": 1}),
        (RuleTarget("q", arn("q"), input_path="$.detail.n"), 5),
        (
            RuleTarget(
                "q",
                arn("q"),
                input_transformer=InputTransformer(
                    '{"n": <n>, "rule": <aws.events.rule-name>, "of": <aws.events.rule-arn>}',
                    {"n": "$.detail.n"},
                ),
            ),
            {"n": 5, "rule": "r", "of": "arn:aws:events:local:222222222222:rule/r"},
        ),
    ],
)
async def test_a_targets_input_is_the_messages_body(
    ruled: StartRuled, target: RuleTarget, expected: Any
) -> None:
    bus = await ruled()
    await queue(bus, "q")
    await rule(bus, "r", EVERYTHING, target)
    await bus.put([foreign(detail='{"n": 5}')])
    [message] = await received(bus, "q", 1)
    assert json.loads(message.body) == expected


async def test_a_fifo_queue_gets_its_group(ruled: StartRuled) -> None:
    bus = await ruled()
    await queue(bus, "q.fifo", fifo=True, content_deduplication=True)
    await rule(bus, "r", EVERYTHING, RuleTarget("q", arn("q.fifo"), group="g"))
    await bus.put([foreign(detail='{"n": 1}'), foreign(detail='{"n": 2}')])
    found = await received(bus, "q.fifo", 2)
    assert [each["n"] for each in details(found)] == [1, 2]
    assert {each.group for each in found} == {"g"}


async def test_a_queue_that_is_gone_is_tried_again_until_the_policy_ends(
    ruled: StartRuled, clock: ManualClock
) -> None:
    bus = await ruled()
    name = await rule(bus, "r", EVERYTHING, RuleTarget("q", arn("q"), attempts=1))
    await bus.put([foreign()])
    await until(bus, name, lambda state: state.delayed == 1)
    clock.advance(60)
    await until(bus, name, lambda state: state.dead == 1)
    [(letter, _)] = [each async for each in bus.dead_letters(name)]
    assert (letter.cause, letter.attempts) == ("attempts", 2)
    assert letter.reason.startswith("NO_RESOURCE: ")


async def test_what_was_given_up_goes_to_the_dead_letter_queue(
    ruled: StartRuled, clock: ManualClock
) -> None:
    bus = await ruled()
    await queue(bus, "dead")
    target = RuleTarget("q", arn("q"), attempts=0, dead_letters=arn("dead"))
    name = await rule(bus, "r", EVERYTHING, target)
    await bus.put([foreign(detail='{"n": 1}')])
    await passing(bus, clock, name)
    [message] = await received(bus, "dead", 1)
    assert json.loads(message.body)["detail"] == {"n": 1}
    told = {key: each.value for key, each in message.attributes.items()}
    assert told.pop("ERROR_MESSAGE")
    assert told == {
        "RULE_ARN": "arn:aws:events:local:222222222222:rule/r",
        "TARGET_ARN": arn("q"),
        "ERROR_CODE": "NO_RESOURCE",
        "RETRY_ATTEMPTS": "0",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }
    assert {each.type for each in message.attributes.values()} == {"String"}


async def test_a_dead_letter_stays_where_its_queue_is_gone_and_goes_once_it_is_there(
    ruled: StartRuled, clock: ManualClock
) -> None:
    bus = await ruled()
    target = RuleTarget("q", arn("q"), input_path="$.detail.n", dead_letters=arn("dead"))
    name = await rule(bus, "r", EVERYTHING, target)
    await bus.put([foreign()])
    await until(bus, name, lambda state: state.dead == 1)
    clock.advance(LOOK_SECONDS)
    assert (await bus.states())[name].dead == 1
    await queue(bus, "dead")
    await passing(bus, clock, name)
    [message] = await received(bus, "dead", 1)
    assert message.attributes["ERROR_CODE"].value == "INPUT"
    assert "EXHAUSTED_RETRY_CONDITION" not in message.attributes


async def test_a_message_that_the_queue_cannot_take_is_a_dead_letter(ruled: StartRuled) -> None:
    bus = await ruled()
    await queue(bus, "q", maximum_size=1024)
    name = await rule(bus, "r", EVERYTHING, RuleTarget("q", arn("q")))
    await bus.put([foreign(detail=json.dumps({"n": "x" * 2000})), foreign(detail='{"n": 1}')])
    assert details(await received(bus, "q", 1)) == [{"n": 1}]
    await until(bus, name, lambda state: state.dead == 1)
    [(letter, _)] = [each async for each in bus.dead_letters(name)]
    assert letter.cause == "message-too-large"


async def test_the_gate_is_that_of_the_account_whose_queue_it_is(ruled: StartRuled) -> None:
    bus = await ruled("enforce")
    await queue(bus, "q", account="deliveries")
    name = await rule(bus, "r", EVERYTHING, RuleTarget("q", arn("q", "111111111111")))
    assert bus.generation.subscriptions[name].account == "deliveries"
    await bus.put([status()], publisher("deliveries"))
    assert len(await received(bus, "q", 1, account="deliveries")) == 1


async def test_nobody_else_consumes_what_goes_to_a_target(ruled: StartRuled) -> None:
    bus = await ruled()
    name = await rule(bus, "r", EVERYTHING, RuleTarget("q", arn("q")))

    async def send(_: object) -> None:
        """Nothing comes."""

    with pytest.raises(SubscriptionError, match="delivers to its queue"):
        bus.join(name, send, 1)


async def test_a_target_that_changes_keeps_what_waits(
    ruled: StartRuled, clock: ManualClock
) -> None:
    bus = await ruled()
    await queue(bus, "there")
    name = await rule(bus, "r", EVERYTHING, RuleTarget("q", arn("q")))
    await bus.put([foreign(detail='{"n": 1}')])
    await until(bus, name, lambda state: state.delayed == 1)
    await bus.rules.put_targets(ME, "r", [RuleTarget("q", arn("there"))], ANYBODY)
    await passing(bus, clock, name)
    assert details(await received(bus, "there", 1)) == [{"n": 1}]


async def test_what_is_being_sent_when_the_bus_stops_is_sent_and_never_again(
    ruled: StartRuled, sent: Store
) -> None:
    bus = await ruled()
    await queue(bus, "q")
    name = await rule(bus, "r", EVERYTHING, RuleTarget("q", arn("q")))
    sent.waits = lambda call: call[0] == "append"
    await bus.put([foreign(detail='{"n": 1}')])
    await asyncio.wait_for(sent.waiting.wait(), 10)
    stopping = asyncio.create_task(bus.targets.stop())
    await turns()
    sent.go.set()
    await asyncio.wait_for(stopping, 10)
    assert (await bus.states())[name] == CursorState(0, 0, 0, 0, 0, 0)
    assert details(await received(bus, "q", 1)) == [{"n": 1}]


async def test_a_store_of_messages_that_fails_is_tried_again(
    ruled: StartRuled, sent: Store, clock: ManualClock
) -> None:
    bus = await ruled()
    await queue(bus, "q")
    name = await rule(bus, "r", EVERYTHING, RuleTarget("q", arn("q")))
    sent.fails = lambda call: call[0] == "append"
    await bus.put([foreign(detail='{"n": 1}')])
    await until(bus, name, lambda state: state.delayed == 1)
    target = bus.targets.info(name)
    assert target is not None
    assert target.reason.startswith("INTERNAL_ERROR: ")
    sent.fails = lambda _: False
    await passing(bus, clock, name)
    assert details(await received(bus, "q", 1)) == [{"n": 1}]


async def test_a_rule_that_cannot_be_used_any_more_leaves_the_others_alone(
    declared: tuple[Platform, Any],
) -> None:
    good = Rule(ME, "good", '{"source": ["a"]}', targets={"q": RuleTarget("q", arn("q"))})
    bad = Rule(ME, "bad", '{"source": "a"}', targets={"q": RuleTarget("q", arn("q"))})
    worse = Rule(
        ME,
        "worse",
        '{"source": ["a"]}',
        targets={"q": RuleTarget("q", arn("q"), input_path="nowhere")},
    )
    half = Rule(ME, "half", '{"source": ["\\ud800"]}', targets={"q": RuleTarget("q", arn("q"))})
    assert list(Overlay().beside([bad, good, half, worse], declared[0])) == ["rule:me/good/q"]


async def passing(bus: Bus, clock: ManualClock, name: str) -> None:
    """Let time pass until nothing is left in a subscription."""
    async with asyncio.timeout(10):
        while nonempty(await bus.states(), name):
            clock.advance(1)
            await asyncio.sleep(0.001)


def nonempty(states: Any, name: str) -> bool:
    return bool(states[name].waiting or states[name].in_flight or states[name].dead)


def publisher(account: str) -> Principal:
    return Principal(account, frozenset({"publisher"}))
