"""What is in somebody's hands, and until when."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from secrets import randbits
from typing import Final

from keybus.bus.message_queues.deadlines import Deadlines
from keybus.bus.message_queues.receipts import Receipt
from keybus.bus.message_queues.seat import Seat
from keybus.bus.message_queues.source import Ready
from keybus.clock import Clock

BySeat = dict[Seat, list[int]]
"""Positions, by the seat through which they were received."""
_MOST_REMEMBERED: Final = 100_000
_SERIAL_BITS: Final = 62


class Lease:
    """A message in somebody's hands.

    Attributes:
        seat: Through which it was received.
        serial: The number of this receive.
        received: When it was received, in seconds of the monotonic clock.
        deadline: When its visibility timeout ends, the same.
        first_us: When it was received first, in microseconds since the Unix epoch.
        ready: What went out, where it may be asked for once more; else None.
    """

    __slots__ = ("deadline", "first_us", "ready", "received", "seat", "serial")

    def __init__(
        self, seat: Seat, serial: int, received: float, deadline: float, first_us: int
    ) -> None:
        self.seat, self.serial = seat, serial
        self.received, self.deadline, self.first_us = received, deadline, first_us
        self.ready: Ready | None = None


class Leases:
    """All leases of a receiver, by the message's position. Belongs to one event loop.

    When each message was received first is remembered for the last 100,000 that came back.

    Args:
        clock: Time.
        over: Told of leases that have ended with their visibility timeouts.
    """

    def __init__(self, clock: Clock, over: Callable[[BySeat], None]) -> None:
        self._clock, self._over = clock, over
        self._leases: dict[int, Lease] = {}
        # Unlike any of an earlier run, whose handles may come yet.
        self._serial = randbits(_SERIAL_BITS)
        self._firsts: OrderedDict[int, int] = OrderedDict()
        self._deadlines = Deadlines(clock, self._come, self._lives, lambda: len(self._leases))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._leases)

    def add(
        self, seat: Seat, ready: Sequence[Ready], visibility: float
    ) -> list[tuple[Ready, int, int]]:
        """Lease what goes out.

        Returns:
            Each with its serial, and the time at which it was received first, in microseconds since
            the Unix epoch.
        """
        now, time_us = self._clock.monotonic(), self._clock.time_us()
        deadline, serial = now + visibility, self._serial
        leased: list[tuple[Ready, int, int]] = []
        for each in ready:
            delivery = each.delivery
            serial += 1
            first_us = time_us
            if delivery.attempt > 1:
                first_us = self._firsts.pop(delivery.position, time_us)
            self._leases[delivery.position] = Lease(seat, serial, now, deadline, first_us)
            leased.append((each, serial, first_us))
        self._serial = serial
        self._deadlines.add(deadline, [each.delivery.position for each in ready])
        return leased

    def keep(self, ready: Iterable[Ready]) -> None:
        """What went out may be asked for once more, as long as it is out."""
        for each in ready:
            self._leases[each.delivery.position].ready = each

    def of(self, receipt: Receipt) -> Lease | None:
        """The lease that a handle is about; None where that has ended."""
        lease = self._leases.get(receipt.position)
        return lease if lease is not None and lease.serial == receipt.serial else None

    def at(self, position: int) -> Lease | None:
        """The lease of a message, whoever has it."""
        return self._leases.get(position)

    def remove(self, position: int) -> None:
        """It is deleted, or goes back untried."""
        del self._leases[position]

    def extend(self, position: int, deadline: float) -> None:
        """Let one end at another time."""
        self._leases[position].deadline = deadline
        self._deadlines.add(deadline, (position,))

    def end(self, positions: Iterable[int]) -> BySeat:
        """End leases whose messages come back."""
        by_seat: BySeat = {}
        for position in positions:
            lease = self._leases.pop(position)
            self._firsts[position] = lease.first_us
            by_seat.setdefault(lease.seat, []).append(position)
        while len(self._firsts) > _MOST_REMEMBERED:
            self._firsts.popitem(last=False)
        return by_seat

    def drop(self, seat: Seat) -> None:
        """What was received through a seat is nobody's any more."""
        if seat.held:
            for position in [at for at, lease in self._leases.items() if lease.seat is seat]:
                del self._leases[position]

    async def close(self) -> None:
        """Let none end by itself any more."""
        await self._deadlines.close()

    def _lives(self, position: int, deadline: float) -> bool:
        lease = self._leases.get(position)
        return lease is not None and lease.deadline == deadline

    def _come(self, positions: Iterable[int]) -> None:
        """Visibility timeouts have ended, of those that are still out."""
        now = self._clock.monotonic()
        over = [
            each
            for each in positions
            if (lease := self._leases.get(each)) is not None and lease.deadline <= now
        ]
        if over:
            self._over(self.end(over))
