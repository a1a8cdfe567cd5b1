"""An event that the bus cannot look at, or cut, is a dead letter; it keeps no others back."""

import inspect
import sys
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from keybus.bus import Bus, Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.envelope import Entry
from keybus.testing import ManualClock
from keybus.topology import Platform, Subscription
from tests.unit.bus.consuming import Consumer
from tests.unit.bus.offered import foreign
from tests.unit.bus.test_control import changed

SLIM = Subscription(account="me", filter={"source": [{"prefix": "other."}]}, fields=["/a/b"])
DEEP = '{"a": ' + "[" * 700 + "]" * 700 + "}"
"""Arrays in arrays: to cut them takes more of the stack than to read them."""


@pytest.fixture
def shallow() -> Iterator[None]:
    """The stack that the interpreter gives where nobody asked for more."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(1000, len(inspect.stack(0)) + 900))
    yield
    sys.setrecursionlimit(limit)


@pytest.fixture
async def bus(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> AsyncIterator[Bus]:
    platform, contracts = declared
    bus = await Bus.start(
        Declared(changed(platform, slim=SLIM), contracts), MemoryEngine(clock=clock), clock=clock
    )
    yield bus
    await bus.close()


@pytest.mark.usefixtures("shallow")
async def test_an_event_that_cannot_be_cut_is_a_dead_letter(bus: Bus) -> None:
    consumer = Consumer(bus, "slim")
    good = '{"a": {"b": 1, "c": 2}}'
    results = await bus.put([foreign(detail=each) for each in (good, DEEP, good)])
    assert all(each.event_id for each in results)
    first, second = await consumer.until(2)
    assert b'"detail":{"a":{"b":1}}' in first.envelope
    assert first.envelope.endswith(second.envelope[-30:])
    await consumer.ack(first, second)
    state = (await bus.states())["slim"]
    assert (state.dead, state.waiting, state.in_flight) == (1, 0, 0)
    [(letter, withheld)] = [each async for each in bus.dead_letters("slim")]
    assert "RecursionError" in letter.reason
    assert "cannot be shown" in withheld
    assert letter.envelope == b"null"


async def test_one_entry_that_is_no_text_keeps_no_others_back(bus: Bus) -> None:
    lone = Entry("other.\ud800", "Odd", msgspec.Raw(b"{}"))
    refused, taken = await bus.put([lone, foreign()])
    assert refused.code == "MalformedDetail"
    assert taken.event_id
