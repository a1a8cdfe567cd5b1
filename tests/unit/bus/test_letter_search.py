"""Dead letters are looked for a page at a time, and nothing withheld is found by what it says."""

import msgspec
import pytest

from keybus.bus import Bus, DeadLetter, Declared
from keybus.bus.dead_letters import search
from keybus.bus.dead_letters.attributes import attributes_of
from keybus.bus.dead_letters.letters import LetterChoice, letter_id, letter_number
from keybus.bus.dead_letters.search import NoSuchLetter, Wanted, find_letter, find_letters
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.patterns import Pattern
from keybus.protocol import Failed, Settlement
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.unit.bus.consuming import Consumer
from tests.unit.bus.offered import status
from tests.unit.bus.test_holding import DELIVERIES, ENDS, ME, SIXTY_SECONDS, granting


async def bury(bus: Bus, count: int) -> list[str]:
    """Dead letters of events with these numbers, from 1; their ids."""
    consumer = Consumer(bus, "all", window=2 * count, principal=ME)
    await bus.put([status(number) for number in range(1, count + 1)], DELIVERIES)
    found = await consumer.until(count)
    failed = [Failed(each.position, f"reason {index}") for index, each in enumerate(found, 1)]
    await consumer.settle(Settlement(bury=failed))
    await consumer.leave()
    return [letter.id async for letter, _ in bus.dead_letters("all")]


async def found(bus: Bus, wanted: Wanted, limit: int = 100) -> tuple[list[str], str]:
    dispatcher = bus.dispatcher("all")
    page = await find_letters(
        dispatcher.cursor.letters,
        dispatcher.settings,
        wanted,
        limit=limit,
        now=bus.clock.time_us(),
    )
    return [each.letter.id for each in page.letters], page.next


async def test_a_page_ends_where_it_is_full_and_says_what_is_next(bus: Bus) -> None:
    ids = await bury(bus, 7)
    assert await found(bus, Wanted(), 3) == (ids[:3], ids[2])
    assert await found(bus, Wanted(LetterChoice(after=ids[2])), 3) == (ids[3:6], ids[5])
    assert await found(bus, Wanted(LetterChoice(after=ids[5])), 3) == (ids[6:], "")
    assert await found(bus, Wanted(), 7) == (ids, "")
    assert await found(bus, Wanted(text="REASON 5")) == ([ids[4]], "")
    assert await found(bus, Wanted(text="del-6")) == ([ids[5]], "")
    pattern = Pattern.parse('{"detail": {"delivery_id": ["DEL-2", "DEL-7"]}}')
    assert await found(bus, Wanted(pattern=pattern)) == ([ids[1], ids[6]], "")
    assert await found(bus, Wanted(pattern=pattern, text="reason 7")) == ([ids[6]], "")
    assert await found(bus, Wanted(pattern=pattern), 1) == ([ids[1]], ids[1])


async def test_so_much_is_looked_at_for_a_page_and_no_more(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await bury(bus, 250)
    monkeypatch.setattr(search, "MOST_LOOKED_AT", 100)
    assert await found(bus, Wanted(text="reason 230")) == ([], ids[99])
    assert await found(bus, Wanted(LetterChoice(after=ids[99]), "reason 230")) == ([], ids[199])
    last = Wanted(LetterChoice(after=ids[199]), "reason 230")
    assert await found(bus, last) == ([ids[229]], "")
    monkeypatch.setattr(search, "MOST_BYTES", 1_000)
    few, after = await found(bus, Wanted())
    assert 1 <= len(few) < 5
    assert after == few[-1]


async def test_what_is_withheld_is_not_searched(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    platform, contracts = declared
    bus = await Bus.start(
        Declared(granting(platform, ENDS), contracts),
        MemoryEngine(clock=clock),
        authorization="enforce",
        clock=clock,
    )
    ids = await bury(bus, 2)
    assert await found(bus, Wanted(text="DEL-2")) == ([ids[1]], "")
    clock.advance(SIXTY_SECONDS)
    inside = Pattern.parse('{"detail": {"delivery_id": [{"exists": true}]}}')
    outside = Pattern.parse('{"source": ["key.delivery"]}')
    for wanted in (Wanted(text="DEL-2"), Wanted(pattern=inside), Wanted(pattern=outside)):
        assert await found(bus, wanted) == ([], "")
    # Why it gave up is the account's own.
    assert await found(bus, Wanted(text="reason 2")) == ([ids[1]], "")
    dispatcher = bus.dispatcher("all")
    shown = await find_letter(
        dispatcher.cursor.letters, dispatcher.settings, ids[1], now=clock.time_us()
    )
    assert (shown.letter.envelope, "ended" in shown.withheld) == (b"null", True)
    assert shown.letter.event_type == "delivery.status.updated"
    await bus.close()


async def test_one_that_is_not_there(bus: Bus) -> None:
    [first] = await bury(bus, 1)
    other = bus.dispatcher("failed")
    for name in (first, "nothing", ""):
        with pytest.raises(NoSuchLetter):
            await find_letter(other.cursor.letters, other.settings, name, now=0)


LETTER = DeadLetter(
    id=letter_id(7),
    position=1,
    event_id="e",
    event_type="t",
    source="s",
    ingested_at=1,
    envelope=b"{}",
    attempts=186,
    cause="attempts",
    reason="busy",
    first_attempt_at=1,
    last_attempt_at=2,
    buried_at=3,
    redriven=0,
)


@pytest.mark.parametrize(
    ("cause", "attempts", "expected"),
    [
        ("attempts", 186, ("ATTEMPTS", "185", "MaximumRetryAttempts")),
        ("expired", 0, ("EXPIRED", "0", "MaximumEventAgeInSeconds")),
        ("rejected", 1, ("REJECTED", "0", None)),
        ("http-404.gone", 1, ("HTTP_404_GONE", "0", None)),
    ],
)
async def test_attributes_by_eventbridges_names(
    bus: Bus, cause: str, attempts: int, expected: tuple[str, str, str | None]
) -> None:
    letter = msgspec.structs.replace(LETTER, cause=cause, attempts=attempts)
    told = attributes_of(letter, "all", bus.generation)
    assert told["TARGET_ARN"] == "arn:aws:sqs:local:222222222222:all"
    assert told["RULE_ARN"] == "arn:aws:events:local:000000000000:rule/tiny/all"
    assert told["ERROR_MESSAGE"] == "busy"
    found = (
        told["ERROR_CODE"],
        told["RETRY_ATTEMPTS"],
        told.get("EXHAUSTED_RETRY_CONDITION"),
    )
    assert found == expected


def test_ids_are_in_the_order_of_their_numbers() -> None:
    numbers = [0, 9, 10, 1_700_000_000_000_000, 10**16 - 1]
    ids = [letter_id(each) for each in numbers]
    assert sorted(ids) == ids
    assert [letter_number(each) for each in ids] == numbers
    assert letter_number("7") is letter_number("a" * 16) is letter_number("\u0667" * 16) is None
