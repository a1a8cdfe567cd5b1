"""The bus's meters: what was put, and what became of deliveries."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from keybus.bus.engine import Delivery, Record
from keybus.bus.metering.histogram import LATENCIES, Histogram
from keybus.envelope import EntryResult

_MICRO: Final = 1_000_000
_MOST_CODES: Final = 50
_OTHER: Final = "other"


class SubscriptionMeter:
    """What became of one subscription's deliveries since the bus was started.

    Attributes:
        delivered: Handed out to a consumer, or posted.
        acknowledged: Handled, durably.
        retried: Attempts that failed, to be made again.
        buried: Given up.
        latency: Seconds from the taking of the event to its acknowledgement.
    """

    __slots__ = ("acknowledged", "buried", "delivered", "latency", "retried")

    def __init__(self) -> None:
        self.delivered = self.acknowledged = self.retried = self.buried = 0
        self.latency = Histogram(LATENCIES)

    def handled(self, deliveries: Sequence[Delivery], now: int) -> None:
        """A consumer handled these, and that is durable.

        Args:
            deliveries: The deliveries.
            now: Microseconds since the Unix epoch.
        """
        self.acknowledged += len(deliveries)
        # Events of one put have one time: a few look-ups for a frame, not one for each.
        for taken_at, count in Counter([each.ingested_at for each in deliveries]).items():
            self.latency.observe(max(0, now - taken_at) / _MICRO, count)


class Meters:
    """All meters of a bus. For one event loop.

    Attributes:
        appended: Events that became durable.
        appended_bytes: Bytes of their envelopes.
        refused: Entries that were refused, by the code of the answer.
        subscriptions: By subscription; only of those that are declared.
    """

    def __init__(self) -> None:
        self.appended = self.appended_bytes = 0
        self.refused = Counter[str]()
        self.subscriptions: dict[str, SubscriptionMeter] = {}

    def of(self, subscription: str) -> SubscriptionMeter:
        """The meter of a subscription."""
        return self.subscriptions.setdefault(subscription, SubscriptionMeter())

    def keep(self, subscriptions: Collection[str]) -> None:
        """Forget those of all other subscriptions."""
        for name in self.subscriptions.keys() - set(subscriptions):
            del self.subscriptions[name]

    def taken(self, records: Sequence[Record]) -> None:
        """These became durable."""
        self.appended += len(records)
        self.appended_bytes += sum([len(record.envelope) for record in records])

    def answered(self, results: Iterable[EntryResult]) -> None:
        """Entries were answered so."""
        for code in [result.code for result in results if result.code]:
            self.turned_away(code, 1)

    def turned_away(self, code: str, count: int) -> None:
        """So many entries were refused with a code."""
        known = code in self.refused or len(self.refused) < _MOST_CODES
        self.refused[code if known else _OTHER] += count
