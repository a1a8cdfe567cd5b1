"""The pump of a subscription that is in order: deliveries go through a lane for each key."""

import asyncio
from collections.abc import Coroutine, Sequence

from keybus.bus.delivery.desk import Desk
from keybus.bus.delivery.lanes import Lanes
from keybus.bus.delivery.order_key import OrderKey
from keybus.bus.delivery.pump import Pump
from keybus.bus.delivery.settings import Judged
from keybus.bus.engine import ORDER, Delivery
from keybus.errors import EngineError
from keybus.protocol import MAX_FRAME_DELIVERIES

_LANES_AT_ONCE = 16
"""Lanes for which put aside deliveries are brought back at the same time."""


class OrderedPump(Pump):
    """Delivers one batch of a key at a time. Belongs to the dispatcher's event loop.

    What the lanes have no room for is held by the engine under its key's group, and brought back
    by the page when its key is free. A fetch is under way all the time somebody has credit, so
    that keys which wait hold up no others.
    """

    def __init__(self, desk: Desk, key: OrderKey) -> None:
        super().__init__(desk)
        self._key = key
        self._loose: list[Delivery] = []
        self._fetching: asyncio.Task[Sequence[Delivery]] | None = None
        # What the store is told must be told to its end, also where the pump is stopped.
        self._telling = set[asyncio.Task[None]]()

    async def run(self) -> None:
        """Deliver until cancelled; what waits in the lanes then goes back."""
        desk = self.desk
        desk.lanes = lanes = await self._open()
        news = desk.consumers.news
        try:
            while True:
                await desk.rest()
                news.clear()
                try:
                    if not await self._step(lanes):
                        await news.wait()
                except Exception:  # noqa: BLE001 - logged; without its pump a subscription is dead
                    desk.fail("cannot deliver, trying again")
        finally:
            await asyncio.shield(asyncio.ensure_future(self._end(lanes)))

    async def _open(self) -> Lanes:
        while True:
            await self.desk.rest()
            try:
                return Lanes(self._key, await self.desk.cursor.groups())
            except EngineError:
                self.desk.fail("cannot see what is in order, trying again")

    async def _step(self, lanes: Lanes) -> bool:
        """Do what can be done; whether there may be more."""
        fetched = await self._take_in(lanes)
        if lanes.is_early and not self._has_arrived:
            reached = await self.desk.cursor.reached()
            if not self._has_arrived:  # what was fetched meanwhile is not in its lane yet
                lanes.reached(reached)
        back = await self._bring_back(lanes)
        await self._give(lanes)
        self._fetch()
        return fetched or back or self._has_arrived or bool(lanes.thirsty(1))

    @property
    def _has_arrived(self) -> bool:
        return self._fetching is not None and self._fetching.done()

    def _fetch(self) -> None:
        best = self.desk.consumers.best()
        if self._fetching is None and best is not None:
            limit = min(self.desk.consumers.credit_of(best), MAX_FRAME_DELIVERIES)
            self._fetching = asyncio.ensure_future(self._fetched(limit))
            self._fetching.add_done_callback(lambda _: self.desk.consumers.news.set())

    async def _fetched(self, limit: int) -> Sequence[Delivery]:
        return self.desk.settings.fetched(await self.desk.cursor.fetch(limit))

    async def _take_in(self, lanes: Lanes) -> bool:
        """Admit what was fetched, and put aside what there is no room for."""
        fetching = self._fetching
        if fetching is None or not fetching.done():
            return False
        self._fetching = None
        loose, aside = lanes.admit(fetching.result())
        self._loose += loose
        await self._tell(
            *(self._aside(lanes, name, positions, ORDER) for name, positions in aside.items())
        )
        return True

    async def _bring_back(self, lanes: Lanes) -> bool:
        names = lanes.thirsty(_LANES_AT_ONCE)
        await self._tell(*(self._unhold(lanes, name) for name in names))
        return bool(names)

    async def _unhold(self, lanes: Lanes, name: str) -> None:
        try:
            count = await self.desk.cursor.unhold(name, lanes.page)
        except EngineError:
            self.desk.fail("cannot bring back what was put aside, trying again")
        else:
            lanes.brought_back(name, count)

    async def _give(self, lanes: Lanes) -> None:
        """Give to whoever can take most now, until nobody can or nothing may go."""
        consumers = self.desk.consumers
        while (best := consumers.best()) is not None:
            credit = consumers.credit_of(best)
            share = self._loose[:credit]
            del self._loose[: len(share)]
            if not share:
                share = lanes.take(min(credit, MAX_FRAME_DELIVERIES), singly=best.singly)
            if not share:
                break
            given = set[int]()
            try:
                await self._share_out(share, given)
            finally:  # also where it is stopped half way
                back = [each for each in share if each.position not in given]
                if back:
                    await self.desk.hand_back(back)
        if self._loose:
            loose, self._loose = self._loose, []
            await self.desk.cursor.release([each.position for each in loose])

    async def _share_out(self, share: Sequence[Delivery], given: set[int]) -> None:
        """Give of a share what may go and somebody can take, and note which that was."""
        await self._one_by_one([each for each in share if each.alone], given)
        ready = await self._ready_to_go([each for each in share if not each.alone])
        consumers = self.desk.consumers
        if ready and (best := consumers.best()) is not None:
            ready = ready[: consumers.credit_of(best)]
            consumers.hand(best, ready)
            given.update(each.position for each in ready)
            if self.desk.settings.tally is not None:
                self.desk.settings.tally.delivered(ready)

    async def _put_aside(self, batch: Sequence[Delivery], judged: Judged) -> set[int]:
        """Hold what has to be held, and what follows it in its lane."""
        lanes, settings, gone = self.desk.lanes, self.desk.settings, set[int]()
        unfit = {each.delivery.position for each in judged.unfit}
        for reason, positions in judged.held.items():
            self.desk.tell_holding(reason)
            for name in dict.fromkeys(e.group for e in batch if e.position in positions):
                held = [e for e in batch if e.group == name and e.position in positions]
                if not name or lanes is None:
                    hold = self.desk.cursor.hold([e.position for e in held], reason=reason)
                    await self.desk.kept(held, hold, ends=True)
                    gone.update(each.position for each in held)
                    continue
                first = held[0].position
                behind = [
                    each.position
                    for each in batch
                    if each.group == name
                    and each.position > first
                    and each.position not in positions | unfit | gone
                ]
                here = [e.position for e in held if e.position not in gone]
                behind += [each.position for each in lanes.bar(name, here + behind)]
                await self._tell(
                    self._aside(lanes, name, here, reason),
                    self._aside(lanes, name, behind, ORDER),
                )
                gone.update(here, behind)
        if lanes is not None and self.desk.settings is not settings:
            lanes.unbar()  # some were barred after the rules that barred them were replaced
        return gone | await self._bury(judged)

    async def _aside(self, lanes: Lanes, name: str, positions: Sequence[int], reason: str) -> None:
        if not positions:
            return
        try:
            await self.desk.cursor.hold(positions, reason=reason, group=name)
        except EngineError:
            self.desk.fail("could not put aside, so it is delivered again")
            lanes.not_put_aside(name, positions)
            await self.desk.cursor.release(positions)

    async def _tell(self, *steps: Coroutine[object, object, None]) -> None:
        """Take steps of the store, all at once and to their end."""
        if not steps:
            return
        telling = [asyncio.ensure_future(step) for step in steps]
        self._telling.update(telling)
        for each in telling:
            each.add_done_callback(self._telling.discard)
        await asyncio.shield(asyncio.gather(*telling))

    async def _end(self, lanes: Lanes) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            [fetched] = await asyncio.gather(self._fetching, return_exceptions=True)
            if not isinstance(fetched, BaseException):
                self._loose += fetched
        if self._telling:
            await asyncio.wait(self._telling)
        left = [*self._loose, *lanes.empty()]
        await self.desk.cursor.release([each.position for each in left])
        if self.desk.lanes is lanes:
            self.desk.lanes = None
