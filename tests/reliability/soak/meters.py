"""What the bus says of itself on ``/metrics``, as far as the soak looks at it."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

_SAMPLE: Final = re.compile(r'^(\w+)(?:\{subscription="([^"]+)"\})? ([0-9.e+-]+)$', re.MULTILINE)


class Meters(msgspec.Struct, frozen=True):
    """One scrape.

    Attributes:
        tasks: Tasks of the event loop.
        waiting: Deliveries that wait now, and not for their next attempt, by subscription.
    """

    tasks: int
    waiting: dict[str, int]

    def of(self, names: Iterable[str]) -> int:
        """How many wait in these subscriptions, together."""
        return sum(self.waiting.get(name, 0) for name in names)


def read(text: str) -> Meters:
    """Read what ``/metrics`` answered."""
    found = {(name, label): float(value) for name, label, value in _SAMPLE.findall(text)}
    waiting = {
        label: int(value - found.get(("keybus_queue_delayed", label), 0))
        for (name, label), value in found.items()
        if name == "keybus_queue_waiting"
    }
    return Meters(int(found["keybus_event_loop_tasks", ""]), waiting)
