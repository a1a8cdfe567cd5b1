"""Rules and queues, made as PutRule, PutTargets and CreateQueue make them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from keybus.bus import Bus, CursorState
from keybus.bus.message_queues.received import Received
from keybus.bus.message_queues.settings import QueueSettings
from keybus.bus.rules.beside import subscription_name
from keybus.bus.rules.rule import Rule, State
from keybus.bus.rules.target import RuleTarget
from keybus.governance import ANYBODY
from tests.unit.bus.consuming import turns

StartRuled = Callable[..., Awaitable[Bus]]
ME, ID = "me", "222222222222"
OTHER = {"source": [{"prefix": "other."}]}


def arn(queue: str, account: str = ID) -> str:
    return f"arn:aws:sqs:local:{account}:{queue}"


async def queue(bus: Bus, name: str, account: str = ME, **more: Any) -> None:
    await bus.message_queues.create(QueueSettings(account=account, name=name, **more), ANYBODY)


async def rule(
    bus: Bus,
    name: str = "r",
    pattern: object = OTHER,
    *targets: RuleTarget,
    account: str = ME,
    state: State = "ENABLED",
) -> str:
    """Make a rule with targets; answers the name of the first one's subscription."""
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    await bus.rules.put(Rule(account, name, text, state), ANYBODY)
    if targets:
        await bus.rules.put_targets(account, name, targets, ANYBODY)
    return subscription_name(account, name, targets[0].id if targets else "")


async def received(bus: Bus, name: str, count: int, account: str = ME) -> list[Received]:
    """So many messages of a queue, each deleted."""
    receiver = await bus.message_queues.receiver(account, name)
    found: list[Received] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            for each in await receiver.receive(10, 0, 30):
                found.append(each)
                await receiver.delete(each.receipt)
            await asyncio.sleep(0.001)
    return found


def details(messages: list[Received]) -> list[Any]:
    """What is in the events that messages carry."""
    return [json.loads(each.body)["detail"] for each in messages]


async def until(bus: Bus, name: str, holds: Callable[[CursorState], bool]) -> CursorState:
    """Wait until a subscription stands so."""
    state = None
    try:
        async with asyncio.timeout(10):
            while True:
                state = (await bus.states())[name]
                if holds(state):
                    await turns()  # whoever waits for a time has said so before it is moved
                    return state
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise TimeoutError(f"{state}, {bus.targets.info(name)}") from None
