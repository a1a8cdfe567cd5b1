"""A declared subscription consumed as SQS does it, beside native consumers."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.made_by_hand import made_by_hand
from keybus.bus.message_queues import Message, QueueSettings, Receiver, Redrive
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.errors import Forbidden, SubscriptionError
from keybus.governance import ANYBODY, Principal
from keybus.server.aws import AwsError, Call
from keybus.server.sqs.created import CreatedQueue
from keybus.server.sqs.finding import find
from keybus.server.sqs.queues import (
    CreateQueue,
    ListQueues,
    create_queue,
    delete_queue,
    list_queues,
)
from keybus.server.sqs.shapes import OfQueue
from keybus.server.sqs.subscribed import SubscriptionQueue
from keybus.server.sqs.tags import list_queue_tags
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.contract.engines_under_test import PATIENCE, quiet
from tests.unit.bus.offered import status
from tests.unit.bus.test_control import NEW, changed

ME = Principal("me", frozenset({"subscriber"}), "credential-1")


@pytest.fixture
async def bus(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> AsyncIterator[Bus]:
    async def messages() -> MemoryEngine:
        return MemoryEngine(clock=clock)

    bus = await Bus.start(
        Declared(*declared), MemoryEngine(clock=clock), clock=clock, messages=messages
    )
    yield bus
    await bus.close()


async def passed(bus: Bus, clock: ManualClock, seconds: float) -> None:
    await quiet(bus.engine)
    clock.advance(seconds)
    for _ in range(3):
        await quiet(bus.engine)


async def received(receiver: Receiver, principal: Principal = ANYBODY) -> dict[str, int]:
    async with asyncio.timeout(PATIENCE):
        found = await receiver.receive(10, 20, 30, principal=principal)
    return {each.id: each.count for each in found}


async def test_an_event_is_a_message(bus: Bus, clock: ManualClock) -> None:
    [put] = await bus.put([status()])
    receiver = await bus.message_queues.subscription("all")
    [message] = await receiver.receive(10, 20, 30)
    assert message.id == put.event_id
    assert msgspec.json.decode(message.body)["detail-type"] == "delivery.status.updated"
    assert (message.count, message.sent_us, message.sequence) == (1, clock.time_us(), "")
    await receiver.delete(message.receipt)
    assert (await bus.states())["all"].waiting == (await bus.states())["all"].in_flight == 0


async def test_what_times_out_comes_at_once_and_then_is_a_dead_letter(
    bus: Bus, clock: ManualClock
) -> None:
    [put] = await bus.put([status()])
    receiver = await bus.message_queues.subscription("impatient")
    for count in (1, 2):
        assert await received(receiver) == {put.event_id: count}
        await passed(bus, clock, 30)
    [letter] = [each async for each, _ in bus.dead_letters("impatient")]
    assert (letter.event_id, letter.attempts) == (put.event_id, 2)


async def test_it_shares_with_a_native_consumer(bus: Bus, clock: ManualClock) -> None:
    seen: list[int] = []

    async def send(what: object) -> None:
        seen.extend(each.position for each in what)  # type: ignore[attr-defined]

    receiver = await bus.message_queues.subscription("all")
    await bus.put([status(number) for number in range(1, 6)])
    taken = await received(receiver)
    session = bus.join("all", send, 10)
    await bus.put([status(number) for number in range(6, 10)])
    await passed(bus, clock, 1)
    assert len(seen) == 4
    assert len(taken) == 5
    await bus.dispatcher("all").leave(session, "")


async def test_who_may_consume_no_longer_is_told(bus: Bus, clock: ManualClock) -> None:
    receiver = await bus.message_queues.subscription("all")
    waiting = asyncio.ensure_future(receiver.receive(10, 20, 30, principal=ME))
    await passed(bus, clock, 1)
    bus.end_consumers(lambda _, who: "it was revoked" if who == ME else "")
    with pytest.raises(Forbidden, match="it was revoked"):
        await waiting
    await bus.put([status()])
    assert len(await received(receiver)) == 1


async def test_a_handle_holds_for_whoever_of_the_account_has_it(bus: Bus) -> None:
    await bus.put([status()])
    receiver = await bus.message_queues.subscription("all")
    [message] = await receiver.receive(10, 20, 30, principal=ME)
    await (await bus.message_queues.subscription("all")).delete(message.receipt)
    assert receiver.in_flight == 0


async def test_a_paused_subscription_hands_nothing_out(bus: Bus, clock: ManualClock) -> None:
    await bus.put([status()])
    await bus.pauses.pause("all", ANYBODY)
    receiver = await bus.message_queues.subscription("all")
    waiting = asyncio.ensure_future(receiver.receive(10, 20, 30))
    await passed(bus, clock, 1)
    assert not waiting.done()
    await bus.pauses.resume("all", ANYBODY)
    assert len(await waiting) == 1


async def test_a_subscription_that_is_gone_is_no_queue(
    bus: Bus, declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    receiver = await bus.message_queues.subscription("all")
    waiting = asyncio.ensure_future(receiver.receive(10, 20, 30))
    await passed(bus, clock, 1)
    platform, contracts = declared
    left = {name: each for name, each in platform.subscriptions.items() if name != "all"}
    changed = msgspec.structs.replace(platform, subscriptions=left)
    await bus.apply(Declared(changed, contracts))
    with pytest.raises(SubscriptionError):
        await waiting
    with pytest.raises(SubscriptionError):
        await bus.message_queues.subscription("all")


async def test_the_bus_closes_the_messages_store(bus: Bus) -> None:
    await bus.message_queues.create(QueueSettings(account="me", name="q"), ANYBODY)
    await bus.message_queues.send("me", "q", [Message("a")])
    receiver = await bus.message_queues.receiver("me", "q")
    waiting = asyncio.ensure_future(receiver.receive(10, 20, 30))
    assert len(await waiting) == 1
    waiting = asyncio.ensure_future(receiver.receive(10, 20, 30))
    await quiet(bus.engine)
    await bus.stop()
    assert await asyncio.wait_for(waiting, PATIENCE) == []


async def test_what_was_created_by_hand_is_told(bus: Bus) -> None:
    await bus.message_queues.create(QueueSettings(account="me", name="q"), ANYBODY)
    tired = Redrive("me", "dead.fifo", 3)
    await bus.message_queues.create(
        QueueSettings(account="me", name="f.fifo", fifo=True, redrive=tired), ANYBODY
    )
    assert [(each.kind, each.name, each.account, each.what) for each in made_by_hand(bus)] == [
        ("queue", "f.fifo", "me", "in order, dead letters to dead.fifo"),
        ("queue", "q", "me", "standard"),
    ]


async def test_a_subscription_that_is_declared_later_is_in_front_of_a_created_queue(
    bus: Bus, declared: tuple[Platform, ContractRepository]
) -> None:
    """What the name means is what is declared; the created queue comes back when that is gone."""
    call, url = Call(bus, ME), "/222222222222/late"
    await create_queue(call, CreateQueue("late", tags={"a": "b"}))
    await bus.message_queues.send("me", "late", [Message("kept")])
    platform, contracts = declared
    await bus.apply(Declared(changed(platform, late=NEW), contracts))
    assert isinstance(find(call, url), SubscriptionQueue)
    listed = (await list_queues(call, ListQueues())).queue_urls or []
    assert listed.count(url) == 1
    assert (await list_queue_tags(call, OfQueue(url))).tags is None
    with pytest.raises(AwsError, match="declared by the platform"):
        await delete_queue(call, OfQueue(url))
    with pytest.raises(AwsError, match="exists already"):
        await create_queue(call, CreateQueue("late"))
    await bus.apply(Declared(platform, contracts))
    assert isinstance(find(call, url), CreatedQueue)
    receiver = await bus.message_queues.receiver("me", "late")
    assert [each.body for each in await receiver.receive(10, 20, 30)] == ["kept"]
