"""Whatever comes, fails, is cancelled or is restarted: each event is there once, and once only."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.bus.engine import Engine, Record
from keybus.bus.ingest.deduplication import SECONDS, Deduplication
from keybus.bus.ingest.identity import Identity
from keybus.engines.memory import MemoryEngine
from keybus.envelope import Entry, decode, encode, seal
from keybus.errors import StorageFailed
from keybus.testing import ManualClock
from tests.unit.bus.failing import Store, failing

ACCOUNT: Final = "111111111111"
TYPE: Final = "order.placed"


class JumpingClock(ManualClock):
    """A wall clock that is set while the monotonic one goes on."""

    wrong = 0.0

    def time_us(self) -> int:
        return super().time_us() + round(self.wrong * 1_000_000)


class World:
    """A log, and what is said to whoever publishes into it."""

    def __init__(self, limit: int = 1_000) -> None:
        self.clock, self.store, self._limit = JumpingClock(), Store(), limit
        self._engine = MemoryEngine(clock=self.clock)
        self.engine: Engine = failing(self._engine, self.store)
        self.deduplication: Deduplication
        self.answers: list[tuple[str, str]] = []
        """By event, the id that it was answered with."""

    async def start(self) -> None:
        self.deduplication = await Deduplication.open(self.engine, self.clock, self._limit)

    def record(self, name: str) -> Record:
        detail = {"id": name} if name else {}
        entry = Entry("shop", TYPE, msgspec.Raw(msgspec.json.encode(detail)))
        now = self.clock.time_us()
        envelope = seal(
            entry, event_id=self.clock.uuid(), account=ACCOUNT, region="local", now_us=now
        )
        digest = Identity(ACCOUNT, TYPE).digest(detail)
        return Record(encode(envelope), envelope.id, "shop", TYPE, now, (), digest)

    async def put(self, names: Sequence[str]) -> list[str] | None:
        """The ids that the events are answered with; None: they were refused."""
        records = [self.record(name) for name in names]
        try:
            appended = await self.deduplication.append(records)
        except StorageFailed:
            return None
        ids = [appended.firsts.get(record.event_id, record.event_id) for record in records]
        self.answers += zip(names, ids, strict=True)
        return ids

    async def log(self) -> list[tuple[str, str]]:
        """The events in the log and their ids, in order."""
        events = [decode(stored.envelope) async for stored in self._engine.read()]
        return [(event.decoded_detail().get("id", ""), event.id) for event in events]


NAMES = st.lists(st.sampled_from(["", "a", "b", "c", "d"]), min_size=1, max_size=4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(NAMES, min_size=1, max_size=4)),
        st.tuples(st.just("fail"), st.lists(NAMES, min_size=1, max_size=4)),
        st.tuples(st.just("go away"), st.lists(NAMES, min_size=1, max_size=4)),
        st.tuples(st.just("restart"), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([1.0, 100.0, 299.0, 302.0])),
        st.tuples(st.just("set the clock"), st.sampled_from([-86_400.0, 0.0, 3_600.0])),
    ),
    max_size=12,
)


@given(STEPS)
def test_each_event_is_in_the_log_once_within_its_time(
    steps: list[tuple[str, list[list[str]] | float | None]],
) -> None:
    asyncio.run(_check(steps))


async def _check(steps: list[tuple[str, list[list[str]] | float | None]]) -> None:
    world = World()
    await world.start()
    landed: dict[str, float] = {}  # when each event's last first came, by the monotonic clock
    jumped = False
    for what, how in steps:
        now, before = world.clock.monotonic(), len(await world.log())
        if what == "wait":
            assert isinstance(how, float)
            world.clock.advance(how)
        elif what == "set the clock":
            assert isinstance(how, float)
            jumped = jumped or world.clock.wrong != how
            world.clock.wrong = how
        elif what == "restart":
            await world.deduplication.close()
            await world.start()
            if jumped:  # what is known after that is told in the documentation
                landed.clear()
                jumped = False
        else:
            assert isinstance(how, list)
            await _publish(world, what, how)
            new = [name for name, _ in (await world.log())[before:] if name]
            if not jumped:
                for name in new:
                    assert now - landed.get(name, -1e9) > SECONDS
            assert len(new) == len(set(new))
            landed |= dict.fromkeys(new, now)
    stands = await world.log()
    assert set(world.answers) <= set(stands)


async def _publish(world: World, what: str, requests: list[list[str]]) -> None:
    """Requests at once, of which some fail, or whose publishers go away."""
    count = 0

    def every_other(call: tuple[object, ...]) -> bool:
        nonlocal count
        count += call[0] == "append"
        return call[0] == "append" and count % 2 == 1

    if what == "fail":
        world.store.fails = every_other
    world.store.waits = lambda call: call[0] == "append"
    world.store.go.clear()
    putting = [asyncio.create_task(world.put(names)) for names in requests]
    for _ in range(5):
        await asyncio.sleep(0)
    if what == "go away":
        for task in putting[::2]:
            task.cancel()
    world.store.go.set()
    await asyncio.gather(*putting, return_exceptions=True)
    world.store.fails = lambda _: False


async def test_half_a_digest_never_swallows_an_event() -> None:
    world = World()
    await world.start()
    first, other = world.record("a"), world.record("b")
    alike = next(
        digest
        for number in itertools.count()
        if hash(digest := first.digest[:8] + number.to_bytes(8, "big")) % 65_536
        == hash(first.digest) % 65_536
    )
    other = msgspec.structs.replace(other, digest=alike)
    await world.deduplication.append([first])
    assert (await world.deduplication.append([other])).records == [other]
    assert len(await world.log()) == 2


@pytest.fixture
async def crowded() -> AsyncIterator[World]:
    world = World(limit=128)
    await world.start()
    yield world
    await world.deduplication.close()


async def test_memory_is_bounded_and_says_so(
    crowded: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for second in range(400):
            assert await crowded.put([f"{second}-{each}" for each in range(10)])
            crowded.clock.advance(1.0)
    assert caplog.text.count("de-duplication remembers 128 events") == 1
    state = crowded.deduplication.state()
    assert 11.0 <= state.reach <= 13.0
    ids = dict(await crowded.log())
    assert await crowded.put(["395-0"]) == [ids["395-0"]]
    assert await crowded.put(["0-0"]) != [ids["0-0"]]


async def test_after_a_restart_it_is_bounded_as_well(crowded: World) -> None:
    for second in range(40):
        await crowded.put([f"{second}-{each}" for each in range(10)])
    await crowded.start()
    assert crowded.deduplication.state().remembered <= 128
    assert await crowded.put(["39-9"]) == [dict(await crowded.log())["39-9"]]


async def test_the_wall_clock_says_over_a_restart_what_is_old() -> None:
    world = World()
    await world.start()
    [first] = await world.put(["a"]) or []
    world.clock.wrong = 86_400.0
    assert await world.put(["a"]) == [first]  # while it runs, nobody cares
    await world.start()
    assert await world.put(["a"]) != [first]  # by the clock it is a day old
    [second] = await world.put(["b"]) or []
    world.clock.wrong = 0.0
    await world.start()
    assert await world.put(["b"]) == [second]  # it comes from tomorrow: as new as can be
    world.clock.advance(302.0)
    assert await world.put(["b"]) != [second]
