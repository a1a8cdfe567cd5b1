"""One principal's place at a dispatcher, and those of its receives that wait for something."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Final

from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Delivery
from keybus.bus.message_queues.source import Ready, Source
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance import Principal
from keybus.protocol import Notice, Settlement

IDLE_SECONDS: Final = 30.0
"""So long a place is kept that nobody uses."""
SHORT_SECONDS: Final = 1.0
"""A short poll waits so long where there is something; where there is not, not at all."""
SHORT_FIFO_SECONDS: Final = 0.25
"""The same in order, where what there is may wait behind what is out."""
_log = logging.getLogger(__name__)
_QUICK: Final = 12
"""Turns of the event loop that a receive waits before it makes a timer."""


class _Waiting:
    """A receive that waits."""

    __slots__ = ("got", "most", "news")

    def __init__(self, most: int) -> None:
        self.most = most
        self.got: list[Ready] = []
        self.news = asyncio.Event()


class Seat:
    """A session, what is asked for through it, and the way back. Belongs to one event loop.

    Args:
        source: What is consumed.
        dispatcher: Its dispatcher.
        principal: Who consumes.
        clock: Time.
        takes: Told of deliveries before they go out; answers those that shall.
        gone: Told when the seat can be used no more.

    Attributes:
        dispatcher: The dispatcher.
        session: Its session.
        held: How many deliveries were received through it and are not settled.

    Raises:
        KeybusError: The principal may not consume.
    """

    def __init__(
        self,
        source: Source,
        dispatcher: Dispatcher,
        principal: Principal,
        clock: Clock,
        *,
        takes: Callable[[Sequence[Delivery]], Sequence[int]],
        gone: Callable[["Seat"], None],
    ) -> None:
        self.dispatcher, self.held = dispatcher, 0
        self._source, self._clock, self._takes, self._gone = source, clock, takes, gone
        self._waiting: deque[_Waiting] = deque()
        self._used = clock.monotonic()
        self._tasks = set[asyncio.Task[object]]()
        self.session = source.join(dispatcher, self._take, principal)
        self.session.allow(0)
        self._over = False
        self._keeper = asyncio.create_task(self._keep(), name=f"seat at {dispatcher.cursor.name}")

    @property
    def is_open(self) -> bool:
        """Whether something may still come."""
        return not self._over and self.session.is_open

    @property
    def ended(self) -> str:
        """Why its principal may consume no longer; empty where that is not so."""
        return self.session.ended

    async def receive(
        self, most: int, wait: float, leaves: asyncio.Event | None
    ) -> Sequence[Ready]:
        """Wait for deliveries; less than asked for where less is there, and none after the wait.

        Args:
            most: At most so many.
            wait: Seconds; 0: only what is there.
            leaves: Set where whoever asked is there no more: what was for it goes back untried.
        """
        self._used = self._clock.monotonic()
        waiting = _Waiting(most)
        if wait <= 0:
            if await self._is_empty():
                return ()
            wait = SHORT_FIFO_SECONDS if self._source.fifo else SHORT_SECONDS
        self._waiting.append(waiting)
        self._ask()
        try:
            await self._wait(waiting, wait, leaves)
        except BaseException:
            self._give_up(waiting)
            raise
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            self._ask()
        if leaves is not None and leaves.is_set():
            self._give_up(waiting)
            return ()
        return waiting.got

    def lets_go(self, positions: Sequence[int]) -> bool:
        """Whether what was received through it, and is out, could be received now as well."""
        leased = self.session.leased
        if not self.is_open or self.dispatcher.paused or not leased.keys() >= set(positions):
            return False
        out = [leased[position] for position in positions]
        judged = self.dispatcher.settings.judge(out, self._clock.time_us())
        return len(judged.permitted) == len(out)

    def delete(self, positions: Sequence[int]) -> Awaitable[bool]:
        """Settle what was received through it; whether that is durable."""
        settling = self.dispatcher.acknowledge(self.session, positions)
        self._settled(len(positions))
        return settling

    def again(self, positions: Sequence[int], reason: str) -> Awaitable[object]:
        """Let what was received through it be received again, and count that."""
        settling = self.dispatcher.again(self.session, positions, reason)
        self._settled(len(positions))
        return settling

    async def release(self, positions: Sequence[int]) -> None:
        """Hand back, untried, what was received through it."""
        self.held -= len(positions)
        await self._release(positions)

    async def leave(self) -> None:
        """Let go of everything, in order; what is out goes back untried."""
        self.session.leaving = True
        self.session.lost.set()
        await asyncio.wait([self._keeper])
        for step in list(self._tasks):
            step.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _settled(self, count: int) -> None:
        self.held -= count
        self._used = self._clock.monotonic()
        if self._waiting:
            self._ask()

    async def _wait(self, waiting: _Waiting, wait: float, leaves: asyncio.Event | None) -> None:
        for _ in range(_QUICK):  # as long as there is a backlog, no timer has to be made
            if waiting.got:
                return
            await asyncio.sleep(0)
        timers = [asyncio.ensure_future(self._clock.sleep(wait))]
        if leaves is not None:
            timers.append(asyncio.ensure_future(_set(leaves)))
        for timer in timers:
            timer.add_done_callback(lambda _: waiting.news.set())
        try:
            if not (waiting.got or not self.is_open):
                await waiting.news.wait()
        finally:
            for timer in timers:
                timer.cancel()

    async def _is_empty(self) -> bool:
        """Whether nothing can be had now."""
        state = await self.dispatcher.cursor.state()
        out = sum(len(session.leased) for session in self.dispatcher.sessions)
        delayed, aside = self._source.delayed(state)
        return state.waiting - state.delayed - (delayed - aside) <= 0 and state.in_flight <= out

    def _ask(self) -> None:
        """Be sent as many as are waited for, less what is on its way."""
        on_its_way = len(self.session.leased) - self.held
        wanted = sum([each.most for each in self._waiting]) - on_its_way
        if max(0, wanted) != self.session.asked:
            self.session.allow(max(0, wanted))

    async def _take(self, what: Sequence[Delivery] | Notice) -> None:
        """Give what the dispatcher sends to those that wait, in the order of their coming.

        Nothing is waited for: a consumer that takes nothing for a while is lost, with all that it
        has, and the store may be slow.
        """
        if isinstance(what, Notice):
            return
        dropped = set(self._takes(what))
        if dropped:  # deleted by a receipt handle whose time had ended
            self._start(self._drop(dropped))
            what = [each for each in what if each.position not in dropped]
        ready, steps = self._source.sift(self.session, what)
        for each in steps:
            self._start(self._then_ask(each))
        left = self._give(list(ready))
        if left:
            self._hand_back(left)
        if self._waiting:
            self._ask()

    async def _drop(self, positions: Iterable[int]) -> None:
        await self._then_ask(self.dispatcher.acknowledge(self.session, positions))

    async def _then_ask(self, step: Awaitable[object]) -> None:
        """Once it is known what becomes of some, others may come for those that wait."""
        await step
        if self._waiting:
            self._ask()

    def _give(self, ready: list[Ready]) -> list[int]:
        """Give them to those that wait; the positions of what is nobody's."""
        back: list[int] = []
        while ready and self._waiting:
            waiting = self._waiting.popleft()
            waiting.got, ready = ready[: waiting.most], ready[waiting.most :]
            self.held += len(waiting.got)
            if self._source.sheds:
                self.session.shed([each.delivery for each in waiting.got])
            waiting.news.set()
            if ready and self._source.fifo:
                # What is in order with what one got is nobody else's until that is settled.
                groups = {each.delivery.group for each in waiting.got} - {""}
                back += [each.delivery.position for each in ready if each.delivery.group in groups]
                ready = [each for each in ready if each.delivery.group not in groups]
        return back + [each.delivery.position for each in ready]

    def _give_up(self, waiting: _Waiting) -> None:
        """Nobody is there for what a receive got, or would get."""
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            self._ask()
        if waiting.got:
            self.held -= len(waiting.got)
            self._hand_back([each.delivery.position for each in waiting.got])

    def _hand_back(self, positions: Iterable[int]) -> None:
        self._start(self._release(list(positions)))

    async def _release(self, positions: Sequence[int]) -> None:
        await self.dispatcher.settle(self.session, Settlement(release=list(positions)))
        if self._waiting:
            self._ask()

    def _start(self, step: Coroutine[object, object, object]) -> None:
        task = asyncio.ensure_future(step)
        self._tasks.add(task)
        task.add_done_callback(self._over_with)

    async def _keep(self) -> None:
        """Wait until it is lost, or nobody has used it for a while; then leave."""
        lost = asyncio.ensure_future(self.session.lost.wait())
        try:
            while not lost.done():
                idle = asyncio.ensure_future(self._clock.sleep(IDLE_SECONDS))
                try:
                    await asyncio.wait([lost, idle], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    idle.cancel()
                if self._is_idle:
                    break
        finally:
            lost.cancel()
            self._end()
        self.session.leaving = True  # what it held is none of the messages' faults
        with contextlib.suppress(EngineError):  # its queue is gone, and with it what it held
            await self.dispatcher.leave(self.session, "")

    @property
    def _is_idle(self) -> bool:
        unused = self._clock.monotonic() - self._used >= IDLE_SECONDS
        return unused and not (self.held or self._waiting or self.session.leased)

    def _over_with(self, step: "asyncio.Task[object]") -> None:
        self._tasks.discard(step)
        if not step.cancelled() and (error := step.exception()) is not None:
            _log.error("%s: cannot settle", self.dispatcher.cursor.name, exc_info=error)

    def _end(self) -> None:
        self._over = True
        self._gone(self)
        for waiting in self._waiting:
            waiting.news.set()


async def _set(event: asyncio.Event) -> None:
    await event.wait()
