"""The pump: fetches deliveries and hands them to consumers, as far as their credit goes."""

import logging
from collections.abc import Sequence

from keybus.bus.dead_letters.letters import ATTEMPTS, UNFIT
from keybus.bus.delivery.desk import Desk
from keybus.bus.delivery.settings import Judged
from keybus.bus.engine import Delivery
from keybus.protocol import MAX_FRAME_DELIVERIES

_LOST_ALONE = "the bus stopped while a consumer had nothing but this delivery"
_log = logging.getLogger(__name__)


class Pump:
    """Delivers a subscription that is in no order. Belongs to the dispatcher's event loop."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def run(self) -> None:
        """Deliver until cancelled; what is in hand then goes back."""
        desk = self.desk
        while True:
            await desk.rest()
            limit = await desk.consumers.credit()
            try:
                batch = await desk.cursor.fetch(min(limit, MAX_FRAME_DELIVERIES))
            except Exception:  # noqa: BLE001 - logged; without its pump a subscription is dead
                desk.fail("cannot fetch, trying again")
                continue
            try:
                await self._hand_out(desk.settings.fetched(batch))
            except Exception:  # noqa: BLE001 - logged; without its pump a subscription is dead
                desk.fail("cannot deliver, trying again")

    async def _hand_out(self, batch: Sequence[Delivery]) -> None:
        """Give the batch to whoever can take most of it now; what nobody was given goes back."""
        desk, given, whole = self.desk, set[int](), False
        try:
            company, alone = batch, [each for each in batch if each.alone]
            if alone:
                await self._one_by_one(alone, given)
                company = [each for each in batch if not each.alone]
            ready = await self._ready_to_go(company)
            while ready and (best := desk.consumers.best()) is not None:
                credit = desk.consumers.credit_of(best)
                share, ready = ready[:credit], ready[credit:]
                desk.consumers.hand(best, share)
                whole = len(share) == len(batch)  # as nearly always
                if not whole:
                    given.update([each.position for each in share])
                if desk.settings.tally is not None:
                    desk.settings.tally.delivered(share)
        finally:  # also where it is stopped while something is put aside
            if not whole:
                await self._give_back([each.position for each in batch], given)

    async def _give_back(self, positions: Sequence[int], given: set[int]) -> None:
        if back := [each for each in positions if each not in given]:
            await self.desk.cursor.release(back)

    async def _one_by_one(self, deliveries: Sequence[Delivery], given: set[int]) -> None:
        """Give some each by itself, and note which were given: it may be stopped half way."""
        for each in deliveries:
            if await self._by_itself(each):
                given.add(each.position)

    async def _by_itself(self, delivery: Delivery) -> bool:
        """Give one to a consumer that has nothing else; whether it was given.

        It was out when a consumer, or the bus, was lost with others. The attempt counts before
        it is made, so that what brings down the bus itself comes to an end.
        """
        desk = self.desk
        session = await desk.consumers.idle()
        # What is lost in company may have been none of its own faults: one attempt more.
        if delivery.attempt > desk.settings.retry.attempts + 2:
            if desk.settings.tally is not None:
                desk.settings.tally.buried()
            bury = desk.cursor.bury(
                delivery.position, reason=_LOST_ALONE, cause=ATTEMPTS, tried=False
            )
            await desk.kept([delivery], bury, ends=True)
            return False
        begin = desk.cursor.begin(delivery.position, reason=_LOST_ALONE)
        if not await desk.kept([delivery], begin, ends=False):
            return False
        ready = await self._ready_to_go([delivery])
        if not ready or not desk.consumers.hand_alone(session, ready):
            return False
        if desk.settings.tally is not None:
            desk.settings.tally.delivered(ready)
        return True

    async def _ready_to_go(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        """What of the batch may go out this moment, projected; the others are put aside, durably.

        That takes time, in which other rules may come to hold, or a grant end: so what is left is
        judged once more.
        """
        desk = self.desk
        while batch:
            settings = desk.settings
            judged = settings.judge(batch, desk.clock.time_us())
            if not (judged.held or judged.unfit):
                ready, unfit = settings.project(batch)
                if not unfit:
                    return ready
                judged = Judged(batch, {}, unfit)
            gone = await self._put_aside(batch, judged)
            if desk.settings is not settings:
                desk.look_again()
            batch = [each for each in batch if each.position not in gone]
        return ()

    async def _put_aside(self, batch: Sequence[Delivery], judged: Judged) -> set[int]:
        """Hold what has to be held, and bury what is unfit; which of the batch that were."""
        desk, gone = self.desk, set[int]()
        for reason, positions in judged.held.items():
            held = [each for each in batch if each.position in positions]
            desk.tell_holding(reason)
            await desk.kept(held, desk.cursor.hold(list(positions), reason=reason), ends=True)
            gone |= positions
        return gone | await self._bury(judged)

    async def _bury(self, judged: Judged) -> set[int]:
        desk = self.desk
        for unfit in judged.unfit:
            if unfit.cause == UNFIT:  # what is too old may be a million
                _log.warning("%s: %s", desk.cursor.name, unfit.reason)
            if desk.settings.tally is not None:
                desk.settings.tally.buried()
            position = unfit.delivery.position
            bury = desk.cursor.bury(position, reason=unfit.reason, cause=unfit.cause, tried=False)
            await desk.kept([unfit.delivery], bury, ends=True)
        return {unfit.delivery.position for unfit in judged.unfit}
