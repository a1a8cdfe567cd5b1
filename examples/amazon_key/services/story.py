"""One story at one property: its time, its names, and chance from a seed."""

from datetime import UTC, datetime, timedelta
from random import Random

from amazon_key_events.core.time_window import TimeWindow

from services.estate import Property

OPENING = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""When stories begin, where nobody says otherwise: the same seed then tells the same story."""


class Calendar:
    """The time of one story, or of many side by side.

    Attributes:
        now: The stories' present.
        shared_by: How many stories live by it: what one waits for passes by that much less, since
            the others wait as well.
    """

    __slots__ = ("now", "shared_by")

    def __init__(self, start: datetime = OPENING, shared_by: int = 1) -> None:
        self.now = start
        self.shared_by = shared_by

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds / self.shared_by)


class Story:
    """What a delivery, a visit and its devices share.

    Attributes:
        number: The story's number, which its ids carry.
        place: Where it happens.
        rng: Where its chances come from.
        calendar: Its time.
        correlation_id: The id of the story's first event, once there is one.
    """

    __slots__ = ("_refs", "calendar", "correlation_id", "number", "place", "rng")

    def __init__(self, number: int, place: Property, rng: Random, calendar: Calendar) -> None:
        self.number = number
        self.place = place
        self.rng = rng
        self.calendar = calendar
        self.correlation_id: str | None = None
        self._refs = 0

    @property
    def now(self) -> datetime:
        """The story's present."""
        return self.calendar.now

    def ref(self, prefix: str) -> str:
        """A new id, such as ``CMD-000042-3``."""
        self._refs += 1
        return f"{prefix}-{self.number:06d}-{self._refs}"

    def later(self, low: int, high: int) -> str:
        """Wait between ``low`` and ``high`` seconds, and say when it is then."""
        self.calendar.wait(low + self.rng.random() * (high - low))
        return rfc3339(self.calendar.now)

    def window(self, minutes: int) -> TimeWindow:
        """A time window from now on."""
        now = self.calendar.now
        return TimeWindow(start=rfc3339(now), end=rfc3339(now + timedelta(minutes=minutes)))


def rfc3339(moment: datetime) -> str:
    """A UTC time as RFC 3339 with milliseconds, so that text sorts as time does."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
