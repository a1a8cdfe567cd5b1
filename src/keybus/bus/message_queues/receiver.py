"""SQS's way of consuming a queue: receive, and delete before the visibility timeout ends.

Source: the Amazon SQS API reference, ReceiveMessage, DeleteMessage, ChangeMessageVisibility.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from typing import Final

from keybus.bus.engine import Delivery
from keybus.bus.message_queues.errors import (
    InvalidReceipt,
    MessageQueueError,
    NotInFlight,
    TooManyInFlight,
    VisibilityTooLong,
)
from keybus.bus.message_queues.leases import BySeat, Leases
from keybus.bus.message_queues.receipts import Receipt, Receipts
from keybus.bus.message_queues.received import Counts, Received
from keybus.bus.message_queues.seat import Seat
from keybus.bus.message_queues.source import Source
from keybus.clock import Clock
from keybus.errors import Forbidden, StorageFailed
from keybus.governance import ANYBODY, Principal

MOST_IN_FLIGHT: Final = 120_000
"""Messages of a queue that may be received and not deleted: SQS's limit."""
LONGEST: Final = 43_200
"""Seconds for which a message may be invisible, from its receive on: 12 hours."""
TIMED_OUT: Final = "its visibility timeout ended"
_MOST_LATE: Final = 10_000


class Receiver:
    """Hands messages out for a while, and has them back where they are not deleted.

    A visibility timeout that ends counts an attempt, durably, and the message comes back at once.
    Memory is bounded by `MOST_IN_FLIGHT`, and where bytes are kept by
    `keybus.bus.delivery.session.MOST_BYTES` for each principal. Belongs to one event loop.

    Args:
        source: What is consumed.
        key: The bus's secret for receipt handles.
        clock: Time.
    """

    def __init__(self, source: Source, key: bytes, clock: Clock) -> None:
        self._source, self._clock = source, clock
        self._receipts = Receipts(key, source.key)
        self._seats: dict[Principal, Seat] = {}
        self._leases = Leases(clock, lambda ended: self._start(self._returned(ended)))
        self._late: OrderedDict[int, None] = OrderedDict()
        self._tasks = set[asyncio.Task[object]]()
        self._stopping = asyncio.Event()

    @property
    def in_flight(self) -> int:
        """How many messages are received and not deleted."""
        return len(self._leases)

    async def receive(
        self,
        most: int,
        wait: float,
        visibility: float,
        leaves: asyncio.Event | None = None,
        principal: Principal = ANYBODY,
        *,
        repeats: bool = False,
    ) -> list[Received]:
        """Receive messages.

        Args:
            most: At most so many.
            wait: Seconds to wait for the first of them; 0: only what is there.
            visibility: Seconds for which nobody else receives them.
            leaves: Set where whoever asked is there no more: what was for it goes back untried.
            principal: Who asks.
            repeats: Whether `again` may be asked for them.

        Raises:
            TooManyInFlight: So many are out already; a queue in order answers nothing instead.
            Forbidden: The principal may consume no longer.
            KeybusError: What is consumed is there no more.
            StorageFailed: The store could not be read.
        """
        until = self._clock.monotonic() + wait
        while not self._stopping.is_set():
            room = MOST_IN_FLIGHT - len(self._leases)
            if room <= 0 and not self._source.fifo:
                raise TooManyInFlight(
                    f"{MOST_IN_FLIGHT:,} messages are received and not deleted",
                    hint="delete what was handled, or let its visibility timeout end",
                )
            if room <= 0:
                break
            seat = await self._seat(principal)
            ready = await seat.receive(min(most, room), wait, leaves)
            if ready:
                write = self._receipts.write
                leased = self._leases.add(seat, ready, visibility)
                if repeats:
                    self._leases.keep(ready)
                return [
                    each.received(write(each.delivery.position, serial), first_us)
                    for each, serial, first_us in leased
                ]
            if self._stopping.is_set():
                break
            if not seat.is_open:
                await self._source.dispatcher()  # raises where it is gone
            if seat.ended:
                raise Forbidden(seat.ended, rule="consume")
            wait = until - self._clock.monotonic()
            if seat.is_open or wait <= 0 or (leaves is not None and leaves.is_set()):
                break
        return []

    async def again(
        self, receipts: Sequence[str], visibility: float, principal: Principal = ANYBODY
    ) -> list[Received]:
        """What a receive has answered, once more, its visibility timeout begun anew.

        Args:
            receipts: Their receipt handles.
            visibility: Seconds from now; no more than is left of 12 hours.
            principal: Who asks, and has received them.

        Returns:
            All of them; none where one is out no more, or could not be received now.

        Raises:
            InvalidReceipt: A handle is none of this queue's.
            KeybusError: What is consumed is there no more.
        """
        seat, now = await self._seat(principal), self._clock.monotonic()
        read = [self._receipts.read(each) for each in receipts]
        found = [lease for each in read if (lease := self._leases.of(each)) is not None]
        if not all(each.seat is seat and each.ready is not None for each in found):
            return []
        if len(found) < len(read) or not seat.lets_go([each.position for each in read]):
            return []
        for each, lease in zip(read, found, strict=True):
            self._leases.extend(each.position, min(now + visibility, lease.received + LONGEST))
        return [
            lease.ready.received(receipt, lease.first_us)
            for receipt, lease in zip(receipts, found, strict=True)
            if lease.ready is not None
        ]

    async def delete(self, receipt: str) -> None:
        """Delete a message for good; durable on return.

        One whose visibility timeout has ended is deleted all the same where nobody has received it
        since: it is dropped when it is next. In a queue in order that is refused, as on SQS.

        Raises:
            InvalidReceipt: The handle is none of this queue's.
            NotInFlight: The queue is in order, and the visibility timeout has ended.
            StorageFailed: It is unknown whether it was deleted; it may be received again.
        """
        [error] = await self.delete_all([receipt])
        if error is not None:
            raise error

    async def delete_all(
        self, receipts: Sequence[str]
    ) -> list[MessageQueueError | StorageFailed | None]:
        """The same of several at once; for each, what `delete` would raise."""
        outcomes: list[MessageQueueError | StorageFailed | None] = [None] * len(receipts)
        settled: dict[Seat, list[tuple[int, Receipt]]] = {}
        late: list[tuple[int, Receipt]] = []
        for index, text in enumerate(receipts):
            try:
                receipt = self._receipts.read(text)
            except InvalidReceipt as error:
                outcomes[index] = error
                continue
            lease = self._leases.of(receipt)
            if lease is None:
                late.append((index, receipt))
            else:
                self._leases.remove(receipt.position)
                settled.setdefault(lease.seat, []).append((index, receipt))
        for seat, pairs in settled.items():
            if not seat.is_open:  # its queue was purged, or its principal may consume no longer
                late += pairs
            elif not await self._delete(seat, [receipt.position for _, receipt in pairs]):
                failed = StorageFailed("it may not have been deleted, so it is received again")
                for index, _ in pairs:
                    outcomes[index] = failed
        for index, receipt in late:
            outcomes[index] = await self._delete_late(receipt)
        return outcomes

    async def change_visibility(self, receipt: str, seconds: float) -> None:
        """Let the visibility timeout of a message end so long from now; 0: at once.

        Raises:
            InvalidReceipt: The handle is none of this queue's.
            NotInFlight: The visibility timeout has ended, or the message is deleted.
            VisibilityTooLong: It would be invisible for more than 12 hours from its receive on.
        """
        read = self._receipts.read(receipt)
        lease = self._leases.of(read)
        if lease is None or not lease.seat.is_open:
            raise NotInFlight(
                "the message is not in flight: its visibility timeout has ended, or it is deleted"
            )
        now = self._clock.monotonic()
        if now + seconds > lease.received + LONGEST:
            raise VisibilityTooLong(
                f"a message may be invisible for {LONGEST} s in all, of which"
                f" {lease.received + LONGEST - now:.0f} s are left"
            )
        if seconds <= 0:
            await self._returned(self._leases.end([read.position]))
        else:
            self._leases.extend(read.position, now + seconds)

    async def release(self, receipts: Sequence[str]) -> None:
        """Let messages be received again at once, as if they had not been; others are passed over."""
        by_seat: dict[Seat, list[int]] = {}
        for text in receipts:
            receipt = self._receipts.read(text)
            if (lease := self._leases.of(receipt)) is not None and lease.seat.is_open:
                self._leases.remove(receipt.position)
                by_seat.setdefault(lease.seat, []).append(receipt.position)
        for seat, positions in by_seat.items():
            await seat.release(positions)

    async def counts(self) -> Counts:
        """How many messages there are, about.

        Raises:
            KeybusError: What is consumed is there no more.
        """
        dispatcher = await self._source.dispatcher()
        state = await dispatcher.cursor.state()
        out = sum(len(session.leased) for session in dispatcher.sessions)
        delayed, aside = self._source.delayed(state)
        visible = state.waiting + max(0, state.in_flight - out) + aside - delayed - len(self._late)
        return Counts(max(0, visible), out, delayed)

    def stop(self) -> None:
        """Answer everybody that there is nothing: the bus stops."""
        self._stopping.set()

    async def close(self) -> None:
        """Let everybody go; what is out goes back untried."""
        await self._leases.close()
        for seat in list(self._seats.values()):
            await seat.leave()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _seat(self, principal: Principal) -> Seat:
        dispatcher = await self._source.dispatcher()
        seat = self._seats.get(principal)
        if seat is None or not seat.is_open or seat.dispatcher is not dispatcher:
            seat = Seat(
                self._source,
                dispatcher,
                principal,
                self._clock,
                takes=self._deleted_late,
                gone=lambda gone: self._seat_gone(principal, gone),
            )
            self._seats[principal] = seat
        return seat

    def _seat_gone(self, principal: Principal, seat: Seat) -> None:
        if self._seats.get(principal) is seat:
            del self._seats[principal]
        self._leases.drop(seat)

    async def _delete(self, seat: Seat, positions: Sequence[int]) -> bool:
        kept = await seat.delete(positions)
        if self._late:
            for position in positions:  # deleted twice at the same time
                self._late.pop(position, None)
        return kept

    async def _delete_late(self, receipt: Receipt) -> MessageQueueError | None:
        """Delete what is out no more; why that cannot be."""
        again = self._leases.at(receipt.position)
        if again is not None and again.seat.is_open:  # received once more: that handle counts
            return self._over if self._source.fifo else None
        dispatcher = await self._source.dispatcher()
        state = (await dispatcher.cursor.status(receipt.position)).state
        if state in ("gone", "dead"):
            return None
        if self._source.fifo:
            return self._over
        self._late[receipt.position] = None
        if len(self._late) > _MOST_LATE:
            self._late.popitem(last=False)
        return None

    @property
    def _over(self) -> MessageQueueError:
        return NotInFlight(
            "the receipt handle has expired: the message's visibility timeout has ended",
            hint="receive it again, or ask for a longer visibility timeout",
        )

    def _deleted_late(self, deliveries: Sequence[Delivery]) -> Sequence[int]:
        """Which of what comes once more were deleted meanwhile."""
        if not self._late:
            return ()
        dropped = [each.position for each in deliveries if each.position in self._late]
        for position in dropped:
            del self._late[position]
        return dropped

    async def _returned(self, ended: BySeat) -> None:
        """Count an attempt, and let them be received again at once."""
        for seat, positions in ended.items():
            if seat.is_open:
                await seat.again(positions, TIMED_OUT)

    def _start(self, step: Coroutine[object, object, None]) -> None:
        task: asyncio.Task[object] = asyncio.ensure_future(step)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
