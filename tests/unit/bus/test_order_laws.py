"""The law of order, over random failures, losses, crashes and consumers.

Where failures block: whenever a delivery is handled, everything earlier of its key was handled, or
is a dead letter. Where they are skipped: first attempts of a key are made in order. In both: no two
consumers have deliveries of one key at the same time, and nothing is lost.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from keybus.bus import Delivery, DeliverySettings, Dispatcher, Engine, Session
from keybus.bus.delivery import lane, lanes
from keybus.bus.delivery.order_key import OnFailure, OrderKey
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine
from keybus.protocol import Failed, Notice, Settlement
from keybus.testing import ManualClock
from keybus.topology.model import Retry
from tests.contract.engines_under_test import ANY, quiet, record

T = TypeVar("T")
KEYS = ("a", "b", "c", "")
OUTCOMES = st.lists(st.sampled_from(["handled", "failed", "rejected"]), min_size=1, max_size=6)
TURNS = st.integers(0, 2)
"""Which consumer it is; drawn before it is known who is there, as threads decide that as well."""
PATIENCE = 20.0


@pytest.fixture(autouse=True)
def _small_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that much is put aside, and keys share lanes."""
    for module in (lane, lanes):
        monkeypatch.setattr(module, "LANE_ROOM", 4)
    monkeypatch.setattr(lanes, "TOTAL_ROOM", 10)
    monkeypatch.setattr(lanes, "MOST_LANES", 2)
    monkeypatch.setattr(lanes, "_SHARED_DIGITS", 1)


class Consumer:
    """Keeps what it was sent until a rule works on it."""

    def __init__(self) -> None:
        self.frames: list[list[Delivery]] = []
        self.session: Session

    async def send(self, what: Sequence[Delivery] | Notice) -> None:
        if not isinstance(what, Notice):
            self.frames.append(list(what))


class Orders(RuleBasedStateMachine):
    """Rules act as publishers, consumers and mishaps do."""

    on_failure: ClassVar[OnFailure] = "block"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.engine: Engine = self.run(self.made())
        self.dispatcher: Dispatcher
        self.consumers: list[Consumer] = []
        self.keys: dict[int, str] = {}
        self.tried = set[int]()
        self.passed = set[int]()  # handled, or rejected
        self.done = set[int]()

    async def made(self) -> Engine:
        return MemoryEngine(self.clock)

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    async def rest(self) -> None:
        """Let what was begun go on; the laws hold wherever that is cut."""
        for _ in range(3):
            await quiet(self.engine)

    @initialize()
    def open(self) -> None:
        self.run(self.opened())

    async def opened(self) -> None:
        order = OrderKey(("k",), {}, self.on_failure)
        settings = DeliverySettings(retry=Retry(attempts=3), order=order)
        cursor = await self.engine.open("line", ANY)
        self.dispatcher = Dispatcher(cursor, settings, self.clock)

    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=30))
    def publish(self, keys: list[str]) -> None:
        async def put() -> Sequence[int]:
            batch = []
            for key in keys:
                value = msgspec.json.encode({"k": key or None}).decode()
                batch.append(record(f'{{"detail-type":"t","detail":{value}}}', "line"))
            appended = await self.engine.append(batch)
            await self.rest()
            return appended

        self.keys.update(zip(self.run(put()), keys, strict=True))

    @rule(window=st.sampled_from([1, 3, 20]), singly=st.booleans())
    def join(self, window: int, *, singly: bool) -> None:
        if len(self.consumers) < 3:
            self.run(self.joined(window, singly=singly))

    async def joined(self, window: int, *, singly: bool = False) -> None:
        consumer = Consumer()
        consumer.session = self.dispatcher.join(consumer.send, window, singly=singly)
        self.consumers.append(consumer)
        await self.rest()

    @rule(turn=TURNS, outcomes=OUTCOMES)
    def work(self, turn: int, outcomes: list[str]) -> None:
        busy = [each for each in self.consumers if each.frames]
        if busy:
            self.run(self.worked(busy[turn % len(busy)], outcomes))

    async def worked(self, consumer: Consumer, outcomes: list[str]) -> None:
        """Handle a frame as clients do: what follows a failure of its group goes back."""
        settlement, failed = Settlement(), set[str]()
        for index, each in enumerate(consumer.frames.pop(0)):
            outcome = outcomes[index % len(outcomes)]
            if each.group and each.group in failed:
                settlement.release.append(each.position)
                continue
            await self.handle(each, outcome)
            if outcome == "failed":
                failed.add(each.group)
                settlement.retry.append(Failed(each.position, "no luck"))
            elif outcome == "rejected":
                settlement.bury.append(Failed(each.position, "no cure"))
            else:
                settlement.ack.append(each.position)
        await self.dispatcher.settle(consumer.session, settlement)
        await self.rest()

    async def handle(self, delivery: Delivery, outcome: str) -> None:
        position, key = delivery.position, self.keys[delivery.position]
        buried = {each.position async for each in self.dispatcher.cursor.dead_letters()}
        if key:
            earlier = {e for e, k in self.keys.items() if k == key and e < position}
            if self.on_failure == "block":
                assert earlier <= self.passed | buried
            elif position not in self.tried:
                assert earlier <= self.tried
        self.tried.add(position)
        if outcome != "failed":
            self.passed.add(position)
        if outcome == "handled":
            self.done.add(position)

    @rule(turn=TURNS, in_order=st.booleans())
    def leave(self, turn: int, *, in_order: bool) -> None:
        if self.consumers:
            index = turn % len(self.consumers)
            self.run(self.left(self.consumers.pop(index), in_order=in_order))

    async def left(self, consumer: Consumer, *, in_order: bool) -> None:
        if in_order:
            await self.dispatcher.settle(consumer.session, Settlement(leaving=True))
        else:  # each of them counts as tried
            self.tried.update(consumer.session.leased)
        await self.dispatcher.leave(consumer.session, "gone")
        await self.rest()

    @rule(seconds=st.sampled_from([1, 30, 61]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.run(self.rest())

    @rule()
    def no_two_have_a_key(self) -> None:
        held: list[str] = []
        for consumer in self.consumers:
            names = {self.keys[position] for position in consumer.session.leased}
            held += [each for each in names if each]
        assert len(held) == len(set(held))

    def teardown(self) -> None:
        try:
            if hasattr(self, "dispatcher"):
                self.run(asyncio.wait_for(self.drained(), PATIENCE))
        finally:
            self.run(self.ended())
            self.runner.close()

    async def drained(self) -> None:
        """With handlers that work, everything is handled in the end."""
        for consumer in list(self.consumers):
            self.consumers.remove(consumer)
            await self.left(consumer, in_order=True)
        await self.joined(20)
        while True:
            state = await self.dispatcher.cursor.state()
            if not (state.waiting or state.in_flight):
                break
            [consumer] = self.consumers
            if consumer.frames:
                await self.worked(consumer, ["handled"])
            else:
                self.clock.advance(61)
                await self.rest()
        buried = {each.position async for each in self.dispatcher.cursor.dead_letters()}
        assert self.keys.keys() == self.done | buried
        assert not await self.dispatcher.cursor.groups()

    async def ended(self) -> None:
        if hasattr(self, "dispatcher"):
            await self.dispatcher.stop()
        await self.engine.close()


class Skipping(Orders):
    on_failure = "skip"


class SqliteOrders(Orders):
    """The same, and now and then the store is closed, or its process dies."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.generation = 0
        super().__init__()

    @property
    def path(self) -> Path:
        return self.folder / str(self.generation) / "store.db"

    async def made(self) -> Engine:
        return SqliteEngine.at(self.path, clock=self.clock)

    @precondition(lambda self: bool(self.keys))
    @rule(outcomes=OUTCOMES)
    def crash(self, outcomes: list[str]) -> None:
        self.run(self.crashed(outcomes))

    async def crashed(self, outcomes: list[str]) -> None:
        """Go on with the files as they are, while somebody is settling."""
        working: list[asyncio.Task[None]] = []
        for consumer in self.consumers:
            if consumer.frames:
                working.append(asyncio.create_task(self.worked(consumer, outcomes)))
                await asyncio.sleep(0)
        old, dying, dispatcher = self.path, self.engine, self.dispatcher
        self.generation += 1
        self.path.parent.mkdir()
        # The WAL first: a checkpoint in between moves frames that the copy has.
        for suffix in ("-wal", ""):
            if (file := old.with_name(old.name + suffix)).exists():
                shutil.copy(file, self.path.with_name(file.name))
        await asyncio.gather(*working)
        await dispatcher.stop()
        await dying.close()
        self.consumers.clear()
        self.engine = await self.made()
        await self.opened()

    @precondition(lambda self: bool(self.keys))
    @rule()
    def restart(self) -> None:
        self.run(self.restarted())

    async def restarted(self) -> None:
        await self.dispatcher.stop()
        await self.engine.close()
        self.consumers.clear()
        self.engine = await self.made()
        await self.opened()

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder)


class SqliteSkipping(SqliteOrders):
    on_failure = "skip"


def bounded(examples: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=40, deadline=None)


TestOrders, TestSkipping = Orders.TestCase, Skipping.TestCase
TestSqliteOrders, TestSqliteSkipping = SqliteOrders.TestCase, SqliteSkipping.TestCase
TestOrders.settings = TestSkipping.settings = bounded(20)
TestSqliteOrders.settings = TestSqliteSkipping.settings = bounded(10)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("orders", [SqliteOrders, SqliteSkipping])
def test_many_orders(orders: type[SqliteOrders]) -> None:
    run_state_machine_as_test(orders, settings=bounded(200))
