"""By what events are known again: digests of the newest of the log, and events by position."""

import asyncio

import msgspec

from keybus.bus.engine import Engine
from tests.contract.engines_under_test import digest, digests, known, record, records


async def test_digests_are_kept_with_their_positions(engine: Engine) -> None:
    first = await engine.append([known(number) for number in range(1, 6)])
    second = await engine.append([known(6)])
    expected = zip([*first, *second], map(digest, range(1, 7)), strict=True)
    assert await digests(engine) == dict(expected)


async def test_what_has_no_digest_is_left_out(engine: Engine) -> None:
    assert await digests(engine) == {}
    await engine.append(records(3))
    assert await digests(engine) == {}
    mixed = await engine.append([record("a"), known(1), record("b"), known(2), record("c")])
    assert await digests(engine) == {mixed[1]: digest(1), mixed[3]: digest(2)}


async def test_one_that_is_appended_twice_stands_twice(engine: Engine) -> None:
    positions = [*await engine.append([known(1), known(1)]), *await engine.append([known(1)])]
    assert await digests(engine) == dict.fromkeys(positions, digest(1))


async def test_only_what_came_lately_is_asked_for(engine: Engine) -> None:
    times = [100, 200, 50, 210, 190, 300, 60, 310]  # the clock was set back now and then
    places = {}
    for number, at in enumerate(times, 1):
        [places[number]] = await engine.append([known(number, at)])
    for since in (0, 50, 61, 200, 201, 310, 311):
        wanted = {places[n]: digest(n) for n, at in enumerate(times, 1) if at >= since}
        found = await digests(engine, since)
        assert wanted.items() <= found.items()
        # Each was appended alone, so that it is a run of its own.
        assert wanted == found


async def test_only_so_many_of_the_newest_are_looked_at(engine: Engine) -> None:
    batches = [[record("x"), *(known(10 * batch + n) for n in range(1, 6))] for batch in range(5)]
    positions = [position for batch in batches for position in await engine.append(batch)]
    everything = await digests(engine)
    assert len(everything) == 25
    for limit in (0, 1, 3, 6, 7, 29, 30, 100):
        newest = positions[len(positions) - limit :] if limit < len(positions) else positions
        assert await digests(engine, limit=limit) == {
            position: found for position, found in everything.items() if position in newest
        }


async def test_digests_of_many_appends_at_once(engine: Engine) -> None:
    answers = await asyncio.gather(
        *(engine.append([known(100 * batch + n) for n in range(1, 51)]) for batch in range(100))
    )
    expected = {
        position: digest(100 * batch + n)
        for batch, answer in enumerate(answers)
        for n, position in enumerate(answer, 1)
    }
    assert await digests(engine) == expected


async def test_what_an_append_left_that_nobody_waits_for_is_there(engine: Engine) -> None:
    appending = asyncio.ensure_future(engine.append([known(1)]))
    await asyncio.sleep(0)
    appending.cancel()
    found = await digests(engine)
    await asyncio.gather(appending, return_exceptions=True)
    await engine.append([known(2)])
    stands = len([event async for event in engine.read()])
    assert len(found) == stands - 1


async def test_an_append_that_was_refused_leaves_no_digest(engine: Engine) -> None:
    refused = msgspec.structs.replace(known(1), matched=("nobody",))
    assert await asyncio.gather(engine.append([refused]), return_exceptions=True)
    assert await digests(engine) == {}


async def test_events_are_found_by_position(engine: Engine) -> None:
    positions = list(await engine.append(records(10)))
    found = await engine.stored([positions[7], positions[2], positions[2]])
    assert {at: (each.position, each.envelope) for at, each in found.items()} == {
        positions[2]: (positions[2], b"event-2"),
        positions[7]: (positions[7], b"event-7"),
    }
    assert {each.ingested_at for each in found.values()} == {1_000}


async def test_positions_that_the_log_does_not_have_are_left_out(engine: Engine) -> None:
    assert await engine.stored([1]) == {}
    [position] = await engine.append(records(1))
    assert list(await engine.stored([position + 1, position, 0, position + 1_000])) == [position]
    assert await engine.stored([]) == {}
