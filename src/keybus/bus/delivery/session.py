"""One consumer of a subscription: what it has been sent, and the sending itself."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from keybus.bus.engine import Delivery
from keybus.governance import Principal
from keybus.protocol import MAX_FRAME_BYTES, MAX_FRAME_DELIVERIES, Delivered, Notice

Send = Callable[[Sequence[Delivery] | Notice], Awaitable[None]]
"""Takes a frame's deliveries, or a notice, to the consumer; a ConnectionError says that it is gone."""
SEND_SECONDS = 15.0
"""A consumer that does not take a frame within this time is gone."""
_FRAMES_AHEAD = 2
_MOST_WAITING = 20  # frames and notices
MOST_BYTES = 32 << 20
"""Bytes of events that a consumer may have unsettled, whatever its window: it is sent no more then."""
_log = logging.getLogger(__name__)


class Session:
    """A consumer's leases and its frames on the way.

    Each session sends for itself, so that a consumer that does not read holds up nobody else. At
    most two frames wait here, whatever the window: that bounds the memory of a consumer that is
    slow. Belongs to the dispatcher's event loop.

    Attributes:
        leased: What it was sent, or is about to be, and has not settled.
        principal: Who consumes.
        leaving: It asked to be sent nothing more.
        singly: It is sent one delivery of a key at a time: it may not keep them in order itself.
        own_breaker: What it fails does not count for the subscription's breaker.
        lost: Set once it cannot, or may not, be sent to; its owner then closes it.
        ended: Why it may consume no longer; empty where it may.
    """

    def __init__(
        self,
        send: Send,
        window: int,
        principal: Principal,
        changed: Callable[[], None],
        *,
        singly: bool = False,
        own_breaker: bool = False,
    ) -> None:
        """Start sending.

        Args:
            send: Takes a frame to the consumer.
            window: How many deliveries may be unsettled.
            principal: Who consumes.
            changed: Called when it may have become ready for more.
            singly: Whether it is to be sent one delivery of a key at a time.
            own_breaker: Whether it leaves alone by itself who fails.
        """
        self.principal, self.singly, self.own_breaker = principal, singly, own_breaker
        self.ended = ""
        self._send, self._window, self._changed = send, window, changed
        self._least = max(1, min(window // 4, MAX_FRAME_DELIVERIES))
        self.leased: dict[int, Delivery] = {}
        self._bytes, self._mean = 0, 1
        self._asked: int | None = None
        self._alone = 0  # the position of what has to be all that it has, while it has it
        self.leaving = False
        self.lost = asyncio.Event()
        self._frames: asyncio.Queue[list[Delivery] | Notice] = asyncio.Queue()
        self._sender = asyncio.create_task(self._send_all())

    @property
    def is_open(self) -> bool:
        """Whether it may be sent more."""
        return not (self.leaving or self.lost.is_set())

    @property
    def credit(self) -> int:
        """How many more deliveries it may be sent now: none, or enough to be worth a frame.

        A consumer that is behind frees its window a few deliveries at a time. To send it as few
        each time would cost a fetch and a frame for each, and leave it further behind: the silly
        window syndrome of RFC 1122, section 4.2.3.4.
        """
        if not self.is_open or self._frames.qsize() >= _FRAMES_AHEAD:
            return 0
        left = MOST_BYTES - self._bytes
        if left <= 0 or (self._alone and self._alone in self.leased):
            return 0
        most = max(1, left // self._mean)
        if self._asked is not None:
            return min(most, max(0, self._asked))
        free = self._window - len(self.leased)
        return min(most, free) if free >= self._least else 0

    @property
    def share(self) -> float:
        """Its credit as a part of all that it may be sent: 1 where it has nothing, 0 where none."""
        return self.credit / self._window

    @property
    def asked(self) -> int:
        """How many more it may be sent, of those that it was allowed."""
        return max(0, self._asked or 0)

    def allow(self, more: int) -> None:
        """It may be sent so many more, and then nothing: for a consumer that asks each time."""
        self._asked, self._window = more, max(1, more)
        self._changed()

    def hand(self, deliveries: Sequence[Delivery]) -> None:
        """Lease deliveries to it, and send them as soon as it takes them."""
        if deliveries and deliveries[0].alone:
            self._alone = deliveries[0].position
        if self._asked is not None:
            self._asked -= len(deliveries)
        for frame in frames(deliveries):
            self.leased.update({delivery.position: delivery for delivery in frame})
            size = sum([len(delivery.envelope) for delivery in frame])
            self._bytes += size
            self._mean = max(1, size // len(frame))
            self._frames.put_nowait(frame)

    def tell(self, notice: Notice) -> None:
        """Send a notice after what waits already; one that does not read is told nothing."""
        if self._frames.qsize() < _MOST_WAITING:
            self._frames.put_nowait(notice)

    def end(self, reason: str) -> None:
        """It may consume no longer."""
        self.ended = self.ended or reason
        self.lost.set()

    def take(self, positions: Iterable[int]) -> list[Delivery]:
        """End the leases of those that it holds; the others are passed over."""
        popped = [self.leased.pop(position, None) for position in positions]
        held = [delivery for delivery in popped if delivery is not None]
        self._bytes -= sum([len(delivery.envelope) for delivery in held])
        return held

    def shed(self, deliveries: Iterable[Delivery]) -> None:
        """Keep no bytes of what it took along: only for a consumer without order or tally.

        Where those are, the bytes are asked for when it is settled.
        """
        for each in deliveries:
            if each.position in self.leased:
                self.leased[each.position] = msgspec.structs.replace(each, envelope=b"")
                self._bytes -= len(each.envelope)

    async def stop(self) -> None:
        """Send nothing more."""
        self.lost.set()
        self._sender.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sender

    async def _send_all(self) -> None:
        try:
            while True:
                frame = await self._frames.get()
                if self.ended:
                    return
                async with asyncio.timeout(SEND_SECONDS):
                    await self._send(frame)
                self._changed()
        except TimeoutError:
            _log.info("a consumer is lost: it takes no frame within %.0f s", SEND_SECONDS)
        except ConnectionError as error:
            _log.info("a consumer is lost: %s", error)
        except Exception:  # noqa: BLE001 - logged; whatever it was, it cannot be sent to
            _log.exception("a consumer is lost")
        finally:
            self.lost.set()


def delivered(deliveries: Sequence[Delivery]) -> list[Delivered]:
    """Deliveries as the native protocol has them; the envelopes' bytes are not touched."""
    return [
        Delivered(
            each.position, each.ingested_at, each.attempt, msgspec.Raw(each.envelope), each.group
        )
        for each in deliveries
    ]


def frames(deliveries: Sequence[Delivery]) -> Iterable[list[Delivery]]:
    """The deliveries cut where a frame would grow past its limit of bytes."""
    if deliveries and sum([len(each.envelope) for each in deliveries]) <= MAX_FRAME_BYTES:
        yield list(deliveries)  # as nearly always
        return
    frame: list[Delivery] = []
    held = 0
    for delivery in deliveries:
        if frame and held + len(delivery.envelope) > MAX_FRAME_BYTES:
            yield frame
            frame, held = [], 0
        frame.append(delivery)
        held += len(delivery.envelope)
    if frame:
        yield frame
