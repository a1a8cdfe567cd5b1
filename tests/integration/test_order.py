"""A subscriber's handlers see the events of one key in order, whatever fails, and others at once."""

import json
import threading
from pathlib import Path

import msgspec
import pytest

from keybus import EventSubscriber
from keybus.envelope import Entry, Envelope
from keybus.testing import InMemoryBus
from tests.running import EXAMPLE

PLATFORM = """\
bus: small
accounts:
  shop: {id: "222222222222"}
subscriptions:
  line:
    account: shop
    filter: {source: [shop.till]}
    order: {key: /till}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "contracts").symlink_to(EXAMPLE / "contracts")
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    return tmp_path


def sale(till: str, number: int) -> Entry:
    detail = json.dumps({"till": till, "number": number}).encode()
    return Entry("shop.till", "Sold", msgspec.Raw(detail))


def test_each_key_in_order_and_what_follows_a_failure_after_it(folder: Path) -> None:
    seen: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    failed = set[tuple[str, int]]()
    with InMemoryBus(folder, admission="off") as bus:
        subscriber = EventSubscriber("line", transport=bus.transport, concurrency=10)

        @subscriber.on("Sold")
        async def sold(event: Envelope) -> None:
            detail = event.decoded_detail()
            till, number = detail["till"], detail["number"]
            if number % 10 == 3 and (till, number) not in failed:
                failed.add((till, number))
                raise RuntimeError("the till is jammed")
            seen[till].append(number)

        with bus.running(subscriber):
            for start in range(0, 30, 6):
                numbers = range(start, start + 6)
                bus.call(bus.running_bus.put([sale(till, n) for n in numbers for till in seen]))
            bus.settle(seconds=20)
    assert seen == {till: list(range(30)) for till in "abc"}
    assert len(failed) == 9


def test_keys_are_handled_at_the_same_time_and_one_key_is_not(folder: Path) -> None:
    both, done = threading.Barrier(2, timeout=10), list[str]()
    busy: dict[str, int] = {"a": 0, "b": 0}
    most = dict(busy)
    with InMemoryBus(folder, admission="off") as bus:
        subscriber = EventSubscriber("line", transport=bus.transport, concurrency=10)

        @subscriber.on("Sold")
        def sold(event: Envelope) -> None:
            till = event.decoded_detail()["till"]
            busy[till] += 1
            most[till] = max(most[till], busy[till])
            both.wait()  # the one of the other key has to be here as well
            busy[till] -= 1
            done.append(till)

        bus.call(bus.running_bus.put([sale(till, n) for n in range(5) for till in "ab"]))
        with bus.running(subscriber):
            bus.settle(seconds=20)
    assert sorted(done) == ["a"] * 5 + ["b"] * 5
    assert most == {"a": 1, "b": 1}
