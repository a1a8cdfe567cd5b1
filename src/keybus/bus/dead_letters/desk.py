"""Dead letters handed out as a queue's messages are: for a while, and deleted once handled."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from keybus.bus.dead_letters.letters import DeadLetter, LetterChoice, letter_id
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.message_queues.errors import InvalidReceipt, NotInFlight
from keybus.bus.message_queues.receipts import Receipts
from keybus.clock import Clock

LOOK_SECONDS: Final = 1.0
"""Seconds after which somebody who waits is looked for again."""
_PAGE: Final = 100
_MOST_REMEMBERED: Final = 100_000
_OVER: Final = "its visibility timeout has ended, or it is gone"


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


class _Lease:
    __slots__ = ("count", "deadline", "first_us", "group", "serial")

    def __init__(self, group: str, first_us: int) -> None:
        self.group, self.first_us = group, first_us
        self.count, self.serial, self.deadline = 0, 0, 0.0


class LetterDesk:
    """Hands out the dead letters of a subscription. Belongs to one event loop.

    Whose they are is remembered in memory: after a restart all of them can be received. What the
    account may not have now is passed over. Of a subscription in order, no letter of a group is
    handed out while another one of it is out.

    Args:
        subscription: The subscription's name.
        find: Its dispatcher; raises `SubscriptionError` where it is declared no more.
        key: The secret of its receipt handles.
        clock: Time.
    """

    def __init__(
        self, subscription: str, find: Callable[[str], Dispatcher], key: bytes, clock: Clock
    ) -> None:
        self._subscription, self._find, self._clock = subscription, find, clock
        self._receipts = Receipts(key, f"dead-letters\0{subscription}")
        self._leases: dict[str, _Lease] = {}
        self._serial = clock.time_us()
        self._stopped = asyncio.Event()

    @property
    def in_flight(self) -> int:
        """How many letters are out."""
        now = self._clock.monotonic()
        return sum(each.deadline > now for each in self._leases.values())

    def stop(self) -> None:
        """Nobody waits any more; what is there can still be received."""
        self._stopped.set()

    async def receive(
        self, most: int, wait: float, visibility: float, leaves: asyncio.Event | None = None
    ) -> list[LeasedLetter]:
        """Receive letters, the oldest first.

        Args:
            most: At most so many.
            wait: Seconds to wait for the first; looked for every `LOOK_SECONDS`.
            visibility: Seconds for which nobody else receives them.
            leaves: Set where whoever asked is there no more.

        Raises:
            SubscriptionError: There is no such subscription any more.
            StorageFailed: The store could not be read.
        """
        ends = self._clock.monotonic() + wait
        while True:
            found = await self._take(most, visibility)
            if leaves is not None and leaves.is_set():
                for each in found:
                    self._leases[each.letter.id].deadline = 0.0
                return []
            left = ends - self._clock.monotonic()
            if found or left <= 0 or self._stopped.is_set():
                return found
            await self._pause(min(left, LOOK_SECONDS), leaves)

    async def delete(self, receipts: Sequence[str]) -> list[InvalidReceipt | NotInFlight | None]:
        """Delete letters for good, durably; of each, why it was not.

        Raises:
            SubscriptionError: There is no such subscription any more.
            StorageFailed: It is unknown which were deleted.
        """
        dispatcher = self._find(self._subscription)
        outcomes: list[InvalidReceipt | NotInFlight | None] = []
        chosen: list[str] = []
        for receipt in receipts:
            try:
                letter, is_out = self._read(receipt)
            except InvalidReceipt as error:
                outcomes.append(error)
                continue
            if not is_out and dispatcher.settings.order is not None:
                outcomes.append(NotInFlight(_OVER))
                continue
            chosen.append(letter)
            outcomes.append(None)
        if chosen:
            choice = LetterChoice(ids=tuple(chosen))
            await dispatcher.cursor.letters.purge(choice, len(chosen))
            for letter in chosen:
                self._leases.pop(letter, None)
        return outcomes

    def change_visibility(self, receipt: str, seconds: float) -> None:
        """Let a letter's visibility timeout end so long from now; 0: at once.

        Raises:
            InvalidReceipt: The handle is none of this queue's.
            NotInFlight: It is not out.
        """
        letter, is_out = self._read(receipt)
        if not is_out:
            raise NotInFlight(_OVER)
        self._leases[letter].deadline = self._clock.monotonic() + seconds

    async def _take(self, most: int, visibility: float) -> list[LeasedLetter]:
        dispatcher = self._find(self._subscription)
        settings, letters = dispatcher.settings, dispatcher.cursor.letters
        self._forget()
        out = self._groups_out()
        choice, found = LetterChoice(), list[LeasedLetter]()
        while len(found) < most:
            page = await letters.page(choice, _PAGE)
            now = self._clock.monotonic()
            for letter in page:
                choice = msgspec.structs.replace(choice, after=letter.id)
                lease = self._leases.get(letter.id)
                if lease is not None and lease.deadline > now:
                    continue
                group = settings.order.group(letter.envelope) if settings.order else ""
                shown, withheld = settings.show(letter, self._clock.time_us())
                if withheld or group in out:
                    continue
                found.append(self._lease(shown, group, now + visibility))
                if len(found) == most:
                    break
            if len(page) < _PAGE:
                break
        return found

    def _lease(self, letter: DeadLetter, group: str, deadline: float) -> LeasedLetter:
        lease = self._leases.setdefault(letter.id, _Lease(group, self._clock.time_us()))
        self._serial += 1
        lease.serial, lease.deadline = self._serial, deadline
        lease.count += 1
        receipt = self._receipts.write(int(letter.id), lease.serial)
        return LeasedLetter(receipt, letter, group, lease.count, lease.first_us)

    def _read(self, receipt: str) -> tuple[str, bool]:
        """A handle's letter, and whether it is out by this handle."""
        number, serial = self._receipts.read(receipt)
        letter = letter_id(number)
        lease = self._leases.get(letter)
        if lease is None or lease.serial != serial:
            return letter, False
        return letter, lease.deadline > self._clock.monotonic()

    def _groups_out(self) -> set[str]:
        now = self._clock.monotonic()
        return {each.group for each in self._leases.values() if each.group and each.deadline > now}

    async def _pause(self, seconds: float, leaves: asyncio.Event | None) -> None:
        """Sleep, but not longer than somebody waits, and the bus delivers."""
        events = [each for each in (leaves, self._stopped) if each is not None]
        waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(self._clock.sleep(seconds))]
        waiting += [asyncio.ensure_future(each.wait()) for each in events]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    def _forget(self) -> None:
        """What was received long ago and is not out is counted anew."""
        if len(self._leases) > _MOST_REMEMBERED:
            now = self._clock.monotonic()
            self._leases = {k: each for k, each in self._leases.items() if each.deadline > now}
