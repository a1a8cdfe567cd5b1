"""What a subscription's deliveries add to the usage that is kept, and to the meters."""

from collections import Counter
from collections.abc import Sequence

from keybus.bus.engine import Delivery
from keybus.bus.metering.meters import SubscriptionMeter
from keybus.bus.usage.majors import major_in
from keybus.bus.usage.usage import Usage
from keybus.clock import Clock
from keybus.envelope import head
from keybus.topology import Subscription


class Tally:
    """Counts for one subscription.

    Args:
        usage: Where it is counted.
        name: The subscription's name.
        subscription: What it asks for.
        clock: Time.
        meter: The subscription's meter.
    """

    def __init__(
        self,
        usage: Usage,
        name: str,
        subscription: Subscription,
        clock: Clock,
        meter: SubscriptionMeter,
    ) -> None:
        self._usage, self._name, self._clock = usage, name, clock
        self._meter = meter
        self._account = subscription.account
        majors: dict[str, set[int]] = {}
        for ref in subscription.event_refs:
            majors.setdefault(ref.type, set()).add(ref.major)
        # It is sent the major that it asks for; where that may be several, the event says which.
        self._asked = {each: found.pop() for each, found in majors.items() if len(found) == 1}
        self._only = next(iter(self._asked), "") if len(majors) == 1 else ""

    def delivered(self, batch: Sequence[Delivery]) -> None:
        """These went out to a consumer."""
        now = self._clock.time_us()
        self._meter.delivered += len(batch)
        if self._only:
            self._count(self._only, self._asked[self._only], len(batch), now)
            return
        for (event_type, major), count in Counter(map(self._counted, batch)).items():
            self._count(event_type, major, count, now)

    def _count(self, event_type: str, major: int, n: int, now: int) -> None:
        self._usage.delivered(self._name, self._account, event_type, n, now, major=major)

    def _counted(self, delivery: Delivery) -> tuple[str, int]:
        """The type that a delivery is counted as, and the major."""
        event_type = _event_type(delivery)
        asked = self._asked.get(event_type)
        return event_type, major_in(delivery.envelope) if asked is None else asked

    def acknowledged(self, batch: Sequence[Delivery]) -> None:
        """A consumer handled these."""
        now = self._clock.time_us()
        self._meter.handled(batch, now)
        self._usage.acknowledged(self._name, self._account, len(batch), now)

    def retried(self) -> None:
        """An attempt failed, and there will be another."""
        self._meter.retried += 1

    def buried(self, count: int = 1) -> None:
        """So many gave up."""
        self._meter.buried += count

    def connected(self) -> None:
        """A consumer came."""
        self._usage.connected(self._name, self._account, self._clock.time_us())


def _event_type(delivery: Delivery) -> str:
    """Its type; empty where it is nested too deep to be read from here: counting fails nobody."""
    try:
        return head(delivery.envelope)[0]
    except RecursionError:
        return ""
