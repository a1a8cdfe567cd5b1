"""Dead letters handed out as a queue's messages are: for a while, and deleted once handled."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

from keybus.bus.dead_letters.leases import LeasedLetter, LetterLease, LetterLeases
from keybus.bus.dead_letters.letters import DeadLetter, LetterChoice, letter_id
from keybus.bus.dead_letters.lineup import AHEAD, Lineup, Waiting
from keybus.bus.dead_letters.search import MOST_BYTES, MOST_LOOKED_AT
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.settings import DeliverySettings
from keybus.bus.message_queues.errors import InvalidReceipt, NotInFlight, TooManyInFlight
from keybus.bus.message_queues.receipts import Receipts
from keybus.bus.message_queues.receiver import MOST_IN_FLIGHT
from keybus.clock import Clock

LOOK_SECONDS: Final = 1.0
"""Seconds after which somebody who waits is looked for again."""
_PAGE: Final = 50
_OVER: Final = "its visibility timeout has ended, or it is gone"
Outcome = InvalidReceipt | NotInFlight | None
"""Why a letter was not deleted; None: it is gone, or somebody else has received it since."""


class LetterDesk:
    """Hands out the dead letters of a subscription. Belongs to one event loop.

    Whose they are is remembered in memory: after a restart, and where the subscription gets
    another order, all of them can be received. What the account may not have now is passed over
    until the subscription delivers by other settings. Of a subscription in order, no letter of a
    group is handed out while another one of it is out.

    Letters are read once, in their order; those that come back, or wait behind their group, are
    known by their ids: `MOST_IN_FLIGHT` and `AHEAD` at most. For one receive no more are looked at
    than for a page of a search.

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
        self._leases, self._lineup = LetterLeases(self._receipts, clock), Lineup()
        self._settings: DeliverySettings | None = None
        self._after, self._passed, self._has_more = "", "", False
        self._using = asyncio.Lock()
        self._stopped = asyncio.Event()

    @property
    def in_flight(self) -> int:
        """How many letters are out."""
        self._bring_back()
        return len(self._leases)

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
            TooManyInFlight: So many are out already; in order nothing is answered instead.
            StorageFailed: The store could not be read.
        """
        ends = self._clock.monotonic() + wait
        while True:
            async with self._using:
                found = await self._take(most, visibility)
            if leaves is not None and leaves.is_set():
                for each in found:
                    self._release(each)
                return []
            left = ends - self._clock.monotonic()
            if found or left <= 0 or self._stopped.is_set():
                return found
            await self._pause(0.0 if self._has_more else min(left, LOOK_SECONDS), leaves)

    async def again(self, receipts: Sequence[str], visibility: float) -> list[LeasedLetter]:
        """What a receive has answered, once more, its visibility timeout begun anew.

        Args:
            receipts: Their receipt handles.
            visibility: Seconds from now; no more than is left of 12 hours.

        Returns:
            All of them; none where one is out no more, or may not be had now.

        Raises:
            InvalidReceipt: A handle is none of this queue's.
            SubscriptionError, StorageFailed: As of `receive`.
        """
        async with self._using:
            dispatcher = self._open()
            leases = [lease for each in receipts if (lease := self._leases.handle(each).lease)]
            page = await _page(dispatcher, [each.letter for each in leases])
            judged = [dispatcher.settings.show(each, self._clock.time_us()) for each in page]
            shown = {each.id: each for each, withheld in judged if not withheld}
            if not len(shown) == len(leases) == len(receipts):
                return []
            for lease in leases:
                self._leases.extend(lease, visibility, again=True)
            return [self._leases.told(each, shown[each.letter]) for each in leases]

    async def delete(
        self, receipts: Sequence[str], telling: Callable[[int], Awaitable[None]]
    ) -> list[Outcome]:
        """Delete letters for good, durably; of each, why it was not.

        By a handle whose time has ended a letter is deleted where nobody has received it since; in
        order it is not.

        Args:
            receipts: Their receipt handles.
            telling: Told how many are about to be deleted, if any are.

        Raises:
            SubscriptionError: There is no such subscription any more.
            StorageFailed: It is unknown which were deleted.
        """
        self._bring_back()
        _, handles = self._leases.handles(receipts)
        late = any(each.lease is None for each in handles.values())
        # What is out is nobody else's; what is not must not be handed out meanwhile.
        alone: AbstractAsyncContextManager[None] = self._using if late else nullcontext()
        async with alone:
            return await self._delete(receipts, telling)

    def change_visibility(self, receipt: str, seconds: float) -> None:
        """Let a letter's visibility timeout end so long from now; 0: at once.

        Raises:
            InvalidReceipt: The handle is none of this queue's.
            NotInFlight: It is not out.
            VisibilityTooLong: It would be invisible for more than 12 hours from its receive on.
        """
        self._bring_back()
        lease = self._leases.handle(receipt).lease
        if lease is None:
            raise NotInFlight(_OVER)
        self._leases.extend(lease, seconds)
        self._bring_back()

    def _open(self) -> Dispatcher:
        """The dispatcher; everything that is known of the letters is as it is now."""
        dispatcher = self._find(self._subscription)
        self._follow(dispatcher.settings)
        self._bring_back()
        return dispatcher

    def _follow(self, settings: DeliverySettings) -> None:
        """Look again at what was passed over, or at everything where the order is another."""
        before, self._settings = self._settings, settings
        if before is None or before is settings:
            return
        was, now = (each.order and each.order.spec for each in (before, settings))
        if was != now:
            self._leases = LetterLeases(self._receipts, self._clock)
            self._lineup = Lineup()
            self._after = self._passed = ""
        elif self._passed:
            self._after = min(self._after, letter_id(int(self._passed) - 1))
            self._passed = ""

    def _bring_back(self) -> None:
        for lease in self._leases.over():
            self._come_back(lease)

    def _come_back(self, lease: LetterLease, *, counts: bool = True) -> None:
        self._leases.end(lease, counts=counts)
        self._lineup.came(lease.group)
        self._lineup.add([(lease.letter, lease.group)])

    def _release(self, leased: LeasedLetter) -> None:
        """Nobody got it."""
        if (lease := self._leases.handle(leased.receipt).lease) is not None:
            self._come_back(lease, counts=False)

    def _forget(self, letter: str) -> None:
        """It is there no more."""
        if (lease := self._leases.remove(letter)) is not None:
            self._lineup.came(lease.group)

    async def _delete(
        self, receipts: Sequence[str], telling: Callable[[int], Awaitable[None]]
    ) -> list[Outcome]:
        dispatcher = self._find(self._subscription)
        self._bring_back()
        refused, handles = self._leases.handles(receipts)
        outcomes: list[Outcome] = [*refused]
        page = await _page(dispatcher, [each.letter for each in handles.values()])
        there, chosen = {each.id for each in page}, dict[str, None]()
        for at, handle in handles.items():
            if handle.letter not in there or handle.lease is not None:
                chosen[handle.letter] = None
            elif dispatcher.settings.order is not None:
                outcomes[at] = NotInFlight(_OVER)
            elif not handle.is_anothers:
                chosen[handle.letter] = None
        if doomed := tuple(each for each in chosen if each in there):
            await telling(len(doomed))
            await dispatcher.cursor.letters.purge(LetterChoice(ids=doomed), len(doomed))
        for letter in chosen:
            self._forget(letter)
        return outcomes

    async def _take(self, most: int, visibility: float) -> list[LeasedLetter]:
        dispatcher = self._open()
        room = MOST_IN_FLIGHT - len(self._leases)
        if room <= 0 and dispatcher.settings.order is None:
            raise TooManyInFlight(
                f"{MOST_IN_FLIGHT:,} dead letters are received and not deleted",
                hint="delete what was handled, or let its visibility timeout end",
            )
        most, found = min(most, room), list[LeasedLetter]()
        looked, size, page = 0, 0, list[DeadLetter]()
        self._has_more = most > 0
        while self._has_more and len(found) < most:
            if picked := self._lineup.pick(most - len(found)):
                read = {each.id: each for each in page}
                found += await self._hand_out(dispatcher, picked, read, visibility)
                continue
            if looked >= MOST_LOOKED_AT or size > MOST_BYTES:
                break
            page = await self._read_on(dispatcher) if len(self._lineup) < AHEAD else []
            looked, size = looked + len(page), size + sum(len(each.envelope) for each in page)
            self._has_more = bool(page)
        return found

    async def _read_on(self, dispatcher: Dispatcher) -> list[DeadLetter]:
        """Line up the next page of letters."""
        page = list(await dispatcher.cursor.letters.page(LetterChoice(after=self._after), _PAGE))
        order = dispatcher.settings.order
        for each in page:
            self._after = each.id
            if each.id not in self._lineup and each.id not in self._leases:
                self._lineup.add([(each.id, order.group(each.envelope) if order else "")])
        return page

    async def _hand_out(
        self,
        dispatcher: Dispatcher,
        picked: Sequence[Waiting],
        read: Mapping[str, DeadLetter],
        visibility: float,
    ) -> list[LeasedLetter]:
        """Lease what was picked, as far as it is still there and may be had."""
        try:
            unread = await _page(dispatcher, [letter for letter, _ in picked if letter not in read])
        except BaseException:
            self._lineup.add(picked)
            raise
        there = {**read, **{each.id: each for each in unread}}
        found: list[LeasedLetter] = []
        for letter, group in picked:
            if letter not in there:
                continue  # it was redriven or purged
            shown, withheld = dispatcher.settings.show(there[letter], self._clock.time_us())
            if withheld:
                self._passed = min(self._passed or letter, letter)
                continue
            self._lineup.went(group)
            found.append(self._leases.told(self._leases.add(letter, group, visibility), shown))
        return found

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


async def _page(dispatcher: Dispatcher, ids: Sequence[str]) -> Sequence[DeadLetter]:
    """Those of some letters that are there."""
    if not ids:
        return ()
    return await dispatcher.cursor.letters.page(LetterChoice(ids=tuple(ids)), len(ids))
