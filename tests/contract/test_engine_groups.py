"""Groups: what was tried again or is held says to whose order it belongs."""

import asyncio

import pytest

from keybus.bus.engine import MAX_GROUP, ORDER, Engine, Group
from keybus.errors import EngineError
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import ANY, fetch, fetch_all, positions, records, standing


async def test_what_comes_again_says_its_group(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    one, two, three = await engine.append(records(3, "a"))
    assert {each.group for each in await fetch(cursor)} == {""}
    await cursor.retry(one, delay=0.0, reason="busy", group="g")
    await cursor.hold([two], reason="no grant", group="h")
    await cursor.release([three])
    assert await cursor.unhold() == 1
    found = {each.position: (each.group, each.attempt) for each in await fetch_all(cursor, 3)}
    assert found == {one: ("g", 2), two: ("h", 1), three: ("", 1)}
    await cursor.release([one])
    assert [each.group for each in await fetch(cursor)] == ["g"]
    await cursor.retry(one, delay=0.0, reason="busy")
    assert [each.group for each in await fetch(cursor)] == [""]


async def test_what_is_held_for_order_counts_as_waiting(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(6, "a")))
    await fetch(cursor)
    await cursor.hold(appended[:4], reason=ORDER, group="g")
    await cursor.hold(appended[4:5], reason="no grant", group="g")
    state = await cursor.state()
    assert (state.waiting, state.ordered, state.held, state.in_flight) == (4, 4, 1, 1)
    assert await engine.queue_state("a") == state
    assert await cursor.unhold("g", 3) == 3
    state = await cursor.state()
    assert (state.waiting, state.ordered, state.held) == (4, 1, 1)
    assert await cursor.unhold() == 2
    state = await cursor.state()
    assert (state.waiting, state.ordered, state.held) == (5, 0, 0)
    assert positions(await fetch_all(cursor, 5)) == appended[:5]


async def test_a_group_comes_back_by_the_page_and_no_other(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(90, "a")))
    await fetch(cursor)
    groups = {name: appended[index::3] for index, name in enumerate(["", "g", "h"])}
    for name, members in groups.items():
        await cursor.hold(members[::-1], reason=ORDER, group=name)
    assert await cursor.unhold("g", 7) == 7
    assert positions(await fetch_all(cursor, 7)) == groups["g"][:7]
    assert await cursor.unhold("nobody's", 7) == 0
    assert await cursor.unhold("") == 30
    assert positions(await fetch_all(cursor, 30)) == groups[""]
    assert await cursor.unhold("g", 100) == 23
    assert await cursor.unhold("g", 100) == 0
    assert positions(await fetch_all(cursor, 23)) == groups["g"][7:]
    assert (await cursor.state()).ordered == 30
    assert await cursor.unhold() == 30
    assert positions(await fetch_all(cursor, 30)) == groups["h"]


async def test_which_groups_there_are(engine: Engine, clock: ManualClock) -> None:
    cursor = await engine.open("a", ANY)
    assert list(await cursor.groups()) == []
    appended = list(await engine.append(records(8, "a")))
    await fetch(cursor)
    await cursor.retry(appended[0], delay=60.0, reason="busy", group="g")
    await cursor.retry(appended[1], delay=0.0, reason="busy", group="g")
    await cursor.retry(appended[2], delay=0.0, reason="busy")
    await cursor.hold(appended[3:5], reason=ORDER, group="h")
    await cursor.hold(appended[5:6], reason=ORDER, group="g")
    await cursor.hold(appended[6:7], reason="no grant")
    assert list(await cursor.groups()) == [
        Group("g", 2, appended[5], appended[5]),
        Group("h", 0, appended[4], appended[3]),
    ]
    assert await cursor.unhold("h", 1) == 1
    assert list(await cursor.groups()) == [
        Group("g", 2, appended[5], appended[5]),
        Group("h", 1, appended[4], appended[4]),
    ]
    # What is leased is fetched no more, unless it is handed back.
    fetched = positions(await fetch_all(cursor, 3))
    assert list(await cursor.groups()) == [
        Group("g", 1, appended[5], appended[5]),
        Group("h", 0, appended[4], appended[4]),
    ]
    await cursor.release(fetched)
    assert next(iter(await cursor.groups())) == Group("g", 2, appended[5], appended[5])
    assert positions(await fetch_all(cursor, 3)) == fetched
    await cursor.ack(fetched)
    assert list(await cursor.groups()) == [
        Group("g", 1, appended[5], appended[5]),
        Group("h", 0, appended[4], appended[4]),
    ]
    clock.advance(60)
    assert await cursor.unhold() == 3
    await cursor.ack(positions(await fetch_all(cursor, 4)))
    assert list(await cursor.groups()) == []
    assert await standing(cursor) == (0, 1, 0, 0)


async def test_a_queue_that_is_opened_again_has_its_groups(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    one, two, three = await engine.append(records(3, "a"))
    await fetch(cursor)
    await cursor.retry(one, delay=0.0, reason="busy", group="g")
    await cursor.hold([two], reason=ORDER, group="g")
    await fetch(cursor)
    await engine.close_queue("a")
    cursor = await engine.open("a", ANY)
    assert list(await cursor.groups()) == [Group("g", 1, two, two)]
    again = await fetch_all(cursor, 2)
    assert [(each.position, each.group, each.alone) for each in again] == [
        (one, "g", False),
        (three, "", False),
    ]


async def test_what_is_to_go_by_itself_says_so_until_it_fails_by_itself(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    one, two = await engine.append(records(2, "a"))
    await fetch(cursor)
    await cursor.retry(one, delay=0.0, reason="lost", group="g", alone=True)
    await cursor.ack([two])
    [again] = await fetch(cursor)
    assert (again.alone, again.group, again.attempt) == (True, "g", 2)
    await cursor.release([one])
    [again] = await fetch(cursor)
    assert again.alone
    await cursor.begin(one, reason="lost")
    assert await standing(cursor) == (0, 1, 0, 0)
    await cursor.retry(one, delay=0.0, reason="busy")
    [again] = await fetch(cursor)
    assert (again.alone, again.attempt) == (False, 3)


async def test_an_attempt_that_was_counted_ahead_is_counted_once(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    done, released, buried, held = await engine.append(records(4, "a"))
    await fetch(cursor)
    for each in (done, released, buried, held, 10_000):
        await cursor.begin(each, reason="the bus stopped")
    assert await standing(cursor) == (0, 4, 0, 0)
    await cursor.ack([done])
    await cursor.release([released])
    await cursor.bury(buried, reason="poison")
    await cursor.hold([held], reason="no grant")
    [again] = await fetch(cursor)
    assert (again.position, again.attempt) == (released, 1)
    assert [each.attempts async for each in cursor.dead_letters()] == [1]
    assert [each.attempts async for each in cursor.held()] == [0]
    await cursor.ack([released])
    assert await cursor.unhold() == 1
    await cursor.ack(positions(await fetch(cursor)))
    assert await standing(cursor) == (0, 0, 0, 1)


@pytest.mark.parametrize("name", ["x" * (MAX_GROUP + 1), "\ud800"])
async def test_a_name_that_cannot_be_kept_leaves_the_leases(engine: Engine, name: str) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    with pytest.raises(EngineError, match="group"):
        await cursor.retry(position, delay=0.0, reason="busy", group=name)
    with pytest.raises(EngineError, match="group"):
        await cursor.hold([position], reason=ORDER, group=name)
    assert await standing(cursor) == (0, 1, 0, 0)
    await cursor.hold([position], reason=ORDER, group="ü" * MAX_GROUP)
    assert await cursor.unhold("ü" * MAX_GROUP, 1) == 1


async def test_of_many_at_once_each_comes_back_once(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(100, "a")))
    await fetch(cursor)
    await asyncio.gather(
        *(cursor.hold([each], reason=ORDER, group=str(each % 5)) for each in appended)
    )
    counts = await asyncio.gather(
        *(cursor.unhold(str(each % 5), 7) for each in range(30)), cursor.unhold()
    )
    assert sum(counts) == 100
    assert sorted(positions(await fetch_all(cursor, 100))) == appended
