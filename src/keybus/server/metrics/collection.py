"""What a bus has to tell: every label's values are bounded by what the platform declares."""

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Final

from keybus.bus import Bus, CursorState
from keybus.bus.metering.meters import SubscriptionMeter
from keybus.errors import EngineError
from keybus.server.metrics.exposition import Kind, Metric, Sample

_MICRO: Final = 1_000_000
_COUNTS: Final[tuple[tuple[str, str, Callable[[SubscriptionMeter], int]], ...]] = (
    ("delivered", "Deliveries handed out.", lambda each: each.delivered),
    ("acknowledged", "Deliveries that were handled.", lambda each: each.acknowledged),
    ("retried", "Attempts that failed and are made again.", lambda each: each.retried),
    ("buried", "Deliveries that became dead letters.", lambda each: each.buried),
)
_STATES: Final[tuple[tuple[str, str, Callable[[CursorState], int]], ...]] = (
    ("waiting", "Deliveries that nobody has fetched.", lambda each: each.waiting),
    ("in_flight", "Deliveries that are out.", lambda each: each.in_flight),
    ("delayed", "Deliveries that wait for their next attempt.", lambda each: each.delayed),
    ("ordered", "Deliveries put aside behind an earlier one.", lambda each: each.ordered),
    ("held", "Deliveries that may not be received now.", lambda each: each.held),
    ("dead_letters", "Dead letters.", lambda each: each.dead),
)


async def bus_metrics(bus: Bus) -> list[Metric]:
    """All metrics of a bus.

    Raises:
        StorageFailed: The store could not say how a subscription stands.
    """
    states = await bus.states()
    return [
        *_put(bus),
        *_delivered(bus.meters.subscriptions),
        *_standing(bus, states),
        await _ages(bus),
        *_kept(bus),
    ]


def _put(bus: Bus) -> list[Metric]:
    meters = bus.meters
    refused = [Sample(count, {"code": code}) for code, count in sorted(meters.refused.items())]
    return [
        _one("keybus_build_info", "gauge", "The release that runs.", 1, version=version("keybus")),
        _one("keybus_events_total", "counter", "Events that became durable.", meters.appended),
        _one(
            "keybus_event_bytes_total",
            "counter",
            "Bytes of their envelopes.",
            meters.appended_bytes,
        ),
        Metric("keybus_entries_refused_total", "counter", "Entries refused, by code.", refused),
        _one(
            "keybus_entries_duplicate_total",
            "counter",
            "Entries answered with the id of an earlier event.",
            sum(bus.deduplication.state().duplicates.values()),
        ),
        _violations(bus),
    ]


def _violations(bus: Bus) -> Metric:
    found = Counter[tuple[str, str]]()
    for each in bus.violations.counts():
        found[each.type or "other", each.rule] += each.count
    samples = [
        Sample(count, {"type": event_type, "rule": rule})
        for (event_type, rule), count in sorted(found.items())
    ]
    text = "Events taken although they do not fit, once for each rule that they break."
    return Metric("keybus_violations_total", "counter", text, samples)


def _delivered(meters: Mapping[str, SubscriptionMeter]) -> list[Metric]:
    found = [
        Metric(
            f"keybus_deliveries_{name}_total",
            "counter",
            text,
            [Sample(read(meter), {"subscription": each}) for each, meter in sorted(meters.items())],
        )
        for name, text, read in _COUNTS
    ]
    latencies = [
        Sample(meter.latency, {"subscription": each}) for each, meter in sorted(meters.items())
    ]
    text = "From the taking of an event to its acknowledgement."
    return [*found, Metric("keybus_delivery_seconds", "histogram", text, latencies)]


def _standing(bus: Bus, states: Mapping[str, CursorState]) -> list[Metric]:
    ordered = sorted(states.items())
    found = [
        Metric(
            f"keybus_queue_{name}",
            "gauge",
            text,
            [Sample(read(state), {"subscription": each}) for each, state in ordered],
        )
        for name, text, read in _STATES
    ]
    dispatchers = bus.control.dispatchers
    consumers = [
        Sample(dispatchers[name].consumers, {"subscription": name})
        for name, _ in ordered
        if name in dispatchers
    ]
    paused = [
        Sample(int(bus.pauses.of(name) is not None), {"subscription": name}) for name, _ in ordered
    ]
    return [
        *found,
        Metric("keybus_queue_consumers", "gauge", "Consumers that are connected.", consumers),
        Metric("keybus_queue_paused", "gauge", "Whether it is paused: 1 or 0.", paused),
    ]


async def _ages(bus: Bus) -> Metric:
    samples, now = [], bus.clock.time_us()
    for name, dispatcher in sorted(bus.control.dispatchers.items()):
        with contextlib.suppress(EngineError):  # it was removed meanwhile
            oldest = await dispatcher.cursor.oldest()
            age = max(0, now - oldest) / _MICRO if oldest else 0
            samples.append(Sample(age, {"subscription": name}))
    text = "Age of the first delivery that is neither settled nor held."
    return Metric("keybus_queue_oldest_seconds", "gauge", text, samples)


def _kept(bus: Bus) -> list[Metric]:
    commits = bus.engine.commits
    return [
        Metric(
            "keybus_commit_seconds",
            "histogram",
            "Transactions of the store, from their beginning until they are durable.",
            [Sample(commits.whole)],
        ),
        Metric(
            "keybus_commit_sync_seconds",
            "histogram",
            "Of these, the writing and syncing.",
            [Sample(commits.synced)],
        ),
        _one("keybus_tails", "gauge", "Tails that are open.", len(bus.taps)),
    ]


def _one(name: str, kind: Kind, text: str, value: float, **labels: str) -> Metric:
    return Metric(name, kind, text, [Sample(value, labels)])
