"""Random work on an engine: appends, every way of settling, documents, the audit log."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Cursor, Engine, Record
from keybus.errors import EngineError
from keybus.governance.audit import BUS
from tests.contract.engines_under_test import ANY
from tests.reliability.answers import Answers, Append, Filled, Queue
from tests.reliability.consumer import Consumer
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.keeper import Keeper
from tests.reliability.past import Past

QUEUES: Final = ("all", "some", "fleeting")
"""Subscriptions; the last one is removed now and then, and made anew."""
COLLECTION: Final = "tests"
"""Of the documents that are written."""
_AT_THE_END, _TRIMMED = 0.3, 0.1
"""How often a queue begins at the log's end, and how often the log is trimmed."""
_KEYS: Final = tuple(f"key-{number}" for number in range(8))
_Step = Callable[[], Coroutine[object, object, None]]


class Load:
    """Works on one engine until it is dead, or enough was done; notes each answer when it comes.

    Args:
        engine: The engine.
        audit: The audit log in its documents.
        answers: Where answers are noted.
        clock: The engine's.
        draw: What chance is made from.
        alive: Whether the engine can still do anything.

    Attributes:
        failures: How often the engine said that it could not.
    """

    def __init__(
        self,
        engine: Engine,
        audit: AuditLog,
        answers: Answers,
        *,
        clock: JumpingClock,
        draw: random.Random,
        alive: Callable[[], bool],
    ) -> None:
        self._engine, self._audit, self._answers = engine, audit, answers
        self._clock, self._draw, self._alive = clock, draw, alive
        self._keeper = Keeper(engine, answers, clock=clock, draw=draw, opened=self._open)
        self._past = Past(engine, answers, draw)
        self._consumers: list[Consumer] = []
        self._opening = asyncio.Lock()
        self._over = False
        self.failures = 0

    @property
    def problems(self) -> list[str]:
        """What consumers were sent and may not have been sent."""
        return [problem for each in self._consumers for problem in each.problems]

    @property
    def delivered(self) -> int:
        """How many deliveries came."""
        return sum(each.delivered for each in self._consumers)

    async def run(self, steps: int, *, removing: bool = True) -> None:
        """Work.

        Args:
            steps: How many appends each of two publishers makes, if the engine lets them.
            removing: Whether a queue is removed now and then.
        """
        work = [self._again(self._write), self._again(self._act)]
        work += [self._again(partial(self._consume, name)) for name in QUEUES]
        work += [self._again(partial(self._interfere, removing=removing))]
        tasks = [asyncio.create_task(each) for each in work]
        publishers = [self._again(self._publish, steps) for _ in range(2)]
        await asyncio.gather(*publishers)
        self._over = True
        # A consumer may wait for what will never come.
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def proves_well(self) -> None:
        """Everything works once more, where the power is still on.

        Raises:
            StorageFailed: It does not.
        """
        if self._alive():
            await self._publish()
            await self._write()
            await self._act()
            await (await self._open(QUEUES[0])).state()

    async def _again(self, step: _Step, times: float = float("inf")) -> None:
        """A step again and again, whatever the store says."""
        while times > 0 and self._alive() and not self._over:
            times -= 1
            try:
                await step()
            except EngineError:
                self.failures += 1
            await asyncio.sleep(0)

    async def _open(self, name: str) -> Cursor:
        async with self._opening:
            queues = self._answers.queues
            queue = queues[name] = queues.get(name) or Queue(self._since(name))
            cursor = await self._engine.open(name, ANY, queue.since)
            if not queue.certain and cursor.filled is not None:
                queue.filled.add(Filled(cursor.filled))
                queue.owed = {
                    event.position async for event in self._engine.read(after=cursor.filled)
                }
            queue.certain = True
            return cursor

    def _since(self, name: str) -> int | None:
        """From when on a queue that is made begins: the last one in the past, now and then."""
        appends = self._answers.appends
        if name != QUEUES[-1] or not appends or self._draw.random() < _AT_THE_END:
            return None
        return self._draw.choice(appends).at

    async def _publish(self) -> None:
        names = [name for name, queue in self._answers.queues.items() if queue.certain]
        append = self._answers.offer(
            tuple(name for name in names if self._draw.random() < 0.8)
            for _ in range(self._draw.randint(1, 12))
        )
        self._answers.appended(append, await self._engine.append(self._records(append)))

    def _records(self, append: Append) -> list[Record]:
        return [
            Record(text, text[:20].decode(), "tests", "test.event", append.at, matched)
            for text, matched in zip(append.texts, append.matched, strict=True)
        ]

    async def _consume(self, name: str) -> None:
        cursor = await self._open(name)
        queue = self._answers.queues[name]
        await self._past.fill(cursor, queue)
        consumer = Consumer(cursor, queue, self._draw)
        self._consumers.append(consumer)
        while True:
            await consumer.take(self._draw.randint(1, 30))

    async def _write(self) -> None:
        key = self._draw.choice(_KEYS)
        values = self._answers.documents.setdefault(key, [None])
        value = self._draw.choice((None, self._draw.randbytes(self._draw.choice((10, 9_000)))))
        values.append(value)
        if value is None:
            await self._engine.documents.delete(COLLECTION, key)
        else:
            await self._engine.documents.put(COLLECTION, key, value)
        values[:] = [value]

    async def _act(self) -> None:
        subject = f"act-{next(self._answers.numbers)}"
        await self._audit.write(BUS, "tests.act", subject)
        self._answers.acts.append(subject)

    async def _interfere(self, *, removing: bool) -> None:
        await self._keeper.interfere(QUEUES[:2])
        if self._draw.random() < _TRIMMED:
            await self._past.trim()
        if removing and self._draw.random() < 0.03:
            await self._remove(QUEUES[2])

    async def _remove(self, name: str) -> None:
        async with self._opening:
            if (queue := self._answers.queues.get(name)) is not None:
                queue.removing, queue.certain = True, False
                await self._engine.remove(name)
                del self._answers.queues[name]
