"""The newest events, in memory, for consumers that keep up."""

from collections import deque
from collections.abc import Sequence

from keybus.bus.engine import Delivery

RING_BYTES = 64 * 1024 * 1024
_OVERHEAD = 256
"""What an event costs beside its envelope: the objects and their places."""


class Ring:
    """First deliveries of the newest events, by position, bounded by bytes.

    All subscriptions share the objects: the first attempt of an event is the same for each.
    Belongs to the event loop.

    Attributes:
        last: The log's last position, as far as the loop has heard of it.
        get: The first delivery at a position, or None where it is not held.
    """

    def __init__(self, last: int, limit: int = RING_BYTES) -> None:
        """An empty ring.

        Args:
            last: The log's last position.
            limit: Bytes to hold.
        """
        self.last = last
        self._limit = limit
        self._held: dict[int, Delivery] = {}
        self._runs: deque[tuple[int, int, int]] = deque()
        self._bytes = 0
        self.get = self._held.get

    def add(self, deliveries: Sequence[Delivery], size: int) -> None:
        """Take a run of new events, and let the oldest runs go.

        Args:
            deliveries: Of positions without a gap.
            size: Bytes of their envelopes.
        """
        size += _OVERHEAD * len(deliveries)
        first, last = deliveries[0].position, deliveries[-1].position
        self.last = last
        self._held.update(zip(range(first, last + 1), deliveries, strict=True))
        self._runs.append((first, last, size))
        self._bytes += size
        while self._bytes > self._limit:
            first, last, size = self._runs.popleft()
            self._bytes -= size
            for position in range(first, last + 1):
                del self._held[position]
