"""The laws of message queues, over random sends, receives, deletions and timeouts.

A FIFO queue hands out, of each group, what is first and not deleted, and nothing while something of
it is out. A standard queue hands out nothing that is invisible. Neither loses anything, and of what
may be had a receive answers something.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from keybus.bus.message_queues import Message, Received
from keybus.testing import ManualClock
from tests.contract.engines_under_test import quiet
from tests.unit.bus.created_queues import ACCOUNT, CreatedQueues

T = TypeVar("T")
_PROMPT = 0.5
"""Seconds within which what has become due may be had."""
GROUPS = st.sampled_from(["a", "b", "c"])


class Queues(RuleBasedStateMachine):
    """Rules act as senders, receivers and time do; beside them, what should be, naively."""

    name: ClassVar[str] = "q"
    delay: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.made = CreatedQueues(self.folder(), self.clock)
        self.left: list[tuple[str, str]] = []  # group and body, as they were sent
        self.out: dict[str, tuple[Received, float]] = {}  # by body, and until when
        self.counts: dict[str, int] = {}
        self.due: dict[str, float] = {}  # by body, where there is a delay
        self.number = 0

    def folder(self) -> Path | None:
        return None

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    @property
    def fifo(self) -> bool:
        return self.name.endswith(".fifo")

    @initialize()
    def create(self) -> None:
        async def create() -> None:
            await self.made.start()
            await self.made.create(self.name, delay=self.delay)

        self.run(create())

    @rule(groups=st.lists(GROUPS, min_size=1, max_size=12))
    def send(self, groups: list[str]) -> None:
        messages = []
        for group in groups:
            self.number += 1
            body = str(self.number)
            self.left.append((group, body))
            if self.delay:
                self.due[body] = self.clock.monotonic() + self.delay
            messages.append(Message(body, group=group if self.fifo else "", deduplication=body))
        self.run(self.made.queues.send(ACCOUNT, self.name, messages))

    @rule(most=st.integers(1, 10), visibility=st.sampled_from([5, 20]))
    def receive(self, most: int, visibility: int) -> None:
        received = self.run(self.received(most, visibility))
        now = self.clock.monotonic()
        assert received or not self.allowed(now - _PROMPT), "something may be had"
        allowed = self.allowed()
        for each in received:
            group = next(group for group, body in self.left if body == each.body)
            assert allowed[group if self.fifo else each.body].pop(0) == each.body
            self.counts[each.body] = self.counts.get(each.body, 0) + 1
            assert each.count == self.counts[each.body]
            self.out[each.body] = each, now + visibility

    async def received(self, most: int, visibility: int) -> list[Received]:
        await self.made.pass_time(0)
        receiver = await self.made.receiver(self.name)
        receiving = asyncio.ensure_future(receiver.receive(most, 0, visibility))
        while not receiving.done():
            for _ in range(3):
                await quiet(self.made.store)
            if not receiving.done():
                self.clock.advance(0.05)
        return receiving.result()

    def allowed(self, due: float | None = None) -> dict[str, list[str]]:
        """What may be had, in the order in which it has to come: by group, or each by itself.

        Args:
            due: Only what has been due since then; None: what is due now.
        """
        now = self.clock.monotonic()
        due = now if due is None else due
        out = {body for body, (_, until) in self.out.items() if until > now}
        self.out = {body: self.out[body] for body in out}
        if not self.fifo:
            return {body: [body] for _, body in self.left if body not in out}
        busy = {group for group, body in self.left if body in out}
        found: dict[str, list[str]] = {}
        for group, body in self.left:
            if self.due.get(body, due) > due:
                break
            if group not in busy:
                found.setdefault(group, []).append(body)
        return found

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        self.allowed()
        if self.out:
            some = data.draw(st.lists(st.sampled_from(sorted(self.out)), min_size=1, unique=True))
            self.run(self.made.delete(*(self.out[each][0] for each in some), of=self.name))
            self.left = [(group, body) for group, body in self.left if body not in some]
            self.out = {body: held for body, held in self.out.items() if body not in some}

    @rule(data=st.data(), seconds=st.sampled_from([0, 3, 40]))
    def change(self, data: st.DataObject, seconds: int) -> None:
        self.allowed()
        if self.out:
            body = data.draw(st.sampled_from(sorted(self.out)))
            held = self.out[body][0]

            async def change() -> None:
                receiver = await self.made.receiver(self.name)
                await receiver.change_visibility(held.receipt, seconds)

            self.run(change())
            self.out[body] = held, self.clock.monotonic() + seconds

    @rule(seconds=st.sampled_from([1, 4, 21]))
    def wait(self, seconds: int) -> None:
        self.run(self.made.pass_time(seconds))

    def teardown(self) -> None:
        try:
            self.run(self.drain())
        finally:
            self.run(self.made.stop())
            self.runner.close()
            if self.made.folder is not None:
                shutil.rmtree(self.made.folder)

    async def drain(self) -> None:
        """Everything that was not deleted comes, and in order."""
        await self.made.pass_time(60)
        came: list[str] = []
        while received := await self.received(10, 30):
            came += [each.body for each in received]
            await self.made.delete(*received, of=self.name)
        assert sorted(came, key=int) == [body for _, body in self.left]
        if self.fifo:
            for name in "abc":
                bodies = [body for group, body in self.left if group == name]
                assert [body for body in came if body in bodies] == bodies


class FifoQueues(Queues):
    """The same, in order."""

    name = "q.fifo"


class DelayedFifoQueues(FifoQueues):
    """The same, each message ten seconds after it was sent."""

    delay = 10


class StoredQueues(Queues):
    """Over the store on the disk."""

    def folder(self) -> Path:
        return Path(tempfile.mkdtemp())


class StoredFifoQueues(StoredQueues):
    """The same, in order."""

    name = "q.fifo"


class StoredDelayedFifoQueues(StoredFifoQueues):
    """The same, each message ten seconds after it was sent."""

    delay = 10


@pytest.mark.long
@pytest.mark.parametrize("queues", [StoredQueues, StoredFifoQueues, StoredDelayedFifoQueues])
def test_the_laws_hold_over_the_store(queues: type[Queues]) -> None:
    run_state_machine_as_test(
        queues, settings=settings(max_examples=25, stateful_step_count=20, phases=[Phase.generate])
    )


def test_a_standard_queue_loses_nothing_and_shows_nothing_twice() -> None:
    run_state_machine_as_test(Queues, settings=settings(max_examples=15, stateful_step_count=20))


def test_a_fifo_queue_keeps_order() -> None:
    run_state_machine_as_test(
        FifoQueues, settings=settings(max_examples=25, stateful_step_count=20)
    )


def test_a_fifo_queue_that_delays_keeps_order_and_hides_nothing() -> None:
    run_state_machine_as_test(
        DelayedFifoQueues, settings=settings(max_examples=15, stateful_step_count=20)
    )
