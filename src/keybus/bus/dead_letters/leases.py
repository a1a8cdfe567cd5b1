"""Dead letters in somebody's hands, and until when."""

from collections import OrderedDict
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from secrets import randbits
from typing import Final, NamedTuple

import msgspec

from keybus.bus.dead_letters.letters import DeadLetter, letter_id
from keybus.bus.message_queues.errors import InvalidReceipt, VisibilityTooLong
from keybus.bus.message_queues.receipts import Receipts
from keybus.bus.message_queues.receiver import LONGEST
from keybus.clock import Clock

_MOST_REMEMBERED: Final = 100_000
_SPARE: Final = 1_000
_SERIAL_BITS: Final = 62


class LetterLease:
    """A dead letter in somebody's hands.

    Attributes:
        letter: Its id.
        group: The group in whose order it is; empty where it is in none.
        serial: The number of this receive.
        count: How often it was received since the start of the process, this time included.
        first_us: When it was received first, in microseconds since the Unix epoch.
        received: When it was received, in seconds of the monotonic clock.
        deadline: When its visibility timeout ends, the same.
    """

    __slots__ = ("count", "deadline", "first_us", "group", "letter", "received", "serial")

    def __init__(
        self, letter: str, group: str, serial: int, *, count: int, first_us: int, received: float
    ) -> None:
        self.letter, self.group, self.serial = letter, group, serial
        self.count, self.first_us = count, first_us
        self.received = self.deadline = received


class LeasedLetter(msgspec.Struct, frozen=True):
    """A dead letter in somebody's hands.

    Attributes:
        receipt: Its receipt handle, new with each receive.
        letter: The letter, its event as it would be delivered.
        group: The group in whose order it is; empty where it is in none.
        count: How often it was received since the start of the process, this time included.
        first_us: When it was received first, in microseconds since the Unix epoch; the same.
    """

    receipt: str
    letter: DeadLetter
    group: str
    count: int
    first_us: int


class Handle(NamedTuple):
    """What a receipt handle is about.

    Attributes:
        letter: The letter's id.
        lease: Its lease; None where that is over.
        is_anothers: Whether the letter was received anew since, and is out.
    """

    letter: str
    lease: LetterLease | None
    is_anothers: bool = False


class LetterLeases:
    """All leases of a desk, by the letter's id. Belongs to one event loop.

    How often each was received, and when first, is remembered for the last 100,000 that came back.

    Args:
        receipts: Makes receipt handles.
        clock: Time.
    """

    def __init__(self, receipts: Receipts, clock: Clock) -> None:
        self._receipts, self._clock = receipts, clock
        self._leases: dict[str, LetterLease] = {}
        self._ends: list[tuple[float, str]] = []  # some of leases that end at another time
        self._earlier: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._serial = randbits(_SERIAL_BITS)  # unlike those of leases that were all forgotten

    def __len__(self) -> int:
        """How many there are, some of which may be over."""
        return len(self._leases)

    def __contains__(self, letter: str) -> bool:
        """Whether somebody has a letter."""
        return letter in self._leases

    def add(self, letter: str, group: str, visibility: float) -> LetterLease:
        """Lease a letter that goes out, for so many seconds."""
        self._serial += 1
        now = self._clock.monotonic()
        count, first_us = self._earlier.pop(letter, (0, self._clock.time_us()))
        lease = LetterLease(
            letter, group, self._serial, count=count + 1, first_us=first_us, received=now
        )
        self._leases[letter] = lease
        self._until(lease, now + visibility)
        return lease

    def told(self, lease: LetterLease, shown: DeadLetter) -> LeasedLetter:
        """What its receiver gets."""
        receipt = self._receipts.write(int(lease.letter), lease.serial)
        return LeasedLetter(receipt, shown, lease.group, lease.count, lease.first_us)

    def handle(self, receipt: str) -> Handle:
        """What a receipt handle is about.

        Raises:
            InvalidReceipt: It is none of this queue's.
        """
        number, serial = self._receipts.read(receipt)
        letter = letter_id(number)
        lease = self._leases.get(letter)
        if lease is None or lease.serial == serial:
            return Handle(letter, lease)
        return Handle(letter, None, is_anothers=True)

    def handles(
        self, receipts: Sequence[str]
    ) -> tuple[list[InvalidReceipt | None], dict[int, Handle]]:
        """Of each handle why it is none; and what the others are about, by their places."""
        refused: list[InvalidReceipt | None] = [None] * len(receipts)
        handles: dict[int, Handle] = {}
        for at, receipt in enumerate(receipts):
            try:
                handles[at] = self.handle(receipt)
            except InvalidReceipt as error:
                refused[at] = error
        return refused, handles

    def extend(self, lease: LetterLease, seconds: float, *, again: bool = False) -> None:
        """Let one end so long from now.

        Args:
            lease: The lease.
            seconds: How long.
            again: It may be less, where it would be out for too long.

        Raises:
            VisibilityTooLong: The letter would be invisible for more than 12 hours in all.
        """
        now = self._clock.monotonic()
        left = lease.received + LONGEST - now
        if seconds > left and not again:
            raise VisibilityTooLong(
                f"a message may be invisible for {LONGEST} s in all, of which {left:.0f} s are left"
            )
        self._until(lease, now + min(seconds, left))

    def end(self, lease: LetterLease, *, counts: bool = True) -> None:
        """A letter comes back; one that nobody got was not received."""
        del self._leases[lease.letter]
        if count := lease.count - (not counts):
            self._earlier[lease.letter] = count, lease.first_us
        if len(self._earlier) > _MOST_REMEMBERED:
            self._earlier.popitem(last=False)

    def remove(self, letter: str) -> LetterLease | None:
        """A letter is gone; its lease, where it was out."""
        self._earlier.pop(letter, None)
        return self._leases.pop(letter, None)

    def over(self) -> list[LetterLease]:
        """Those whose time has come."""
        now, found = self._clock.monotonic(), dict[str, LetterLease]()
        while self._ends and self._ends[0][0] <= now:
            _, letter = heappop(self._ends)
            lease = self._leases.get(letter)
            if lease is not None and lease.deadline <= now:
                found[letter] = lease
        return list(found.values())

    def _until(self, lease: LetterLease, deadline: float) -> None:
        lease.deadline = deadline
        heappush(self._ends, (deadline, lease.letter))
        if len(self._ends) > 2 * len(self._leases) + _SPARE:
            self._ends = [(each.deadline, letter) for letter, each in self._leases.items()]
            heapify(self._ends)
