"""Dead letters: what they say, how they are chosen and counted, and how they go."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from keybus.bus.dead_letters.letters import (
    EXPIRED,
    DeadLetter,
    LetterChoice,
    LetterGroup,
    letter_id,
)
from keybus.bus.engine import Cursor, Engine
from keybus.errors import EngineError
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    PATIENCE,
    fetch,
    fetch_all,
    positions,
    quiet,
    record,
    records,
    standing,
)

ALL = LetterChoice()
SECOND = 1_000_000


def event(event_id: str, event_type: str = "order.placed", source: str = "shop") -> str:
    return json.dumps({"id": event_id, "detail-type": event_type, "source": source, "detail": {}})


async def buried(engine: Engine, *texts: str, cause: str = "rejected") -> tuple[Cursor, list[str]]:
    """A queue `a` with these events as dead letters; their ids."""
    cursor = await engine.open("a", ANY)
    await engine.append([record(text, "a") for text in texts])
    for each in await fetch_all(cursor, len(texts)):
        await cursor.bury(each.position, reason="poison", cause=cause)
    return cursor, ids(await cursor.letters.page(ALL, 1_000))[-len(texts) :]


def ids(letters: Sequence[DeadLetter]) -> list[str]:
    return [each.id for each in letters]


async def test_a_dead_letter_says_what_it_is_and_what_became_of_it(
    engine: Engine, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append([record(event("e1"), "a", at=7)])
    start = clock.time_us()
    await fetch(cursor)
    await cursor.retry(position, delay=3.0, reason="busy")
    clock.advance(3)
    await fetch(cursor)
    await cursor.hold([position], reason="no grant")
    clock.advance(5)
    await cursor.unhold()
    await fetch(cursor)
    await cursor.retry(position, delay=0.0, reason="busy")
    clock.advance(4)
    await fetch(cursor)
    await cursor.bury(position, reason="três vezes", cause="attempts")
    [letter] = await cursor.letters.page(ALL, 10)
    assert letter == DeadLetter(
        id=letter_id(start + 12 * SECOND),
        position=position,
        event_id="e1",
        event_type="order.placed",
        source="shop",
        ingested_at=7,
        envelope=event("e1").encode(),
        attempts=3,
        cause="attempts",
        reason="três vezes",
        first_attempt_at=start,
        last_attempt_at=start + 12 * SECOND,
        buried_at=start + 12 * SECOND,
        redriven=0,
    )
    assert [each async for each in cursor.letters.each()] == [letter]
    assert [each async for each in cursor.dead_letters()] == [letter]


async def test_a_delivery_that_nobody_tried_has_no_attempts(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    await cursor.bury(position, reason="cannot be cut", cause="unfit", tried=False)
    [letter] = await cursor.letters.page(ALL, 10)
    assert (letter.attempts, letter.first_attempt_at, letter.last_attempt_at) == (0, 0, 0)
    assert (letter.event_id, letter.event_type, letter.source) == ("", "", "")


@pytest.mark.parametrize("cause", ["", "No", "a b", "é", "a" * 65, "a..b", "-a"])
async def test_a_cause_is_a_code(engine: Engine, cause: str) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    with pytest.raises(EngineError, match="a cause is a code"):
        await cursor.bury(position, reason="poison", cause=cause)
    assert await standing(cursor) == (0, 1, 0, 0)
    await cursor.bury(position, reason="poison", cause="http-404.gone")
    assert await standing(cursor) == (0, 0, 0, 1)


@pytest.mark.parametrize("text", ["[]", "{", '{"id": 3, "source": null}', "[" * 5_000, "\x00"])
async def test_an_event_that_cannot_be_read_is_buried_all_the_same(
    engine: Engine, text: str
) -> None:
    cursor, _ = await buried(engine, text)
    [letter] = await cursor.letters.page(ALL, 10)
    assert (letter.envelope, letter.event_id, letter.source) == (text.encode(), "", "")


async def test_ids_are_never_used_twice_and_in_order_also_where_the_clock_is_set_back(
    engine: Engine, clock: ManualClock
) -> None:
    cursor, first = await buried(engine, *(event(f"e{n}") for n in range(5)))
    assert await cursor.letters.purge(LetterChoice(ids=(first[-1],)), 10) == 1
    clock.advance(-3600)
    other = await engine.open("b", ANY)
    await engine.append(records(2, "a", "b"))
    for each in (cursor, other):
        for delivery in await fetch_all(each, 2):
            await each.bury(delivery.position, reason="poison")
    found = [
        *first,
        *ids(await cursor.letters.page(ALL, 10))[-2:],
        *ids(await other.letters.page(ALL, 10)),
    ]
    assert sorted(set(found)) == found


async def test_they_come_by_the_page_and_as_they_are_chosen(engine: Engine) -> None:
    cursor, first = await buried(engine, *(event(f"e{n}") for n in range(4)))
    _, second = await buried(engine, *(event(f"f{n}", "order.paid") for n in range(3)))
    _, third = await buried(engine, event("g", "order.paid", "desk"), cause="attempts")
    letters = cursor.letters

    async def chosen(choice: LetterChoice, limit: int = 100) -> list[str]:
        found = ids(await letters.page(choice, limit))
        if limit == 100:
            assert await letters.count(choice) == len(found)
        return found

    assert await chosen(ALL) == first + second + third
    assert await chosen(ALL, 3) == first[:3]
    assert await chosen(LetterChoice(after=first[2]), 2) == [first[3], second[0]]
    assert await chosen(LetterChoice(after=first[1], until=second[0])) == [*first[2:], second[0]]
    assert await chosen(LetterChoice(cause="rejected")) == first + second
    assert await chosen(LetterChoice(cause="rejected", after=first[0]), 2) == first[1:3]
    assert await chosen(LetterChoice(event_type="order.paid")) == second + third
    assert await chosen(LetterChoice(event_type="order.paid", until=second[0])) == second[:1]
    assert await chosen(LetterChoice(cause="attempts", event_type="order.paid")) == third
    assert await chosen(LetterChoice(cause="attempts", event_type="order.placed")) == []
    some = (third[0], first[1], "nobody", "9" * 16, first[1])
    assert await chosen(LetterChoice(ids=some)) == [first[1], third[0]]
    assert await chosen(LetterChoice(ids=some, cause="attempts")) == third
    assert await chosen(LetterChoice(ids=())) == []
    assert await chosen(LetterChoice(cause="no-such")) == []


async def test_they_are_counted_by_kind(engine: Engine) -> None:
    cursor, first = await buried(engine, event("1"), event("2"), event("3", source="desk"))
    _, second = await buried(engine, event("4", "order.paid"), cause="attempts")
    letters = cursor.letters
    placed = (
        LetterGroup("rejected", "order.placed", "desk", 1),
        LetterGroup("rejected", "order.placed", "shop", 2),
    )
    paid = LetterGroup("attempts", "order.paid", "shop", 1)
    every = await letters.summary(ALL)
    assert every.groups == (paid, *placed)
    assert (every.oldest, every.newest) == (first[0], second[0])
    rejected = await letters.summary(LetterChoice(cause="rejected", after=first[0]))
    assert rejected.groups == placed
    assert (rejected.oldest, rejected.newest) == (first[0], first[2])
    assert (await letters.summary(LetterChoice(event_type="order.paid"))).groups == (paid,)
    one = await letters.summary(LetterChoice(ids=(first[1],)))
    assert one.groups == (LetterGroup("rejected", "order.placed", "shop", 1),)
    assert (one.oldest, one.newest) == (first[1], first[1])
    nothing = await letters.summary(LetterChoice(cause="attempts", event_type="order.placed"))
    assert (nothing.groups, nothing.oldest, nothing.newest) == ((), "", "")
    assert await letters.purge(LetterChoice(cause="rejected"), 10) == 3
    assert (await letters.summary(ALL)).groups == (paid,)


async def test_what_is_redriven_is_delivered_as_if_it_had_never_failed(
    engine: Engine, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append([record(event("e1"), "a", at=7)])
    await fetch(cursor)
    await cursor.retry(position, delay=0.0, reason="busy")
    await fetch(cursor)
    await cursor.bury(position, reason="busy", cause="attempts")
    waiting = asyncio.ensure_future(cursor.fetch(10))
    await quiet(engine)
    clock.advance(60)
    assert await cursor.letters.redrive(ALL, 10) == 1
    [delivery] = await asyncio.wait_for(waiting, PATIENCE)
    assert (delivery.position, delivery.attempt, delivery.ingested_at) == (position, 1, 7)
    assert delivery.envelope == event("e1").encode()
    assert delivery.redriven_at == clock.time_us()
    assert await standing(cursor) == (0, 1, 0, 0)
    assert (await cursor.letters.summary(ALL)).groups == ()
    await cursor.ack([position])
    assert await standing(cursor) == (0, 0, 0, 0)
    assert await cursor.letters.redrive(ALL, 10) == 0


async def test_a_second_burial_says_that_it_was_redriven(
    engine: Engine, clock: ManualClock
) -> None:
    cursor, [first] = await buried(engine, event("e1"))
    for times in (1, 2):
        clock.advance(1)
        assert await cursor.letters.redrive(ALL, 10) == 1
        [delivery] = await fetch(cursor)
        await cursor.hold([delivery.position], reason="no grant")
        [held] = [each async for each in cursor.held()]
        assert held.envelope == event("e1").encode()
        await cursor.unhold()
        assert (await fetch(cursor))[0].redriven_at == clock.time_us()
        await cursor.retry(delivery.position, delay=0.0, reason="busy")
        await fetch(cursor)
        await cursor.bury(delivery.position, reason="again")
        [letter] = await cursor.letters.page(ALL, 10)
        assert (letter.redriven, letter.attempts) == (times, 2)
        assert letter.id > first
        assert letter.first_attempt_at == letter.last_attempt_at == clock.time_us()


async def test_only_what_is_chosen_is_redriven_in_log_order(engine: Engine) -> None:
    cursor, first = await buried(engine, *(event(f"e{n}") for n in range(6)))
    await buried(engine, event("f"), cause="attempts")
    mark = first[3]
    assert await cursor.letters.redrive(LetterChoice(cause="rejected", until=mark), 3) == 3
    assert await cursor.letters.redrive(LetterChoice(cause="rejected", until=mark), 3) == 1
    assert await cursor.letters.redrive(LetterChoice(cause="rejected", until=mark), 3) == 0
    assert await standing(cursor) == (4, 0, 0, 3)
    found = await fetch_all(cursor, 4)
    assert positions(found) == sorted(positions(found))
    assert [json.loads(each.envelope)["id"] for each in found] == ["e0", "e1", "e2", "e3"]


async def test_redriving_and_purging_at_once_moves_each_letter_once(engine: Engine) -> None:
    cursor, _ = await buried(engine, *(event(f"e{n}") for n in range(90)))
    letters = cursor.letters
    counts = await asyncio.gather(
        letters.redrive(ALL, 40),
        letters.purge(ALL, 40),
        letters.redrive(ALL, 40),
        letters.purge(ALL, 40),
    )
    assert sum(counts) == 90
    assert await standing(cursor) == (counts[0] + counts[2], 0, 0, 0)
    found = await fetch_all(cursor, counts[0] + counts[2])
    assert len(set(positions(found))) == len(found)


async def test_one_subscriptions_letters_are_not_anothers(engine: Engine) -> None:
    cursor, [letter] = await buried(engine, event("e1"))
    other = await engine.open("b", ANY)
    for choice in (ALL, LetterChoice(ids=(letter,)), LetterChoice(cause="rejected")):
        assert await other.letters.page(choice, 10) == []
        assert await other.letters.redrive(choice, 10) == 0
        assert await other.letters.purge(choice, 10) == 0
    assert await standing(cursor) == (0, 0, 0, 1)


async def test_letters_are_spent_with_their_cursor_and_gone_with_their_queue(
    engine: Engine,
) -> None:
    cursor, [letter] = await buried(engine, event("e1"))
    await engine.close_queue("a")
    for call in (
        cursor.letters.page(ALL, 1),
        cursor.letters.summary(ALL),
        cursor.letters.count(ALL),
        cursor.letters.redrive(ALL, 1),
        cursor.letters.purge(ALL, 1),
        cursor.expire(1, reason="old", limit=1),
    ):
        with pytest.raises(EngineError, match="was closed"):
            await call
    cursor = await engine.open("a", ANY)
    assert ids(await cursor.letters.page(ALL, 10)) == [letter]
    await engine.remove("a")
    cursor = await engine.open("a", ANY)
    assert await cursor.letters.page(ALL, 10) == []
    assert (await cursor.letters.summary(ALL)).groups == ()


async def test_what_is_too_old_is_buried_whether_it_was_fetched_or_not(
    engine: Engine, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    for at in range(1, 9):
        await engine.append([record(event(f"e{at}"), "a", at=at)])
    await fetch(cursor, 4)
    await cursor.retry(1, delay=0.0, reason="busy")
    await cursor.retry(2, delay=60.0, reason="busy")
    await cursor.hold([3], reason="no grant")
    # The fourth is leased; of the others the first, the fifth and the sixth are too old.
    assert await cursor.expire(7, reason="too old", limit=2) == 2
    assert await cursor.expire(7, reason="too old", limit=2) == 1
    assert await cursor.expire(7, reason="too old", limit=2) == 0
    letters = await cursor.letters.page(ALL, 10)
    assert [each.position for each in letters] == [1, 5, 6]
    assert {(each.cause, each.reason) for each in letters} == {(EXPIRED, "too old")}
    assert [each.attempts for each in letters] == [1, 0, 0]
    assert [each.first_attempt_at for each in letters] == [clock.time_us(), 0, 0]
    assert await standing(cursor) == (3, 1, 1, 3)
    clock.advance(60)
    assert await cursor.expire(7, reason="too old", limit=9) == 1
    assert positions(await fetch(cursor)) == [7, 8]


async def test_what_was_redriven_since_is_not_too_old(engine: Engine, clock: ManualClock) -> None:
    cursor, _ = await buried(engine, event("e1"), event("e2"))
    clock.advance(60)
    await cursor.letters.redrive(ALL, 1)
    clock.advance(60)
    await cursor.letters.redrive(ALL, 1)
    assert await cursor.expire(clock.time_us(), reason="too old", limit=9) == 1
    [letter] = await cursor.letters.page(ALL, 9)
    assert (letter.event_id, letter.redriven, letter.attempts) == ("e1", 1, 0)
    [delivery] = await fetch(cursor)
    assert json.loads(delivery.envelope)["id"] == "e2"


async def test_expiring_while_somebody_waits_takes_nothing_from_him(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    waiting = asyncio.ensure_future(cursor.fetch(10))
    await quiet(engine)
    assert await cursor.expire(10_000, reason="too old", limit=9) == 0
    await engine.append([record(event("e1"), "a", at=20_000)])
    assert len(await asyncio.wait_for(waiting, PATIENCE)) == 1
    assert await cursor.expire(30_000, reason="too old", limit=9) == 0
    assert await standing(cursor) == (0, 1, 0, 0)
