"""Random histories of deliveries, on any engine, beside models that are obviously right."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.engine import ORDER, Cursor, Engine
from keybus.engines.memory import MemoryEngine
from keybus.testing.clock import ManualClock
from tests.contract.engine_model import Model
from tests.contract.engines_under_test import ANY, fetch, quiet, record, standing

T = TypeVar("T")
NAMES: Final = ("a", "b")
LATE: Final = 1_000_000
"""A time after all events of a history, and before its clock's."""
GROUPS = st.sampled_from(["", "g", "h"])
MATCHED = st.sampled_from([{"a", "b"}, {"a"}, {"b"}, set[str]()])


def time_of(index: int) -> int:
    """When the event of an index in the log was taken."""
    return 1_000 + index


class Histories(RuleBasedStateMachine):
    """Rules do the same to an engine and to the models; every answer is compared."""

    crashes = False

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.models = {name: Model() for name in NAMES}
        self.log: list[bytes] = []
        self.engine = self.make()
        self.cursors: dict[str, Cursor] = {}

    def make(self) -> Engine:
        return self.run(self.made())

    async def made(self) -> Engine:
        return MemoryEngine(self.clock)

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        self.cursors = {name: self.run(self.engine.open(name, ANY)) for name in NAMES}

    @rule(batches=st.lists(st.lists(MATCHED, min_size=1, max_size=5), min_size=1, max_size=4))
    def append(self, batches: list[list[set[str]]]) -> None:
        count = len(self.log)
        prepared = []
        for batch in batches:
            numbers = range(count, count + len(batch))
            prepared.append(
                [
                    record(str(n), *sorted(s), at=time_of(n))
                    for n, s in zip(numbers, batch, strict=True)
                ]
            )
            count += len(batch)

        async def at_once() -> list[list[int]]:
            return [list(p) for p in await asyncio.gather(*map(self.engine.append, prepared))]

        for appended, positions in zip(prepared, self.run(at_once()), strict=True):
            for each, position in zip(appended, positions, strict=True):
                self.log.append(each.envelope)
                for name in each.matched:
                    self.models[name].attempts[position] = 0

    @rule(name=st.sampled_from(NAMES), limit=st.integers(1, 8))
    def fetch(self, name: str, limit: int) -> None:
        model = self.models[name]
        available = model.available(self.clock.time_us())
        if not available:
            self.run(self.cancelled_fetch(name))
            return
        deliveries = self.run(fetch(self.cursors[name], limit))
        found = [delivery.position for delivery in deliveries]
        # What has still to be read from a store may be left to the next fetch.
        most = min(limit, len(available))
        assert 1 <= len(found) <= most
        assert self.crashes or len(found) == most
        assert set(found) <= set(available)
        # What was never tried comes in log order, with nothing left out before it.
        first = [position for position in found if position not in model.due]
        assert first == [each for each in available if each not in model.due][: len(first)]
        for delivery in deliveries:
            assert delivery.attempt == model.attempts[delivery.position] + 1
            assert delivery.envelope == self.log[delivery.position - 1]
            assert delivery.group == model.groups.get(delivery.position, "")
        model.leased.update(found)

    async def cancelled_fetch(self, name: str) -> None:
        waiting = asyncio.ensure_future(self.cursors[name].fetch(3))
        await quiet(self.engine)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def ack(self, name: str, data: st.DataObject) -> None:
        model = self.models[name]
        chosen = data.draw(st.sets(st.sampled_from(sorted(model.leased)))) if model.leased else ()
        self.ack_some(name, chosen)

    def ack_some(self, name: str, chosen: Collection[int]) -> None:
        self.run(self.cursors[name].ack([*chosen, 10_000]))
        for position in chosen:
            self.models[name].settle(position)

    @rule(name=st.sampled_from(NAMES), data=st.data(), delay=st.integers(0, 5), group=GROUPS)
    def retry(self, name: str, data: st.DataObject, delay: int, group: str = "") -> None:
        model = self.models[name]
        if not model.leased:
            return
        self.retry_one(name, data.draw(st.sampled_from(sorted(model.leased))), delay, group)

    def retry_one(self, name: str, position: int, delay: int, group: str = "") -> None:
        model = self.models[name]
        self.run(self.cursors[name].retry(position, delay=delay, reason="busy", group=group))
        model.groups[position] = group
        model.leased.discard(position)
        model.attempts[position] += 1
        model.due[position] = self.clock.time_us() + delay * 1_000_000

    @rule(name=st.sampled_from(NAMES), data=st.data(), delay=st.integers(0, 5))
    def fetch_and_retry(self, name: str, data: st.DataObject, delay: int) -> None:
        self.fetch(name, 3)
        self.retry(name, data, delay)

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def fetch_and_ack(self, name: str, data: st.DataObject) -> None:
        self.fetch(name, 8)
        self.ack(name, data)

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def bury(self, name: str, data: st.DataObject) -> None:
        model = self.models[name]
        if not model.leased:
            return
        self.bury_one(name, data.draw(st.sampled_from(sorted(model.leased))))

    def bury_one(self, name: str, position: int) -> None:
        model = self.models[name]
        self.run(self.cursors[name].bury(position, reason="poison"))
        model.dead.append((position, model.settle(position) + 1))

    @rule(name=st.sampled_from(NAMES), data=st.data(), limit=st.integers(1, 3))
    def fetch_bury_and_redrive(self, name: str, data: st.DataObject, limit: int) -> None:
        self.fetch(name, 3)
        self.bury(name, data)
        self.redrive(name, limit)

    @rule(name=st.sampled_from(NAMES), limit=st.integers(1, 3))
    def redrive(self, name: str, limit: int) -> None:
        model = self.models[name]
        chosen, model.dead = model.dead[:limit], model.dead[limit:]
        letters = self.cursors[name].letters
        assert self.run(letters.redrive(LetterChoice(), limit)) == len(chosen)
        for position, _ in chosen:
            model.attempts[position] = 0
            model.due[position] = self.clock.time_us()
            model.redriven.add(position)

    @rule(name=st.sampled_from(NAMES), limit=st.integers(1, 3))
    def purge(self, name: str, limit: int) -> None:
        model = self.models[name]
        count, model.dead = len(model.dead[:limit]), model.dead[limit:]
        assert self.run(self.cursors[name].letters.purge(LetterChoice(), limit)) == count

    @rule(name=st.sampled_from(NAMES))
    def expire(self, name: str) -> None:
        """All there is is too old, but what was redriven."""
        model, letters = self.models[name], self.cursors[name].letters
        old = set(model.available(self.clock.time_us())) - model.redriven
        expiring = self.cursors[name].expire(LATE, reason="too old", limit=1_000)
        assert self.run(expiring) == len(old)
        found = self.run(letters.page(LetterChoice(), 1_000))[len(model.dead) :]
        assert {letter.position for letter in found} == old
        model.dead += [(each.position, model.settle(each.position)) for each in found]

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def release(self, name: str, data: st.DataObject) -> None:
        model = self.models[name]
        if not model.leased:
            return
        chosen = data.draw(st.sets(st.sampled_from(sorted(model.leased))))
        self.run(self.cursors[name].release(sorted(chosen)))
        model.leased -= chosen

    @rule(name=st.sampled_from(NAMES), data=st.data(), group=GROUPS, ordered=st.booleans())
    def hold(
        self, name: str, data: st.DataObject, group: str = "", *, ordered: bool = False
    ) -> None:
        model = self.models[name]
        chosen = data.draw(st.sets(st.sampled_from(sorted(model.leased)))) if model.leased else ()
        self.hold_some(name, chosen, group, ordered=ordered)

    def hold_some(self, name: str, chosen: Collection[int], group: str, *, ordered: bool) -> None:
        model = self.models[name]
        reason = ORDER if ordered else "no grant"
        self.run(self.cursors[name].hold([*chosen, 10_000], reason=reason, group=group))
        model.leased -= set(chosen)
        model.held |= dict.fromkeys(chosen, ordered)
        model.groups |= dict.fromkeys(chosen, group)

    @rule(name=st.sampled_from(NAMES), data=st.data(), group=GROUPS, ordered=st.booleans())
    def fetch_and_hold(self, name: str, data: st.DataObject, group: str, *, ordered: bool) -> None:
        self.fetch(name, 8)
        self.hold(name, data, group, ordered=ordered)

    @rule(name=st.sampled_from(NAMES), group=GROUPS, limit=st.integers(1, 5))
    def unhold_some(self, name: str, group: str, limit: int) -> None:
        model = self.models[name]
        chosen = sorted(each for each in model.held if model.groups[each] == group)[:limit]
        assert self.run(self.cursors[name].unhold(group, limit)) == len(chosen)
        model.due.update(dict.fromkeys(chosen, self.clock.time_us()))
        for position in chosen:
            del model.held[position]

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def begin(self, name: str, data: st.DataObject) -> None:
        """Where no crash follows, nothing is different."""
        model = self.models[name]
        if model.leased and not self.crashes:
            position = data.draw(st.sampled_from(sorted(model.leased)))
            self.run(self.cursors[name].begin(position, reason="the bus stopped"))

    @rule(name=st.sampled_from(NAMES))
    def unhold(self, name: str) -> None:
        model = self.models[name]
        assert self.run(self.cursors[name].unhold()) == len(model.held)
        model.due.update(dict.fromkeys(model.held, self.clock.time_us()))
        model.held.clear()

    @rule(name=st.sampled_from(NAMES), meanwhile=st.booleans())
    def close_and_open_again(self, name: str, *, meanwhile: bool) -> None:
        self.run(self.engine.close_queue(name))
        del self.cursors[name]
        self.models[name].leased.clear()
        if meanwhile:
            self.append([[{name}, {name}]])
        self.stands_as_the_model_says()
        self.cursors[name] = self.run(self.engine.open(name, ANY))

    @rule(name=st.sampled_from(NAMES))
    def remove_and_open_anew(self, name: str) -> None:
        self.run(self.engine.remove(name))
        self.models[name] = Model()
        self.cursors[name] = self.run(self.engine.open(name, ANY))

    @rule(seconds=st.integers(1, 4))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def stands_as_the_model_says(self) -> None:
        for name, cursor in self.cursors.items():
            model = self.models[name]
            assert self.run(standing(cursor)) == model.standing(self.clock.time_us())
        if self.cursors:
            assert self.run(self.engine.queues()) == list(NAMES)
            for name, model in self.models.items():
                state = self.run(self.engine.queue_state(name))
                assert state.held == sum(not ordered for ordered in model.held.values())
                assert state.ordered == sum(model.held.values())
                assert state.waiting == model.standing(0)[0]

    @invariant()
    def groups_are_the_models(self) -> None:
        for name, cursor in self.cursors.items():
            model = self.models[name]
            assert list(self.run(cursor.groups())) == model.named()
            available = model.available(self.clock.time_us())
            reached = self.run(cursor.reached())
            assert reached == (available[0] - 1 if available else len(self.log))

    @invariant()
    def what_is_held_is_the_models(self) -> None:
        async def held(cursor: Cursor) -> list[tuple[int, int, bytes]]:
            return [(e.position, e.attempts, e.envelope) async for e in cursor.held()]

        for name, cursor in self.cursors.items():
            model = self.models[name]
            assert self.run(held(cursor)) == [
                (position, model.attempts[position], self.log[position - 1])
                for position in sorted(model.held)
            ]

    @invariant()
    def dead_letters_are_the_models(self) -> None:
        async def counted(cursor: Cursor) -> int:
            return sum(each.count for each in (await cursor.letters.summary(LetterChoice())).groups)

        async def letters(cursor: Cursor) -> list[tuple[int, int, bytes]]:
            return [(e.position, e.attempts, e.envelope) async for e in cursor.dead_letters()]

        for name, cursor in self.cursors.items():
            assert self.run(counted(cursor)) == len(self.models[name].dead)
            assert self.run(letters(cursor)) == [
                (position, attempts, self.log[position - 1])
                for position, attempts in self.models[name].dead
            ]

    def teardown(self) -> None:
        self.run(self.engine.close())
        self.runner.close()
