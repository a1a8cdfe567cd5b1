"""How one delivery stands, and how events are found."""

import asyncio

from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.engine import ORDER, Engine, Found, Status
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    append_all,
    fetch,
    fetch_all,
    record,
    records,
    texts,
)

PAGE = 1 << 20


async def test_a_delivery_waits_is_out_and_is_gone(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    one, two, other = await engine.append([*records(2, "a"), record("other")])
    assert await cursor.status(one) == await cursor.status(two) == Status("waiting")
    assert await cursor.status(other) == await cursor.status(99) == Status("gone")
    await fetch(cursor, 1)
    assert await cursor.status(one) == Status("in-flight")
    assert await cursor.status(two) == Status("waiting")
    await cursor.release([one])
    assert await cursor.status(one) == Status("waiting")
    await fetch(cursor)
    await cursor.ack([two])
    assert await cursor.status(one) == Status("in-flight")
    assert await cursor.status(two) == Status("gone")
    await cursor.ack([one])
    assert await cursor.status(one) == Status("gone")


async def test_a_delivery_that_failed_says_when_it_is_tried_again(
    engine: Engine, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    [one] = await engine.append(records(1, "a"))
    for attempt in (1, 2):
        await fetch(cursor)
        await cursor.retry(one, delay=30.0, reason=f"busy {attempt}")
        clock.advance(10)
        told = Status("delayed", attempt, 20_000_000, f"busy {attempt}")
        assert await cursor.status(one) == told
        clock.advance(20)
        assert await cursor.status(one) == Status("waiting", attempt, 0, f"busy {attempt}")
    await fetch(cursor)
    assert (await cursor.status(one)).state == "in-flight"
    await cursor.bury(one, reason="poison")
    [letter] = [each async for each in cursor.dead_letters()]
    assert await cursor.status(one) == Status("dead", 3, reason="poison", letter=letter.id)


async def test_a_redriven_delivery_is_no_dead_letter_until_it_is_one_again(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    first, one = await engine.append(records(2, "a"))
    await fetch(cursor)
    await cursor.ack([first])
    await cursor.bury(one, reason="poison")
    [letter] = [each async for each in cursor.dead_letters()]
    await cursor.letters.redrive(LetterChoice(), 10)
    assert await cursor.status(one) == Status("waiting")
    await fetch(cursor)
    await cursor.bury(one, reason="poison still")
    status = await cursor.status(one)
    assert (status.state, status.reason) == ("dead", "poison still")
    assert status.letter > letter.id
    await cursor.letters.purge(LetterChoice(), 10)
    assert await cursor.status(one) == Status("gone")


async def test_a_held_delivery_says_why_and_since_when(engine: Engine, clock: ManualClock) -> None:
    cursor = await engine.open("a", ANY)
    [one] = await engine.append(records(1, "a"))
    await fetch(cursor)
    await cursor.retry(one, delay=0.0, reason="busy")
    await fetch(cursor)
    since = clock.time_us()
    await cursor.hold([one], reason="no grant")
    clock.advance(5)
    assert await cursor.status(one) == Status("held", 1, reason="no grant", held_at=since)
    await cursor.unhold()
    assert await cursor.status(one) == Status("waiting", 1, 0, "no grant")


async def test_an_ordered_delivery_says_behind_which(engine: Engine, clock: ManualClock) -> None:
    cursor = await engine.open("a", ANY)
    one, two, three, other = await engine.append(records(4, "a"))
    await fetch(cursor)
    since = clock.time_us()
    await cursor.retry(one, delay=60.0, reason="busy", group="k")
    await cursor.hold([two, three], reason=ORDER, group="k")
    await cursor.hold([other], reason=ORDER, group="another")
    ordered = Status("ordered", held_at=since, behind=one)
    assert await cursor.status(two) == await cursor.status(three) == ordered
    assert await cursor.status(other) == Status("ordered", held_at=since)
    clock.advance(60)
    await fetch(cursor)
    await cursor.ack([one])
    assert await cursor.status(three) == Status("ordered", held_at=since, behind=two)


async def test_the_oldest_is_the_first_that_is_neither_settled_nor_held(
    engine: Engine, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    assert await cursor.oldest() == 0
    await engine.append([record("other", at=3)])
    appended = list(await engine.append([record(str(at), "a", at=at) for at in range(10, 15)]))
    first, second, third, fourth, last = appended
    assert await cursor.oldest() == 10
    await fetch(cursor)
    await cursor.ack([second])
    assert await cursor.oldest() == 10
    await cursor.hold([first], reason="no grant")
    assert await cursor.oldest() == 12
    await cursor.retry(third, delay=60.0, reason="busy")
    await cursor.ack([fourth])
    assert await cursor.oldest() == 12
    clock.advance(60)
    await fetch(cursor)
    await cursor.bury(third, reason="poison")
    assert await cursor.oldest() == 14
    await cursor.ack([last])
    assert await cursor.oldest() == 0
    await cursor.unhold()
    assert await cursor.oldest() == 10


async def test_each_queue_knows_its_own(engine: Engine) -> None:
    a, b = await engine.open("a", ANY), await engine.open("b", ANY)
    [one] = await engine.append(records(1, "a", "b"))
    await fetch(a)
    await a.bury(one, reason="poison")
    assert (await a.status(one)).state == "dead"
    assert await b.status(one) == Status("waiting")


async def test_among_many_one_is_told_apart(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = await append_all(engine, records(6_000, "a"))
    await fetch_all(cursor, 5_000)
    await cursor.ack(appended[1:4_999])
    assert await cursor.status(appended[0]) == Status("in-flight")
    assert await cursor.status(appended[2_500]) == Status("gone")
    assert await cursor.status(appended[4_999]) == Status("in-flight")
    assert await cursor.status(appended[5_000]) == Status("waiting")


async def test_an_event_is_found_by_what_stands_in_it_the_newest_first(engine: Engine) -> None:
    await engine.append([record("a needle", at=5), record("hay", at=7), record("needle b", at=6)])
    found = await engine.find(b"needle", None, PAGE)
    assert [each.envelope for each in found.events] == [b"needle b", b"a needle"]
    assert [each.ingested_at for each in found.events] == [6, 5]
    assert found.before == 0
    assert found.back_to <= 5
    assert await engine.find(b"nothing", None, PAGE) == Found([], 0, found.back_to)


async def test_a_search_goes_on_where_it_ended(engine: Engine) -> None:
    for batch in range(6):
        await engine.append([record(f"{batch} {number} " + "x" * 100) for number in range(10)])
    found, steps, before = list[str](), 0, None
    while before != 0:
        step = await engine.find(b"x", before, 500)
        found += texts_of(step)
        before, steps = step.before, steps + 1
    whole = [each async for each in engine.read()]
    assert found == [each.envelope.decode() for each in reversed(whole)]
    assert steps > 5


async def test_a_search_within_a_log_looks_at_nothing_later(engine: Engine) -> None:
    appended = await engine.append(records(5))
    found = await engine.find(b"event", appended[2], PAGE)
    assert texts_of(found) == ["event-1", "event-0"]
    assert (await engine.find(b"event", appended[0], PAGE)).events == []
    assert await engine.find(b"event", 1, PAGE) == Found([], 0, 0)


async def test_a_search_goes_on_beside_appends(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    searching = [engine.find(b"event-3", None, PAGE) for _ in range(5)]
    *found, _ = await asyncio.gather(*searching, engine.append(records(5, "a")))
    assert all(isinstance(each, Found) for each in found)
    assert len(texts(await fetch(cursor))) == 5


def texts_of(found: Found) -> list[str]:
    return [each.envelope.decode() for each in found.events]
