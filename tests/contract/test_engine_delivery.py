"""Fetch, and every way a lease ends."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from keybus.bus.engine import Engine
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    ENGINES,
    PATIENCE,
    fetch,
    fetch_all,
    positions,
    quiet,
    record,
    records,
    standing,
    texts,
)


async def test_fetch_is_in_log_order_and_within_the_limit(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = [*await engine.append(records(7, "a")), *await engine.append(records(3, "a"))]
    found = [positions(await fetch(cursor, 4)) for _ in range(3)]
    assert [len(each) for each in found] == [4, 4, 2]
    assert [position for each in found for position in each] == appended


async def test_a_delivery_is_the_event_and_its_first_attempt(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append([record("hello", "a", at=77)])
    [delivery] = await fetch(cursor)
    assert (delivery.position, delivery.ingested_at) == (position, 77)
    assert (delivery.envelope, delivery.attempt) == (b"hello", 1)


async def test_a_waiting_fetch_wakes_on_append(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    waiting = asyncio.ensure_future(cursor.fetch(10))
    await quiet(engine)
    assert not waiting.done()
    await engine.append(records(1, "a"))
    assert len(await asyncio.wait_for(waiting, PATIENCE)) == 1


async def test_a_waiting_fetch_wakes_on_release(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    await engine.append(records(1, "a"))
    held = positions(await fetch(cursor))
    waiting = asyncio.ensure_future(cursor.fetch(10))
    await quiet(engine)
    assert not waiting.done()
    await cursor.release(held)
    assert positions(await asyncio.wait_for(waiting, PATIENCE)) == held


async def test_cancelling_fetch_leases_nothing(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    waiting = asyncio.ensure_future(cursor.fetch(10))
    await quiet(engine)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await engine.append(records(2, "a"))
    assert await standing(cursor) == (2, 0, 0, 0)
    assert len(await fetch(cursor)) == 2


async def test_one_fetch_at_a_time(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    waiting = asyncio.ensure_future(cursor.fetch(1))
    await asyncio.sleep(0)
    with pytest.raises(EngineError, match="already"):
        await cursor.fetch(1)
    await engine.append(records(1, "a"))
    assert len(await asyncio.wait_for(waiting, PATIENCE)) == 1


async def test_released_deliveries_come_again_untried_and_first(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(5, "a")))
    held = positions(await fetch(cursor, 3))
    await cursor.release([held[2], held[0]])
    again = await fetch(cursor, 3)
    assert positions(again) == [appended[0], appended[2], appended[3]]
    assert {delivery.attempt for delivery in again} == {1}


async def test_retry_waits_and_counts(engine: Engine, clock: ManualClock) -> None:
    cursor = await engine.open("a", ANY)
    await engine.append([record("x", "a")])
    for attempt in (1, 2, 3):
        [delivery] = await fetch(cursor)
        assert delivery.attempt == attempt
        await cursor.retry(delivery.position, delay=5.0, reason="busy")
        waiting = asyncio.ensure_future(cursor.fetch(1))
        await quiet(engine)
        clock.advance(4.9)
        await quiet(engine)
        assert not waiting.done()
        clock.advance(0.1)
        [delivery] = await asyncio.wait_for(waiting, PATIENCE)
        assert delivery.attempt == attempt + 1
        await cursor.release([delivery.position])


async def test_an_earlier_retry_hastens_a_waiting_fetch(engine: Engine, clock: ManualClock) -> None:
    cursor = await engine.open("a", ANY)
    slow, soon = await engine.append(records(2, "a"))
    await fetch(cursor)
    await cursor.retry(slow, delay=100.0, reason="busy")
    waiting = asyncio.ensure_future(cursor.fetch(1))
    await quiet(engine)
    await cursor.retry(soon, delay=1.0, reason="busy")
    await quiet(engine)
    clock.advance(1.0)
    assert positions(await asyncio.wait_for(waiting, PATIENCE)) == [soon]


async def test_what_is_delayed_does_not_hold_back_the_line(
    engine: Engine, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    first, second, third = await engine.append(records(3, "a"))
    await fetch(cursor, 1)
    await cursor.retry(first, delay=10.0, reason="busy")
    assert positions(await fetch(cursor, 1)) == [second]
    clock.advance(10.0)
    assert sorted(positions(await fetch_all(cursor, 2))) == [first, third]


async def test_a_retry_without_delay_comes_again_at_once(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    await cursor.retry(position, delay=0.0, reason="again")
    [delivery] = await fetch(cursor)
    assert (delivery.position, delivery.attempt) == (position, 2)


async def test_a_release_after_a_retry_keeps_the_attempt(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    await cursor.retry(position, delay=0.0, reason="again")
    await cursor.release(positions(await fetch(cursor)))
    [delivery] = await fetch(cursor)
    assert delivery.attempt == 2


async def test_a_dead_letter_has_its_bytes_and_its_reason(
    engine: Engine, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    one, two = await engine.append([record("one", "a", at=5), record("two", "a", at=6)])
    await fetch(cursor)
    await cursor.bury(two, reason="poison")
    await cursor.retry(one, delay=0.0, reason="again")
    await fetch(cursor)
    clock.advance(3)
    await cursor.bury(one, reason="too often")
    letters = [letter async for letter in cursor.dead_letters()]
    assert [(each.position, each.envelope, each.ingested_at) for each in letters] == [
        (two, b"two", 6),
        (one, b"one", 5),
    ]
    assert [(each.attempts, each.reason) for each in letters] == [(1, "poison"), (2, "too often")]
    assert letters[1].buried_at - letters[0].buried_at == 3_000_000


async def test_state_at_each_step(engine: Engine, clock: ManualClock) -> None:
    cursor = await engine.open("a", ANY)
    assert await standing(cursor) == (0, 0, 0, 0)
    one, two, three, four = await engine.append(records(4, "a"))
    assert await standing(cursor) == (4, 0, 0, 0)
    await fetch(cursor, 3)
    assert await standing(cursor) == (1, 3, 0, 0)
    await cursor.ack([one])
    assert await standing(cursor) == (1, 2, 0, 0)
    await cursor.retry(two, delay=5.0, reason="busy")
    assert await standing(cursor) == (2, 1, 1, 0)
    await cursor.bury(three, reason="poison")
    assert await standing(cursor) == (2, 0, 1, 1)
    clock.advance(5.0)
    assert await standing(cursor) == (2, 0, 0, 1)
    await fetch_all(cursor, 2)
    assert await standing(cursor) == (0, 2, 0, 1)
    await cursor.release([four])
    assert await standing(cursor) == (1, 1, 0, 1)
    await fetch(cursor)
    await cursor.ack([two, four])
    assert await standing(cursor) == (0, 0, 0, 1)


async def test_cursors_are_independent(engine: Engine) -> None:
    a, b = await engine.open("a", ANY), await engine.open("b", ANY)
    one, both, two = await engine.append(
        [record("one", "a"), record("both", "a", "b"), record("two", "b")]
    )
    assert positions(await fetch(a)) == [one, both]
    await a.ack([one, both])
    assert positions(await fetch(b)) == [both, two]
    await b.bury(both, reason="poison")
    assert await standing(a) == (0, 0, 0, 0)
    assert await standing(b) == (0, 1, 0, 1)
    assert [letter async for letter in a.dead_letters()] == []


async def test_a_cursor_made_later_sees_only_later_events(engine: Engine) -> None:
    await engine.open("early", ANY)
    await engine.append(records(3, "early"))
    late = await engine.open("late", ANY)
    assert await standing(late) == (0, 0, 0, 0)
    [position] = await engine.append(records(1, "early", "late"))
    assert positions(await fetch(late)) == [position]


async def test_opening_again_is_the_same_place(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    await engine.append(records(2, "a"))
    held = positions(await fetch(cursor, 1))
    again, twice = await asyncio.gather(engine.open("a", ANY), engine.open("a", ANY))
    assert again.name == twice.name == "a"
    assert await standing(again) == (1, 1, 0, 0)
    await twice.ack(held)
    assert await standing(cursor) == (1, 0, 0, 0)


async def test_two_open_a_new_subscription_at_once(engine: Engine) -> None:
    one, two = await asyncio.gather(engine.open("new", ANY), engine.open("new", ANY))
    await engine.append(records(1, "new"))
    await one.ack(positions(await fetch(two)))
    assert await standing(one) == await standing(two) == (0, 0, 0, 0)


async def test_unmatched_events_are_not_delivered(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    await engine.append(records(3))
    waiting = asyncio.ensure_future(cursor.fetch(10))
    await quiet(engine)
    assert not waiting.done()
    await engine.append([record("no"), record("yes", "a"), record("neither")])
    assert texts(await asyncio.wait_for(waiting, PATIENCE)) == ["yes"]


async def test_matching_twice_is_delivered_once(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    await engine.append([record("x", "a", "a")])
    assert texts(await fetch(cursor)) == ["x"]
    assert await standing(cursor) == (0, 1, 0, 0)


async def test_settling_what_is_not_leased_does_nothing(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    one, two = await engine.append(records(2, "a"))
    await cursor.ack([one, two, 999])
    await cursor.retry(one, delay=0.0, reason="never fetched")
    await cursor.bury(two, reason="never fetched")
    await cursor.release([one, two])
    assert await standing(cursor) == (2, 0, 0, 0)
    await fetch(cursor)
    await cursor.ack([one])
    await cursor.bury(one, reason="settled already")
    await cursor.retry(one, delay=0.0, reason="settled already")
    await cursor.release([one])
    assert await standing(cursor) == (0, 1, 0, 0)


async def test_of_settlements_at_once_one_counts(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    await asyncio.gather(
        cursor.ack([position]),
        cursor.bury(position, reason="late"),
        cursor.retry(position, delay=0.0, reason="late"),
    )
    assert await standing(cursor) == (0, 0, 0, 0)


async def test_a_cancelled_ack_settles_or_leaves_the_lease(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    task = asyncio.ensure_future(cursor.ack([position]))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await cursor.ack([position])
    await quiet(engine)
    assert await standing(cursor) == (0, 0, 0, 0)


async def test_acknowledgements_in_any_order(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(500, "a")))
    await fetch_all(cursor, 500)
    await asyncio.gather(
        *(cursor.ack([position]) for position in reversed(appended[1:])),
    )
    assert await standing(cursor) == (0, 1, 0, 0)
    await cursor.ack(appended)
    assert await standing(cursor) == (0, 0, 0, 0)


async def test_a_crowd_gets_everything_once(engine: Engine) -> None:
    names = [f"s{index}" for index in range(4)]
    cursors = [await engine.open(name, ANY) for name in names]
    total = 3_000

    async def publish() -> None:
        for start in range(0, total, 50):
            await engine.append(
                [record(str(each), *names[: 1 + each % 4]) for each in range(start, start + 50)]
            )

    async def consume(index: int) -> list[str]:
        found: list[str] = []
        expected = sum(each % 4 >= index for each in range(total))
        while len(found) < expected:
            deliveries = await fetch(cursors[index], 37)
            found += texts(deliveries)
            await cursors[index].ack(positions(deliveries))
        return found

    results = await asyncio.gather(publish(), *(consume(index) for index in range(4)))
    for index, found in enumerate(results[1:]):
        assert found == [str(each) for each in range(total) if each % 4 >= index]


class CountingClock(ManualClock):
    """Counts how often somebody goes to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeps = 0

    async def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        await super().sleep(seconds)


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
async def test_waiting_for_a_delay_costs_nothing(
    make: Callable[[Path, Clock], Engine], tmp_path: Path
) -> None:
    clock = CountingClock()
    engine = make(tmp_path, clock)
    cursor = await engine.open("one", ANY)
    await engine.append([record("late", "one")])
    [delivery] = await fetch(cursor)
    await cursor.retry(delivery.position, delay=60.0, reason="busy")
    waiting = asyncio.create_task(cursor.fetch(1))
    for _ in range(3):
        await quiet(engine)
        await cursor.release([])  # wakes it for nothing
    for _ in range(100):
        await asyncio.sleep(0)
    assert clock.sleeps <= 4
    clock.advance(60)
    assert (await asyncio.wait_for(waiting, PATIENCE))[0].attempt == 2
    await engine.close()
