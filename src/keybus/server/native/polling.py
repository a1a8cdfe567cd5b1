"""A consumer that polls: its leases outlive each of its requests, but not its silence."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence

from keybus.bus import Bus, Delivery, Session
from keybus.bus.delivery.session import delivered, frames
from keybus.clock import Clock
from keybus.errors import Forbidden, StorageFailed, SubscriptionError
from keybus.governance import Principal
from keybus.protocol import (
    MAX_FRAME_BYTES,
    MAX_WINDOW,
    POLL_SILENCE_SECONDS,
    Notice,
    ReceiveRequest,
    ReceiveResponse,
    Settlement,
)
from keybus.server.answers import BadRequest

SHORTEST_WAIT = 0.1
"""Seconds that a poll looks for deliveries, however short a wait it asks for."""
_MOST_NOTICES = 20
Ended = Callable[[str], Awaitable[None]]
"""Returns once a credential, of which it is told the id, no longer holds."""


class NoSuchConsumer(SubscriptionError):
    """A consumer that polled no more, or never did."""

    code = "consumer"


class Poller:
    """One consumer that polls. Belongs to the dispatcher's event loop.

    Its session is sent something only while a poll asks for it. Between `POLL_SILENCE_SECONDS`
    after its last poll, the end of its credential and a session that is lost or ended, whatever
    comes first lets it go: what it was answered counts an attempt where it fell silent, and what
    was in no answer goes back untried.

    Args:
        bus: The bus.
        subscription: What it consumes.
        principal: Who it is.
        ended: Tells of the end of its credential; None where there are none.
        gone: Called once, when it is let go.

    Attributes:
        id: Its name.
        principal: Who it is.

    Raises:
        SubscriptionError: There is no such subscription, or it is no queue.
    """

    def __init__(
        self,
        bus: Bus,
        subscription: str,
        principal: Principal,
        *,
        ended: Ended | None,
        gone: Callable[["Poller"], None],
    ) -> None:
        self.id, self.principal = bus.clock.hex(32), principal
        self._clock: Clock = bus.clock
        self._dispatcher = bus.dispatcher(subscription)
        self._credential_ended, self._gone = ended, gone
        self._ready: dict[int, Delivery] = {}  # in no answer yet
        self._sent: dict[int, Delivery] = {}
        self._notices: list[Notice] = []
        self._news, self._rested = asyncio.Event(), asyncio.Event()
        self._polls, self._turn = 0, 0
        self._heard = self._clock.monotonic()
        self._session: Session = bus.join(subscription, self._take, 1, principal)
        self._session.allow(0)
        self._ending = False
        self._keeper = asyncio.create_task(self._keep(), name=f"poller of {subscription}")

    async def poll(self, asked: ReceiveRequest, leaves: asyncio.Event) -> ReceiveResponse:
        """Settle, and wait for deliveries; a later poll ends the wait of an earlier one.

        Args:
            asked: What it says, and wants.
            leaves: Set where whoever asked is not there for the answer any more.

        Raises:
            StorageFailed: Not all that it settled is durable; that comes again.
            BadRequest: It holds too much already.
            Forbidden: It may consume no longer.
        """
        with self._polling():
            unknown = self._unknown(asked)
            if asked.leaving:
                self._session.lost.set()
            if not await self._dispatcher.settle(self._session, asked):
                raise StorageFailed(
                    "not all of it could be written down, so that is delivered again",
                    hint="poll again",
                )
            deliveries: list[Delivery] = []
            if asked.max and not self._is_over:
                deliveries = await self._wait_for(asked, leaves)
            if self._is_over:
                deliveries = []
                self._session.lost.set()
                await asyncio.wait([self._keeper])
                if self._session.ended:
                    raise Forbidden(self._session.ended, rule="consume")
            return self._answer(deliveries, unknown)

    @property
    def _is_over(self) -> bool:
        return self._ending or not self._session.is_open

    @contextlib.contextmanager
    def _polling(self) -> Iterator[None]:
        self._polls += 1
        self._rested.clear()
        try:
            yield
        finally:
            self._polls -= 1
            self._heard = self._clock.monotonic()
            if not self._polls:
                self._rested.set()

    async def _wait_for(self, asked: ReceiveRequest, leaves: asyncio.Event) -> list[Delivery]:
        """What the answer is to have; taken from what waits for one."""
        self._turn += 1
        self._news.set()  # an earlier one ends
        if asked.again and (sent := self._held()):
            return next(iter(frames(sent[: asked.max])))
        room = MAX_WINDOW - len(self._session.leased)
        if room <= 0 and not self._ready:
            raise BadRequest(
                f"the consumer has {MAX_WINDOW} deliveries that it has not settled",
                hint="settle some of them first",
            )
        self._session.allow(min(asked.max - len(self._ready), room))
        turn = self._turn
        try:
            await self._gather(asked, leaves, turn)
        finally:
            if turn == self._turn:
                self._session.allow(0)
        if turn != self._turn or leaves.is_set() or self._is_over:
            return []  # what waits is the next one's
        return next(iter(frames(list(self._ready.values())[: asked.max])), [])

    async def _gather(self, asked: ReceiveRequest, leaves: asyncio.Event, turn: int) -> None:
        """Wait until there are as many as it wants, or until it has waited long enough."""
        ends = self._clock.monotonic() + max(asked.wait, SHORTEST_WAIT)
        timer = self._timer(ends)
        gathers = False
        leaving = asyncio.ensure_future(leaves.wait())
        leaving.add_done_callback(lambda _: self._news.set())
        try:
            while not (timer.done() or leaves.is_set() or turn != self._turn or self._is_over):
                if self._has_full(asked.max):
                    return
                if self._ready and not gathers:
                    gathers = True
                    timer.cancel()
                    timer = self._timer(min(ends, self._clock.monotonic() + asked.batch_window))
                    if not asked.batch_window:
                        return
                self._news.clear()
                await self._news.wait()
        finally:
            timer.cancel()
            leaving.cancel()

    def _has_full(self, count: int) -> bool:
        ready = self._ready
        return len(ready) >= count or sum(map(_size, ready.values())) >= MAX_FRAME_BYTES

    def _timer(self, ends: float) -> "asyncio.Future[None]":
        timer = asyncio.ensure_future(self._clock.sleep(max(0.0, ends - self._clock.monotonic())))
        timer.add_done_callback(lambda _: self._news.set())
        return timer

    def _answer(self, deliveries: Sequence[Delivery], unknown: list[int]) -> ReceiveResponse:
        for each in deliveries:
            self._ready.pop(each.position, None)
            self._sent[each.position] = each
        notices, self._notices = self._notices, []
        consumer = None if self._is_over else self.id
        return ReceiveResponse(consumer, delivered(deliveries), unknown, notices)

    def _held(self) -> list[Delivery]:
        """What was in an answer and is not settled, in the order of the log."""
        leased = self._session.leased
        self._sent = {place: each for place, each in self._sent.items() if place in leased}
        return [self._sent[position] for position in sorted(self._sent)]

    def _unknown(self, asked: ReceiveRequest) -> list[int]:
        failed = [each.position for each in (*asked.retry, *asked.bury)]
        named = (*asked.ack, *asked.release, *failed)
        unknown = [position for position in named if position not in self._session.leased]
        for position in named:
            self._sent.pop(position, None)
            self._ready.pop(position, None)
        return unknown

    async def _take(self, what: Sequence[Delivery] | Notice) -> None:
        """Keep what the dispatcher sends until an answer takes it along."""
        if isinstance(what, Notice):
            self._notices = [*self._notices, what][-_MOST_NOTICES:]
            return
        self._ready.update((each.position, each) for each in what)
        self._news.set()

    async def _keep(self) -> None:
        """Wait for the end of it, and let go."""
        silence = asyncio.create_task(self._silence())
        waiting: list[asyncio.Task[object]] = [
            silence,
            asyncio.create_task(self._session.lost.wait()),
        ]
        if self._credential_ended is not None:
            waiting.append(asyncio.create_task(self._until_credential_ends()))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        self._ending = True
        self._gone(self)
        self._news.set()
        await self._let_go(f"it did not poll for {POLL_SILENCE_SECONDS:.0f} s")

    async def _let_go(self, reason: str) -> None:
        session = self._session
        await self._dispatcher.settle(session, Settlement(release=list(self._ready)))
        await self._dispatcher.leave(session, f"the consumer was lost with it in hand: {reason}")
        self._ready.clear()
        self._sent.clear()

    async def _silence(self) -> None:
        while True:
            if self._polls:
                await self._rested.wait()
            left = self._heard + POLL_SILENCE_SECONDS - self._clock.monotonic()
            if self._polls == 0 and left <= 0:
                return
            if left > 0:
                await self._clock.sleep(left)

    async def _until_credential_ends(self) -> None:
        assert self._credential_ended is not None
        await self._credential_ended(self.principal.credential)
        self._session.end("the credential has expired or was revoked")


def _size(delivery: Delivery) -> int:
    return len(delivery.envelope)
