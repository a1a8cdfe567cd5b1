"""Old events are dropped, and nothing that is not settled."""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.engine import Engine, Trimmed
from keybus.engines.sqlite import SqliteEngine
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    append_all,
    fetch,
    fetch_all,
    positions,
    quiet,
    record,
    records,
    standing,
    texts,
)

FUTURE = 10**12


async def trim(engine: Engine, before: int = FUTURE, limit: int = 16) -> Trimmed:
    """All steps there are."""
    events = size = after = 0
    needed = set[str]()
    while True:
        step = await engine.trim(before, after=after, limit=limit)
        events, size, after = events + step.events, size + step.size, step.through
        needed |= set(step.needed_by)
        if not step.more:
            return Trimmed(events, size, after, False, tuple(sorted(needed)))  # noqa: FBT003 - as it has them


async def kept(
    engine: Engine, since: int = 0, until: int | None = None, after: int = 0
) -> list[int]:
    return [each.position async for each in engine.read(since, until, after=after)]


async def singly(engine: Engine, count: int, *matched: str, at: int = 1_000) -> list[int]:
    """Events each of which is a range of its own."""
    found: list[int] = []
    for index in range(count):
        found += await engine.append([record(f"event-{index}", *matched, at=at)])
    return found


async def test_what_is_old_goes_and_the_end_stays(engine: Engine) -> None:
    assert await engine.trim(FUTURE, limit=10) == Trimmed()
    past = [*await singly(engine, 3, at=10), *await singly(engine, 2, at=20)]
    state = await engine.log_state()
    assert (state.first_at, state.last_at) == (10, 20)
    assert state.size > 0
    assert (await trim(engine, 10)).events == 0
    trimmed = await trim(engine, 20)
    assert (trimmed.events, trimmed.size, trimmed.needed_by) == (3, 3 * len("event-0"), ())
    assert await kept(engine) == past[3:]
    state = await engine.log_state()
    assert (state.first_at, state.last_at) == (20, 20)
    await trim(engine)
    assert await kept(engine) == past[4:]
    # Positions go on.
    later = await engine.append(records(1))
    assert later[0] > past[-1]
    assert await kept(engine) == [past[4], *later]
    assert (await engine.find(b"event-0", None, 10**9)).events[-1].position == later[0]


async def test_a_step_looks_at_no_more_than_it_may(engine: Engine) -> None:
    past = await singly(engine, 10)
    first = await engine.trim(FUTURE, limit=4)
    assert (first.events, first.through, first.more) == (4, past[3], True)
    second = await engine.trim(FUTURE, after=first.through, limit=4)
    assert (second.events, second.more) == (4, True)
    third = await engine.trim(FUTURE, after=second.through, limit=4)
    assert (third.events, third.more) == (1, False)
    assert await kept(engine) == past[9:]


async def test_nothing_goes_that_is_not_settled(engine: Engine, clock: ManualClock) -> None:
    cursor, idle = await engine.open("a", ANY), await engine.open("idle", ANY)
    past = await singly(engine, 8, "a")
    waits = await singly(engine, 1, "idle")
    end = await singly(engine, 2)
    await fetch_all(cursor, 6)
    acked, delayed, held, leased, begun, back = past[:6]
    await cursor.ack([acked])
    await cursor.retry(delayed, delay=50.0, reason="busy")
    await cursor.hold([held], reason="no grant")
    await cursor.begin(begun, reason="lost")
    await cursor.release([back])
    trimmed = await trim(engine)
    assert trimmed.needed_by == ("a", "idle")
    assert await kept(engine) == [*past[1:], *waits, end[-1]]
    # Behind what was dropped everything is as it was.
    clock.advance(50.0)
    await cursor.unhold()
    found = await fetch_all(cursor, 5)
    assert set(positions(found)) == {delayed, held, back, *past[6:]}
    assert set(texts(found)) == {f"event-{past.index(each)}" for each in positions(found)}
    await cursor.ack([leased, begun, *positions(found)])
    await idle.ack(positions(await fetch(idle)))
    await quiet(engine)
    await trim(engine)
    assert await kept(engine) == [end[-1]]
    assert await standing(cursor) == (0, 0, 0, 0)


async def test_one_that_is_stuck_keeps_its_own_range_only(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    past = await singly(engine, 20, "a")
    await singly(engine, 1)
    found = await fetch_all(cursor, 20)
    await cursor.hold([past[7]], reason="no grant")
    await cursor.ack([each for each in positions(found) if each != past[7]])
    await trim(engine)
    assert (await kept(engine))[0] == past[7]
    assert len(await kept(engine)) == 2


async def test_dead_letters_and_what_is_redriven_own_their_bytes(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    first, second = await singly(engine, 2, "a")
    end = await singly(engine, 1)
    await fetch_all(cursor, 2)
    await cursor.bury(first, reason="no")
    await cursor.bury(second, reason="no")
    await trim(engine)
    assert await kept(engine) == end
    [one, two] = await cursor.letters.page(LetterChoice(), 10)
    assert [one.envelope, two.envelope] == [b"event-0", b"event-1"]
    await cursor.letters.redrive(LetterChoice(), 10)
    await trim(engine)
    found = await fetch_all(cursor, 2)
    assert texts(found) == ["event-0", "event-1"]
    await cursor.retry(first, delay=0.0, reason="again")
    await cursor.bury(second, reason="no")
    [again] = await fetch(cursor)
    assert (again.position, again.envelope, again.attempt) == (first, b"event-0", 2)
    await cursor.ack([first])
    [letter] = await cursor.letters.page(LetterChoice(), 10)
    assert (letter.envelope, letter.redriven) == (b"event-1", 1)


async def test_what_a_queue_is_to_be_filled_with_stays(engine: Engine) -> None:
    past = await singly(engine, 6)
    cursor = await engine.open("a", ANY, 0)
    assert (await trim(engine)).needed_by == ("a",)
    assert await kept(engine) == past
    await cursor.fill(past[2:3], past[3])
    await trim(engine)
    assert await kept(engine) == [past[2], *past[4:]]
    await cursor.fill(past[5:], past[5], whole=True)
    await trim(engine)
    assert await kept(engine) == [past[2], past[5]]
    assert positions(await fetch_all(cursor, 2)) == [past[2], past[5]]


async def test_reading_over_what_was_dropped(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    past: list[int] = []
    for at in range(10, 40):
        matched = ["a"] if at % 3 == 0 else []
        past += await engine.append([record(f"at-{at}", *matched, at=at)])
    await trim(engine, 35)
    times = [each.ingested_at async for each in engine.read()]
    assert times == [*range(12, 35, 3), *range(35, 40)]
    assert [each.ingested_at async for each in engine.read(13, 22)] == [15, 18, 21]
    for position in past:
        assert await kept(engine, after=position) == [
            each for each in await kept(engine) if each > position
        ]
    assert [each.ingested_at for each in await fetch_all(cursor, 10)] == [*range(12, 40, 3)]


@pytest.mark.parametrize("seed", range(2))
async def test_any_history_loses_nothing(engine: Engine, seed: int) -> None:
    random = Random(seed)
    names = ["a", "b", "c"]
    cursors = {name: await engine.open(name, ANY) for name in names}
    owed: dict[str, list[int]] = {name: [] for name in names}
    for _ in range(25):
        batch = [
            record(f"{random.random()}", *(n for n in names if random.random() < 0.4))
            for _ in range(random.randrange(1, 60))
        ]
        for position, each in zip(await engine.append(batch), batch, strict=True):
            for name in each.matched:
                owed[name].append(position)
        name = random.choice(names)
        if owed[name]:
            found = await fetch(cursors[name], random.randrange(1, 80))
            done = [each.position for each in found if random.random() < 0.8]
            await cursors[name].ack(done)
            await cursors[name].release([p for p in positions(found) if p not in done])
            owed[name] = [each for each in owed[name] if each not in done]
        await trim(engine, limit=random.randrange(1, 9))
        there = set(await kept(engine))
        assert there.issuperset(set[int]().union(*owed.values()))
    for name, cursor in cursors.items():
        if owed[name]:
            assert sorted(positions(await fetch_all(cursor, len(owed[name])))) == owed[name]


async def test_room_is_used_again_and_the_trimming_is_kept(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    for _ in range(6):
        await append_all(engine, [record("x" * 10_000, at=each) for each in range(200)])
        before = (await engine.log_state()).size
        trimmed = await trim(engine)
        assert trimmed.events > 0
        assert (await engine.log_state()).size < before
    there = await kept(engine)
    await engine.close()
    assert path.stat().st_size < 3 * 200 * 10_000
    engine = SqliteEngine.at(path, clock=clock)
    assert await kept(engine) == there
    assert (await engine.append(records(1)))[0] == there[-1] + 1
    await engine.close()


CHILD = """
import asyncio, sys
from keybus.engines.sqlite import SqliteEngine
from tests.contract.engines_under_test import ANY, record

async def main():
    engine = SqliteEngine.at(sys.argv[1])
    cursor = await engine.open("a", ANY)
    print("ready", flush=True)
    while True:
        await engine.append([record("x" * 5_000, *(["a"] if each % 10 == 0 else [])) for each in range(50)])
        await engine.trim(10**12, limit=8)

asyncio.run(main())
"""


def killed(path: Path, seconds: float) -> None:
    """A process that appends and trims is killed, at any moment."""
    command = [sys.executable, "-c", CHILD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(seconds)
        child.kill()


@pytest.mark.long
async def test_a_kill_in_the_middle_leaves_what_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    for tenths in range(1, 7):
        killed(path, tenths / 10)
        engine = SqliteEngine.at(path)
        cursor = await engine.open("a", ANY)
        if waiting := (await cursor.state()).waiting:
            found = await fetch_all(cursor, waiting)
            assert {len(each.envelope) for each in found} == {5_000}
            await cursor.ack(positions(found))
        await engine.close()
