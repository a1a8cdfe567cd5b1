"""Usage by major: what was published and delivered of each, and when the last."""

import json

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.usage.count import MOST_MAJORS
from keybus.bus.usage.majors import major_in
from keybus.bus.usage.usage import COLLECTION, Usage
from keybus.engines.memory import MemoryDocuments
from keybus.envelope import Entry
from keybus.governance.sprawl import Delivered, OfMajor
from keybus.testing import ManualClock
from tests.unit.bus.consuming import Consumer
from tests.unit.bus.offered import foreign, status

TYPE = "delivery.status.updated"


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('{"detail":{"schema_version":"2.10.0"}}', 2),
        ('{"detail":{"id":"x","schema_version" :\t"12.0.0","a":1}}', 12),
        ('{"detail":{"note":"\\"schema_version\\":\\"9.0.0\\"","schema_version":"1.0.0"}}', 1),
        ('{"detail":{"schema_version":     "123456789.0.0"}}', 123456789),
        ('{"detail":{"schema_version":     "123456788.0.0"}}', 123456788),
        ('{"detail":{}}', -1),
        ('{"detail":{"schema_version":1}}', -1),
        ('{"detail":{"schema_version":"x"}}', -1),
        ('{"detail":{"schema_version":"' + "9" * 99 + '.0.0"}}', -1),
        ('{"detail":{"note":"schema_version"}}', -1),
    ],
)
def test_the_major_that_an_event_says(text: str, major: int) -> None:
    assert major_in(text.encode()) == major


async def test_what_was_put_and_delivered(bus: Bus) -> None:
    consumer = Consumer(bus, "all")
    spaced = json.dumps(msgspec.json.decode(status(2).detail), indent=1)
    await bus.put([status(1), Entry("key.delivery", TYPE, msgspec.Raw(spaced.encode())), foreign()])
    await consumer.until(2)
    snapshot = bus.usage.snapshot()
    majors = {each.event_type: each.majors for each in snapshot.published}
    assert majors == {TYPE: (OfMajor(1, 2, bus.clock.time_us()),), "Something Happened": ()}
    [delivered] = snapshot.delivered
    assert (delivered.subscription, delivered.count) == ("all", 2)
    assert delivered.majors == (OfMajor(1, 2, bus.clock.time_us()),)


async def test_what_a_filter_alone_asks_for(bus: Bus) -> None:
    consumer = Consumer(bus, "foreign")
    said = foreign(detail='{"schema_version":"3.0.0"}', of_type="Said")
    await bus.put([said, foreign()])
    await consumer.until(2)
    found = {each.event_type: each.majors for each in bus.usage.snapshot().delivered}
    assert found == {
        "Said": (OfMajor(3, 1, bus.clock.time_us()),),
        "Something Happened": (),
    }


async def test_majors_are_kept(clock: ManualClock) -> None:
    documents, now = MemoryDocuments(), clock.time_us()
    first = await Usage.open(documents, clock)
    first.published("shop", "order.placed", 3, now, major=1)
    first.published("shop", "order.placed", 2, now + 1, major=2)
    first.published("shop", "order.placed", 1, now + 2)
    first.delivered("desk-orders", "desk", "order.placed", 4, now, major=2)
    before = first.snapshot()
    await first.close()
    second = await Usage.open(documents, clock)
    assert second.snapshot() == before
    [published] = before.published
    assert published.count == 6
    assert published.majors == (OfMajor(1, 3, now), OfMajor(2, 2, now + 1))
    assert before.delivered == (
        Delivered("desk-orders", "order.placed", 4, now, now, (OfMajor(2, 4, now),)),
    )
    await second.close()


async def test_what_was_kept_before_there_were_majors(clock: ManualClock) -> None:
    documents, now = MemoryDocuments(), clock.time_us()
    kept = {
        "published": {"order.placed": [7, 1, 2]},
        "delivered": {"s": {"order.placed": [5, 1, 2]}},
    }
    await documents.put(COLLECTION, "account/shop", json.dumps(kept).encode())
    usage = await Usage.open(documents, clock)
    usage.published("shop", "order.placed", 1, now, major=1)
    [published] = usage.snapshot().published
    assert (published.count, published.majors) == (8, (OfMajor(1, 1, now),))
    assert usage.snapshot().delivered[0].majors == ()
    await usage.close()


async def test_majors_without_number_do_not_fill_memory(clock: ManualClock) -> None:
    usage = await Usage.open(MemoryDocuments(), clock)
    for major in range(MOST_MAJORS + 9):
        usage.published("shop", "order.placed", 1, 1, major=major)
    [published] = usage.snapshot().published
    assert (published.count, len(published.majors)) == (MOST_MAJORS + 9, MOST_MAJORS)
    await usage.close()
