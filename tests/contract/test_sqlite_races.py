"""Everything at once, with limits so small that every corner is met, beside a simple model."""

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from keybus.bus.engine import Cursor, Delivery
from keybus.engines.sqlite import SqliteEngine, delays, held, ledger, line
from keybus.engines.sqlite import engine as engine_module
from keybus.engines.sqlite.reader import Reader, Row
from keybus.engines.sqlite.ring import Ring
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import ANY, fetch_all, record, standing

SECOND = 1_000_000


class Model:
    """One subscription: what was answered, and what must therefore come or not come."""

    def __init__(self) -> None:
        self.attempts: dict[int, int] = {}  # of everything unsettled, the attempts that failed
        self.due: dict[int, int] = {}
        self.leased: set[int] = set()
        self.held: set[int] = set()
        self.done: set[int] = set()
        self.dead: set[int] = set()

    def append(self, position: int) -> None:
        if position not in self.done:
            self.attempts.setdefault(position, 0)

    def lease(self, delivery: Delivery, now: int) -> None:
        position = delivery.position
        assert position not in self.done, "delivered after it was settled"
        assert position not in self.leased, "delivered to two at once"
        assert delivery.attempt == self.attempts.get(position, 0) + 1
        assert self.due.get(position, 0) <= now, "delivered too early"
        self.attempts.setdefault(position, 0)
        self.leased.add(position)
        self.held.discard(position)

    def retry(self, position: int, due: int) -> None:
        self.leased.discard(position)
        self.attempts[position] += 1
        self.due[position] = due

    def settle(self, position: int) -> None:
        self.leased.discard(position)
        self.done.add(position)
        self.attempts.pop(position, None)
        self.due.pop(position, None)

    def standing(self, now: int) -> tuple[int, int, int, int]:
        free = self.attempts.keys() - self.leased - self.held
        delayed = sum(self.due.get(position, 0) > now for position in free)
        return len(free), len(self.leased), delayed, len(self.dead)


class Run:
    """One process: publishers, and a consumer a subscription, until it is stopped."""

    def __init__(
        self, engine: SqliteEngine, clock: ManualClock, models: dict[str, Model], seed: int
    ) -> None:
        self.engine, self.clock, self.models = engine, clock, models
        self.random = random.Random(seed)
        self.stopped = False

    async def go(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.publish())
            tasks.create_task(self.publish())
            tasks.create_task(self.tick())
            for name, model in self.models.items():
                cursor = await self.engine.open(name, ANY)
                tasks.create_task(self.consume(cursor, model))
                tasks.create_task(self.unhold(cursor))
            await asyncio.sleep(seconds)
            self.stopped = True

    async def publish(self) -> None:
        chance = self.random
        while not self.stopped:
            batch = [
                record("x", *(name for name in self.models if chance.random() < 0.6))
                for _ in range(chance.randint(1, 12))
            ]
            for position, each in zip(await self.engine.append(batch), batch, strict=True):
                for name in each.matched:
                    self.models[name].append(position)
            await asyncio.sleep(chance.choice([0, 0, 0.001, 0.005]))

    async def tick(self) -> None:
        while not self.stopped:
            await asyncio.sleep(0.003)
            self.clock.advance(self.random.choice([0.1, 0.5, 1.0]))

    async def consume(self, cursor: Cursor, model: Model) -> None:
        chance, tasks = self.random, set[asyncio.Task[None]]()
        while not self.stopped:
            try:
                patience = chance.choice([0.001, 0.05, 0.2])
                found = await asyncio.wait_for(cursor.fetch(chance.randint(1, 40)), patience)
            except TimeoutError:
                continue
            for delivery in found:
                model.lease(delivery, self.clock.time_us())
            tasks.add(asyncio.create_task(self.settle(cursor, model, found)))
            if len(tasks) > chance.choice([1, 3, 20]):
                await asyncio.gather(*tasks)
                tasks.clear()
        await asyncio.gather(*tasks)

    async def unhold(self, cursor: Cursor) -> None:
        while not self.stopped:
            await asyncio.sleep(self.random.choice([0.01, 0.03]))
            await cursor.unhold()

    async def settle(self, cursor: Cursor, model: Model, found: Sequence[Delivery]) -> None:
        left = [delivery.position for delivery in found]
        self.random.shuffle(left)
        steps = []
        while left:
            count = self.random.randint(1, 6)
            part, left = left[:count], left[count:]
            steps.append(self.settle_part(cursor, model, part, self.random.random()))
        await asyncio.gather(*steps)

    async def settle_part(
        self, cursor: Cursor, model: Model, part: list[int], chance: float
    ) -> None:
        if chance < 0.5:
            await cursor.ack(part)
            for position in part:
                model.settle(position)
        elif chance < 0.8:
            for position in part:
                delay = self.random.choice([0, 0, 1, 1, 1, 2, 3])
                # It may come again before this task is told that it was kept.
                model.retry(position, self.clock.time_us() + delay * SECOND)
                await cursor.retry(position, delay=delay, reason="busy")
        elif chance < 0.85:
            for position in part:
                await cursor.bury(position, reason="poison")
                model.settle(position)
                model.dead.add(position)
        elif chance < 0.92:
            # It may be unheld, and come again, before this task is told that it was kept.
            model.leased.difference_update(part)
            await cursor.hold(part, reason="no grant")
        elif chance < 0.98:
            if chance > 0.95:  # holds the floor back for a while
                await asyncio.sleep(0.1)
            model.leased.difference_update(part)
            await cursor.release(part)
        # What is left stays leased, until the next process.

    async def check(self) -> None:
        """Quiet now: it must stand as the model says."""
        for name, model in self.models.items():
            cursor = await self.engine.open(name, ANY)
            # Which were held while everything was unheld, only the store can say.
            model.held = {each.position async for each in cursor.held()}
            assert model.held <= model.attempts.keys() - model.leased
            assert (await cursor.state()).held == len(model.held)
            assert await standing(cursor) == model.standing(self.clock.time_us())
            assert {letter.position async for letter in cursor.dead_letters()} == model.dead

    async def drain(self) -> None:
        """Everything that is not leased comes, once."""
        self.clock.advance(10)
        for name, model in self.models.items():
            cursor = await self.engine.open(name, ANY)
            assert await cursor.unhold() == len(model.held)
            model.held.clear()
            left = model.attempts.keys() - model.leased
            for delivery in await fetch_all(cursor, len(left), limit=50):
                model.lease(delivery, self.clock.time_us())
            part = sorted(model.leased)[::2]
            await cursor.ack(part)
            for position in part:
                model.settle(position)


def shrink(patch: pytest.MonkeyPatch, chance: random.Random) -> None:
    """Limits so small that everything overflows, and reads that take their time."""
    patch.setattr(delays, "DELAYS_LIMIT", chance.choice([4, 16, 64]))
    patch.setattr(line, "LINE_LIMIT", chance.choice([8, 64, 300]))
    patch.setattr(ledger, "SPARSE_LIMIT", chance.choice([4, 20, 100]))
    patch.setattr(held, "UNHOLD_PAGE", chance.choice([1, 5, 50]))
    patch.setattr(ledger, "TRIM_EVERY", chance.choice([1, 16, 64]))
    patch.setattr(engine_module, "Ring", partial(Ring, limit=chance.choice([2_000, 20_000])))
    rows, pause = Reader.rows, chance.choice([0.0, 0.002, 0.005])

    async def slow_rows(self: Reader, sql: str, bindings: tuple[int | str, ...]) -> list[Row]:
        found = await rows(self, sql, bindings)
        await asyncio.sleep(pause)  # as where the loop has much else to do
        return found

    patch.setattr(Reader, "rows", slow_rows)


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 16))]
)
async def test_everything_at_once(
    seed: int, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    shrink(monkeypatch, chance)
    models = {name: Model() for name in "abc"[: chance.randint(1, 3)]}
    for process in range(3):
        engine = SqliteEngine.at(tmp_path / "store.db", clock=clock)
        run = Run(engine, clock, models, seed * 10 + process)
        await run.check()
        await run.go(0.2)
        await run.check()
        if process != 1:  # now and then it is closed with everything under way
            await run.drain()
            await run.check()
        await engine.close()
        for model in models.values():
            model.leased.clear()
