"""Random histories with back-fills, trimming, closes and crashes, beside models of the queues."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from keybus.bus.engine import Engine
from keybus.engines.sqlite import SqliteEngine
from tests.contract.engine_model import Model
from tests.contract.engines_under_test import ANY
from tests.contract.histories import LATE, NAMES, Histories, time_of

INDEXES = st.integers(0, 60)
"""Of events in the log, or behind its end."""
WAYS = st.sampled_from(["out", "retried", "held", "dead"])
"""How a delivery may stand that is not settled, or no longer in the log's care."""


class PastHistories(Histories):
    """Deliveries, and besides queues that begin in the past, and a log whose past is dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.dropped: set[int] = set()
        self.ranges: list[range] = []  # no range of the engine's has positions of two of these

    @property
    def kept(self) -> list[int]:
        return [each for each in range(1, len(self.log) + 1) if each not in self.dropped]

    @rule(name=st.sampled_from(NAMES), index=st.one_of(st.just(0), INDEXES))
    def remove_and_open_in_the_past(self, name: str, index: int) -> None:
        self.run(self.engine.remove(name))
        self.cursors[name] = cursor = self.run(self.engine.open(name, ANY, time_of(index)))
        self.models[name] = model = Model()
        model.filled = cursor.filled
        assert model.filled is not None
        assert all(each > model.filled for each in self.kept if each > index)

    @rule(name=st.sampled_from(NAMES), page=st.integers(1, 8), data=st.data())
    def fill(self, name: str, page: int, data: st.DataObject) -> None:
        """Go through a page of the log; a queue that is whole is not touched by it."""
        model = self.models[name]
        there = [each for each in self.kept if each > (model.filled or 0)][:page]
        chosen = sorted(data.draw(st.sets(st.sampled_from(there)))) if there else []
        through = there[-1] if there else model.filled or 0
        self.run(self.cursors[name].fill(chosen, through))
        if model.filled is not None:
            model.fill(chosen, through)

    @rule(data=st.data(), limit=st.integers(1, 8))
    def settle_some_of_all_and_trim(self, data: st.DataObject, limit: int) -> None:
        for each in NAMES:
            self.fetch(each, limit)
            self.ack(each, data)
        self.trim_all(LATE, 3)

    @rule(name=st.sampled_from(NAMES), page=st.integers(1, 20), odd=st.booleans())
    def fill_the_rest(self, name: str, page: int, *, odd: bool) -> None:
        """As the bus does, with every other event of what is left."""
        model = self.models[name]
        while model.filled is not None:
            there = [each for each in self.kept if each > model.filled][:page]
            chosen = [each for each in there if each % 2 == odd]
            through = there[-1] if there else model.filled
            self.run(self.cursors[name].fill(chosen, through, whole=not there))
            model.fill(chosen, through, whole=not there)

    @rule(index=INDEXES, after=INDEXES, limit=st.integers(1, 3))
    def trim_a_step(self, index: int, after: int, limit: int) -> None:
        self.trim(time_of(index), after, limit)

    @rule(index=st.one_of(st.just(LATE), INDEXES), limit=st.integers(1, 3))
    def trim_all(self, index: int, limit: int) -> None:
        before, more, after = time_of(index), True, 0
        while more:
            after, more = self.trim(before, after, limit)

    @rule(name=st.sampled_from(NAMES), way=WAYS, whole=st.booleans(), data=st.data())
    def settle_all_but_one_and_trim(
        self, name: str, way: str, data: st.DataObject, *, whole: bool
    ) -> None:
        """One delivery is left, somehow, and it alone keeps its range of the log."""
        self.wait(5)
        for each in NAMES:
            if whole:
                self.fill_the_rest(each, 20, odd=True)
            self.unhold(each)
            while self.models[each].available(self.clock.time_us()):
                self.fetch(each, 8)
        out = sorted(self.models[name].leased)
        stays = data.draw(st.sampled_from(out)) if out else None
        for each in NAMES:
            self.ack_some(each, self.models[each].leased - {stays if each == name else None})
        match stays, way:
            case int(), "retried":
                self.retry_one(name, stays, 1)
            case int(), "held":
                self.hold_some(name, {stays}, "", ordered=False)
            case int(), "dead":
                self.bury_one(name, stays)
            case _:
                pass
        self.append([[set(NAMES)]])
        for each in NAMES:
            self.fetch(each, 8)
            self.ack_some(each, self.models[each].leased - {stays if each == name else None})
        self.append([[set[str]()]])
        self.trim_all(LATE, 3)
        self.nothing_is_kept_that_nobody_needs()

    def nothing_is_kept_that_nobody_needs(self) -> None:
        """But what follows the first in line, or out, may be, until that is settled."""
        models, last = self.models.values(), len(self.log)
        wanted = self.needed().union(*(model.redriven for model in models))
        end = min(last, *(model.first_in_line(last) for model in models))
        for each in self.ranges:
            if each[-1] < end and wanted.isdisjoint(each):
                assert self.dropped.issuperset(each)

    def trim(self, before: int, after: int, limit: int) -> tuple[int, bool]:
        """One step: nothing goes that somebody needs, that is too young, or that it may not touch."""
        last, kept, needed = len(self.log), set(self.kept), self.needed()
        trimmed = self.run(self.engine.trim(before, after=after, limit=limit))
        gone = kept - {position for position, _, _ in self.run(self.read())}
        may_go = {each for each in kept - needed if after < each < last}
        assert gone <= {each for each in may_go if time_of(each - 1) < before}
        assert trimmed.events == len(gone)
        assert trimmed.size == sum(len(self.log[each - 1]) for each in gone)
        assert set(trimmed.needed_by) <= {
            n for n, model in self.models.items() if model.needs(last)
        }
        self.dropped |= gone
        return trimmed.through, trimmed.more

    async def read(self) -> list[tuple[int, int, bytes]]:
        return [(e.position, e.ingested_at, e.envelope) async for e in self.engine.read()]

    def needed(self) -> set[int]:
        return set[int]().union(*(model.needs(len(self.log)) for model in self.models.values()))

    @invariant()
    def the_log_is_what_was_appended_and_not_dropped(self) -> None:
        last = len(self.log)
        if last > (covered := self.ranges[-1][-1] if self.ranges else 0):
            self.ranges.append(range(covered + 1, last + 1))
        expected = [(each, time_of(each - 1), self.log[each - 1]) for each in self.kept]
        assert self.run(self.read()) == expected
        assert self.run(self.engine.log_state()).last_at == (time_of(last - 1) if last else 0)

    @invariant()
    def queues_are_filled_as_far_as_the_models(self) -> None:
        for name, cursor in self.cursors.items():
            assert cursor.filled == self.models[name].filled


class SqliteHistories(PastHistories):
    """The same, and now and then the store is closed, or its process dies."""

    crashes = True

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.generation = 0
        super().__init__()

    @property
    def path(self) -> Path:
        return self.folder / str(self.generation) / "store.db"

    async def made(self) -> Engine:
        return SqliteEngine.at(self.path, clock=self.clock)

    @precondition(lambda self: bool(self.cursors))
    @rule()
    def reopen(self) -> None:
        self.run(self.engine.close())
        self.engine = self.make()
        self.start_again()

    @precondition(lambda self: bool(self.cursors))
    @rule()
    def crash(self) -> None:
        """Go on with the files as they are now, as after a crash."""
        old, dying = self.path, self.engine
        self.generation += 1
        self.path.parent.mkdir()
        # The WAL first: a checkpoint in between moves frames that the copy has.
        for suffix in ("-wal", ""):
            file = old.with_name(old.name + suffix)
            if file.exists():
                shutil.copy(file, self.path.with_name(file.name))
        self.run(dying.close())
        self.engine = self.make()
        self.start_again()

    def start_again(self) -> None:
        self.open()
        for model in self.models.values():
            model.leased.clear()

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder)


def bounded(examples: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=40, deadline=None)


TestMemoryHistories, TestSqliteHistories = PastHistories.TestCase, SqliteHistories.TestCase
TestMemoryHistories.settings, TestSqliteHistories.settings = bounded(25), bounded(8)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("histories", [PastHistories, SqliteHistories])
def test_many_histories(histories: type[PastHistories]) -> None:
    run_state_machine_as_test(histories, settings=bounded(300))
