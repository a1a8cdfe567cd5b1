"""An SQS queue as an open subscription.

SQS has no connection that could be lost: a request that fails is made again, and what is being
handled meanwhile is not disturbed.

Source: SQS developer guide, "Amazon SQS visibility timeout"; API reference, "ReceiveMessage".
"""

import asyncio
import itertools
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from keybus.backoff import backoff
from keybus.client.aws.calls import Calls
from keybus.client.aws.dead_letter_queue import DeadLetterQueue
from keybus.client.aws.queue import Queue, Received, Saying
from keybus.client.message_body import envelope_in
from keybus.clock import Clock
from keybus.errors import BusUnavailable, KeybusError, Throttled
from keybus.protocol import Delivered, Failed, Hello, Settlement
from keybus.settings import FIRST_PAUSE, LONGEST_PAUSE

MAX_BYTES: Final = 32 << 20
"""Of the messages that are here, whatever the window; those of one request may come on top."""
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 60.0
_LAST_SECONDS: Final = 10.0  # at the end, for which SQS is asked once more
_SHORTEST_POLL: Final = 1.0
_AT_ONCE: Final = 8  # letters
_log = logging.getLogger(__name__)


class QueueStream:
    """A queue's messages as deliveries; see `DeliveryStream`.

    Args:
        calls: How SQS is asked.
        subscription: Its name, for messages to people.
        url: The queue's URL.
        window: Messages that may be out at once.
        visibility: Seconds for which a message is hidden; extended while it is out.
        clock: Time and jitter.
    """

    def __init__(
        self,
        calls: Calls,
        subscription: str,
        url: str,
        window: int,
        *,
        visibility: int,
        clock: Clock,
    ) -> None:
        self._queue, self._window = Queue(calls, subscription, url), window
        self._visibility, self._clock = visibility, clock
        self._hello = Hello(subscription, [], window)
        self._positions = itertools.count(1)
        self._out: dict[int, Received] = {}
        self._unsaid: list[Saying] = []
        self._unburied: dict[int, tuple[Received, Failed]] = {}
        self._failures, self._resumes = 0, 0.0
        self._alone_until = 0.0
        self._room = asyncio.Event()
        self._dead_letters = DeadLetterQueue(calls, self._queue)

    @property
    def hello(self) -> Hello:
        """See `DeliveryStream.hello`; which events it has, SQS does not say."""
        return self._hello

    async def receive(self) -> Sequence[Delivered]:
        """See `DeliveryStream.receive`; a request that failed is made again here."""
        failures = 0
        while True:
            while (most := self._most()) < 1:
                self._room.clear()
                await self._room.wait()
            began = self._clock.monotonic()
            try:
                messages = await self._queue.receive(most, self._visibility)
            except (BusUnavailable, Throttled) as error:
                failures += 1
                wait = backoff(failures, self._clock, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
                wait += error.retry_after if isinstance(error, Throttled) else 0.0
                _log.warning("%s: %s; again in %.1f s", self._queue.name, error, wait)
                await self._clock.sleep(wait)
            else:
                if not messages and self._clock.monotonic() - began < _SHORTEST_POLL:
                    await self._clock.sleep(_SHORTEST_POLL)  # no long poll ends as soon
                return [self._delivered(message) for message in messages]

    async def settle(self, settlement: Settlement) -> None:
        """See `DeliveryStream.settle`; each time, what is about to be visible again is extended.

        What SQS did not answer is said once more with one of the next settlements.
        """
        self._unsaid += [Saying(each, None) for each in self._taken(settlement.ack)]
        self._unsaid += [Saying(each, 0) for each in self._taken(settlement.release)]
        for failed in settlement.bury:
            for received in self._taken([failed.position]):
                self._unburied[failed.position] = received, failed
        for failed in settlement.retry:
            self._pause(self._taken([failed.position]), failed)
        if self._clock.monotonic() >= self._resumes:
            await self._tell()
        else:
            await self._say([])
        self._room.set()

    async def close(self) -> None:
        """See `DeliveryStream.close`; what is still out can be received by others at once."""
        self._unsaid += [Saying(each, 0) for each in self._taken(list(self._out))]
        ends = self._clock.monotonic() + _LAST_SECONDS
        try:
            await self._tell()
            while (self._unsaid or self._unburied) and self._resumes < ends:
                await self._clock.sleep(max(self._resumes - self._clock.monotonic(), 0.0))
                await self._tell()
        except KeybusError as error:
            _log.warning("%s: what was out comes again later: %s", self._queue.name, error)
        left = len(self._unsaid) + len(self._unburied)
        if left:
            _log.warning(
                "%s: %d messages come again, as SQS does not answer", self._queue.name, left
            )

    def _most(self) -> int:
        """How many messages there is room for."""
        here = [*self._out.values(), *(each.received for each in self._unsaid)]
        here += [each for each, _ in self._unburied.values()]
        if sum(each.size for each in here) >= MAX_BYTES:
            return 0
        left = self._window - len(here)
        return left if self._clock.monotonic() >= self._alone_until else min(left, 1)

    def _delivered(self, message: dict[str, Any]) -> Delivered:
        attributes = message.get("Attributes", {})
        position, now = next(self._positions), self._clock.monotonic()
        received = self._out[position] = Received(message, now, now + self._visibility)
        return Delivered(
            position=position,
            ingested_at=int(attributes.get("SentTimestamp", 0)) * 1000,
            attempt=received.attempt,
            envelope=envelope_in(message["Body"]),
            group=attributes.get("MessageGroupId", "") if self._queue.is_fifo else "",
        )

    def _taken(self, positions: Iterable[int]) -> list[Received]:
        """What is out under these positions, which is out no more."""
        return [found for each in positions if (found := self._out.pop(each, None)) is not None]

    def _pause(self, several: Iterable[Received], failed: Failed) -> None:
        """Let messages that were not handled wait before they come again."""
        for received in several:
            wait = backoff(
                received.attempt, self._clock, first=_FIRST_BACKOFF, longest=_LONGEST_BACKOFF
            )
            longest = received.longest(self._clock.monotonic())
            seconds = min(math.ceil(max(wait, failed.after)), longest)
            self._unsaid.append(Saying(received, seconds))
            if self._queue.is_fifo:
                # What comes along with it would be received as often, and end where it ends.
                until = self._clock.monotonic() + seconds + self._visibility
                self._alone_until = max(self._alone_until, until)

    async def _tell(self) -> None:
        """Tell SQS all that it has to be told; what it did not take yet stays for later."""
        await self._say(self._unsaid)
        if self._unburied:
            await self._bury()
            await self._say(self._unsaid)
        if not self._unsaid and not self._unburied:
            self._failures = 0
            return
        await self._say([])  # what is not told yet is not to be visible meanwhile
        self._failures += 1
        wait = backoff(self._failures, self._clock, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        self._resumes = self._clock.monotonic() + wait

    async def _say(self, sayings: Sequence[Saying]) -> None:
        """Say this, and extend what is about to be visible again."""
        now = self._clock.monotonic()
        extended = list(self._extended(now, sayings))
        # What is visible already may be another's by now, and is not to be hidden from it.
        late = {each for each in sayings if each.seconds is not None and each.is_late(now)}
        asked = [each for each in sayings if each not in late]
        again, refused = await self._queue.say([*asked, *extended])
        for each in refused:
            each.received.given_up = True
        for each in set(extended).difference(again, refused):
            each.received.hidden_until = now + (each.seconds or 0)
        said = late.union(asked).difference(again)
        self._unsaid = [each for each in self._unsaid if each not in said]

    async def _bury(self) -> None:
        """Hand over what nobody can handle; what the dead-letter queue does not take waits."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def bury(position: int, received: Received, failed: Failed) -> None:
            try:
                async with room:
                    taken = await self._dead_letters.take(received.message, failed.reason)
            except (BusUnavailable, Throttled) as error:
                _log.warning("%s: %s; it is tried again", self._queue.name, error)
                return
            del self._unburied[position]
            if taken:
                self._unsaid.append(Saying(received, None))
            else:
                self._pause([received], failed)

        await asyncio.gather(*(bury(at, *each) for at, each in self._unburied.items()))

    def _extended(self, now: float, sayings: Sequence[Saying]) -> Iterator[Saying]:
        """What is nobody else's yet, has been out for half of its time, and is not said to go."""
        gone = {each.received for each in sayings}
        waiting = [each.received for each in self._unsaid if each.seconds is None]
        waiting += [received for received, _ in self._unburied.values()]
        for received in (*self._out.values(), *waiting):
            if received.given_up or received in gone:
                continue
            if received.hidden_until - now > self._visibility / 2:
                continue
            seconds = min(self._visibility, received.longest(now))
            if seconds and now + seconds > received.hidden_until:
                yield Saying(received, seconds)
            else:
                received.given_up = True
                told = "%s: SQS hides a message no longer than 12 hours: it comes again in %.0f s"
                _log.warning(told, self._queue.name, max(received.hidden_until - now, 0.0))
