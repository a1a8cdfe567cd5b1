"""What one consumer may have unsettled is bounded in bytes, whatever its window."""

import pytest

from keybus.bus import Bus
from keybus.bus.delivery import session
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import foreign

SIZE = 10_000
COUNT = 300


def large() -> str:
    return f'{{"text": "{"x" * SIZE}"}}'


async def test_a_consumer_that_settles_nothing_holds_no_more(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MOST_BYTES", 50 * SIZE)
    consumer = Consumer(bus, "foreign", COUNT)
    for _ in range(COUNT):
        await bus.put([foreign(detail=large())])
    await turns()
    # One frame is fetched before anything is known of their size.
    assert 49 <= len(consumer.deliveries) <= 50 + 100
    held = len(consumer.deliveries)
    handled = 0
    while handled < COUNT:
        await consumer.until(handled + 1)
        leased = list(consumer.session.leased.values())
        assert len(leased) <= held
        await consumer.ack(*leased)
        handled += len(leased)
    assert (await bus.states())["foreign"].waiting == 0


async def test_one_event_of_any_size_goes_out(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_BYTES", SIZE // 2)
    consumer = Consumer(bus, "foreign", COUNT)
    await bus.put([foreign(detail=large())])
    await consumer.ack(*await consumer.until(1))
    await bus.put([foreign(detail=large())])
    await consumer.until(2)
