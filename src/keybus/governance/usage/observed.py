"""What was counted of one event type: who published and who was sent which major, and when."""

import msgspec

from keybus.governance.sprawl import OfMajor, UsageSnapshot


class Observed(msgspec.Struct, frozen=True):
    """What was counted of one user.

    Attributes:
        count: How many events or deliveries.
        last_us: When the last, in microseconds since the Unix epoch; 0: never.
        majors: The same by major, the lowest first; what says none is in none of them.
    """

    count: int = 0
    last_us: int = 0
    majors: tuple[OfMajor, ...] = ()


class Observations:
    """A snapshot, as far as it is about one event type.

    Args:
        snapshot: What a bus has counted.
        event_type: The type.
    """

    def __init__(self, snapshot: UsageSnapshot, event_type: str) -> None:
        self.since_us = snapshot.since_us
        self._published = {
            each.account: Observed(each.count, each.last_us, each.majors)
            for each in snapshot.published
            if each.event_type == event_type
        }
        self._delivered = {
            each.subscription: Observed(each.count, each.last_us, each.majors)
            for each in snapshot.delivered
            if each.event_type == event_type
        }

    def published(self, account: str) -> Observed:
        """What an account's publishers published, all of them together."""
        return self._published.get(account, Observed())

    def delivered(self, subscription: str) -> Observed:
        """What a subscription was sent."""
        return self._delivered.get(subscription, Observed())

    @property
    def others(self) -> dict[str, Observed]:
        """All accounts that published, whether they are said to or not."""
        return dict(self._published)
