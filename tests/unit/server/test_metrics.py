"""What Prometheus reads of a bus."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.metering.histogram import Histogram
from keybus.bus.metering.meters import Meters
from keybus.engines.sqlite import SqliteEngine
from keybus.envelope import Entry, EntryResult
from keybus.errors import Throttled
from keybus.protocol import Failed, Settlement
from keybus.server.metrics.collection import bus_metrics
from keybus.server.metrics.exposition import Metric, Sample, exposition
from keybus.server.metrics.process import LoopLag, process_metrics
from keybus.topology import load_platform
from keybus.topology.model import Quota
from tests.running import CLOSED_PLATFORM, ROOT
from tests.unit.bus.consuming import Consumer

LINE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$')


@pytest.fixture
async def bus(tmp_path: Path, example: Path) -> AsyncIterator[Bus]:
    (tmp_path / "platform.yaml").write_text(CLOSED_PLATFORM)
    contracts = example / "contracts"
    shutil.copytree(contracts / "core", tmp_path / "contracts" / "core")
    shutil.copy(contracts / "keybus.toml", tmp_path / "contracts")
    declared = Declared(*load_platform(tmp_path))
    bus = await Bus.start(declared, SqliteEngine.at(tmp_path / "bus.db"), admission="off")
    yield bus
    await bus.close()


def sale(number: int = 1) -> Entry:
    return Entry("shop.till", "Sale", msgspec.Raw(f'{{"number": {number}}}'.encode()))


async def values(bus: Bus) -> dict[str, float]:
    """Each sample's value, by its name and labels, as they are read by Prometheus."""
    found = {}
    for line in exposition(await bus_metrics(bus)).decode().splitlines():
        if not line.startswith("#"):
            read = LINE.match(line)
            assert read, line
            name, labels, value = read.groups()
            key = f"{name}{{{labels}}}" if labels else name
            assert key not in found, key
            found[key] = float(value)
    return found


async def test_what_is_put_and_delivered_is_counted(bus: Bus) -> None:
    consumer = Consumer(bus, "shop-feed", window=100)
    await bus.put([sale(each) for each in range(5)])
    blank = Entry("", "Sale", msgspec.Raw(b"{}"))
    malformed = Entry("shop.till", "Sale", msgspec.Raw(b"[]"))
    await bus.put([blank, malformed, malformed])
    deliveries = await consumer.until(5)
    await consumer.ack(*deliveries[:3])
    await consumer.settle(
        Settlement(
            retry=[Failed(deliveries[3].position, "busy", after=600.0)],
            bury=[Failed(deliveries[4].position, "poison")],
        )
    )
    found = await values(bus)
    expected = {
        "keybus_events_total": 5,
        'keybus_entries_refused_total{code="InvalidArgument"}': 1,
        'keybus_entries_refused_total{code="MalformedDetail"}': 2,
        "keybus_entries_duplicate_total": 0,
        'keybus_deliveries_delivered_total{subscription="shop-feed"}': 5,
        'keybus_deliveries_acknowledged_total{subscription="shop-feed"}': 3,
        'keybus_deliveries_retried_total{subscription="shop-feed"}': 1,
        'keybus_deliveries_buried_total{subscription="shop-feed"}': 1,
        'keybus_deliveries_delivered_total{subscription="desk-feed"}': 0,
        'keybus_queue_delayed{subscription="shop-feed"}': 1,
        'keybus_queue_dead_letters{subscription="shop-feed"}': 1,
        'keybus_queue_waiting{subscription="desk-feed"}': 5,
        'keybus_queue_consumers{subscription="shop-feed"}': 1,
        'keybus_queue_paused{subscription="shop-feed"}': 0,
        'keybus_delivery_seconds_count{subscription="shop-feed"}': 3,
        'keybus_delivery_seconds_bucket{subscription="shop-feed",le="+Inf"}': 3,
        "keybus_tails": 0,
    }
    assert {key: found[key] for key in expected} == expected
    assert found["keybus_event_bytes_total"] > 5 * 100
    assert found['keybus_queue_oldest_seconds{subscription="desk-feed"}'] > 0
    assert found["keybus_commit_seconds_count"] >= 3
    assert found["keybus_commit_sync_seconds_sum"] <= found["keybus_commit_seconds_sum"]


async def test_puts_that_are_turned_away_are_counted(bus: Bus) -> None:
    platform = bus.platform
    bounded = msgspec.structs.replace(platform.accounts["shop"], quota=Quota(events_per_second=1))
    accounts = {**platform.accounts, "shop": bounded}
    await bus.apply(
        Declared(msgspec.structs.replace(platform, accounts=accounts), bus.generation.contracts)
    )
    refused = 0
    for number in range(10):
        try:
            await bus.put([sale(number), sale(number + 100)])
        except Throttled:
            refused += 2
    assert refused
    assert (await values(bus))['keybus_entries_refused_total{code="throttled"}'] == refused


async def test_the_page_lists_every_metric_with_its_type_and_labels(bus: Bus) -> None:
    await bus.put([Entry("", "Sale", msgspec.Raw(b"{}"))])
    page = (ROOT / "docs" / "metrics.md").read_text()
    listed = dict(re.findall(r"^\| `(keybus_\w+)` \| (\w+) \|", page, re.MULTILINE))
    found = [*await bus_metrics(bus), *process_metrics(LoopLag())]
    assert {each.name: each.kind for each in found if each.name.startswith("keybus_")} == listed
    for each in found:
        labels = set().union(*(sample.labels for sample in each.samples))
        for label in labels:
            assert re.search(rf"^\| `{each.name}` \| \w+ \| `{label}` \|", page, re.MULTILINE)


async def test_a_subscription_that_is_gone_is_counted_no_longer(bus: Bus) -> None:
    platform = bus.platform
    left = {"shop-feed": platform.subscriptions["shop-feed"]}
    await bus.apply(
        Declared(msgspec.structs.replace(platform, subscriptions=left), bus.generation.contracts)
    )
    assert not any("desk-feed" in key for key in await values(bus))


def test_a_histogram_is_written_in_growing_buckets() -> None:
    histogram = Histogram((0.1, 1.0))
    for value, times in ((0.05, 2), (0.1, 1), (0.5, 1), (7.0, 1)):
        histogram.observe(value, times)
    text = exposition([Metric("a_seconds", "histogram", "A.", [Sample(histogram, {"b": "c"})])])
    assert text.decode().splitlines() == [
        "# HELP a_seconds A.",
        "# TYPE a_seconds histogram",
        'a_seconds_bucket{b="c",le="0.1"} 3',
        'a_seconds_bucket{b="c",le="1"} 4',
        'a_seconds_bucket{b="c",le="+Inf"} 5',
        'a_seconds_sum{b="c"} 7.7',
        'a_seconds_count{b="c"} 5',
    ]


def test_labels_are_escaped() -> None:
    text = exposition([Metric("a", "gauge", "x\ny", [Sample(1, {"b": 'q"\\\n'})])])
    assert text == b'# HELP a x\\ny\n# TYPE a gauge\na{b="q\\"\\\\\\n"} 1\n'


def test_codes_are_bounded() -> None:
    meters = Meters()
    meters.answered(EntryResult(code=f"Code{each}") for each in range(1_000))
    assert len(meters.refused) <= 51
    assert meters.refused.total() == 1_000


async def test_a_blocked_loop_is_late_until_it_was_told() -> None:
    lag = LoopLag()
    assert lag.worst() == 0.0
    loop = asyncio.get_running_loop()
    until = loop.time() + 0.4
    while loop.time() < until:  # nobody else runs meanwhile
        pass
    assert lag.worst() >= 0.25
    names = [metric.name for metric in process_metrics(lag)]
    assert "process_cpu_seconds_total" in names
