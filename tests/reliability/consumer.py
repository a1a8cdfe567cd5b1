"""One subscription's consumer: looks at what comes, and settles it in every way there is."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from keybus.bus.engine import ORDER, Cursor, Delivery
from tests.reliability.answers import GONE, WHOLE, Fate, Queue, Standing

LONGEST_DELAY: Final = 5
"""Seconds before a delivery that failed comes again."""
GROUPS: Final = ("", "one", "two")
"""Groups of deliveries, by which they may be held and come back."""
_WAYS: Final = {"ack": 67, "retry": 8, "release": 7, "hold": 7, "keep": 4, "begin": 4, "bury": 3}
"""How deliveries are settled, and how often."""


def group_of(position: int) -> str:
    """The group that a delivery belongs to, where it is tried again or held."""
    return GROUPS[position % len(GROUPS)]


class Consumer:
    """Takes a queue's deliveries, and notes what is asked and what is answered.

    Attributes:
        problems: What came and may not come.
        delivered: How many came.
    """

    def __init__(self, cursor: Cursor, queue: Queue, draw: random.Random) -> None:
        self._cursor, self._queue, self._draw = cursor, queue, draw
        self.problems: list[str] = []
        self.delivered = 0

    async def take(self, limit: int) -> None:
        """Fetch once, and settle all of it.

        Raises:
            EngineError: The cursor is spent, or the store fails.
        """
        found = await self._cursor.fetch(limit)
        self.delivered += len(found)
        for delivery in found:
            self._look(delivery)
        await self._settle(found)

    def _look(self, delivery: Delivery) -> None:
        """It may come, as often as it failed; where it never came before, in log order."""
        queue, position = self._queue, delivery.position
        fate, standing = queue.fate(position), Standing("line", delivery.attempt - 1)
        name = self._cursor.name
        if queue.filled and WHOLE not in queue.filled:
            self.problems.append(f"{name}: {position} came before the queue was filled")
        if standing not in fate.allowed:
            self.problems.append(
                f"{name}: {position} came as {standing}; allowed: {sorted(fate.allowed)}"
            )
        if delivery.group not in {"", group_of(position)}:
            self.problems.append(f"{name}: {position} came with the group {delivery.group!r}")
        if fate.certain.place == "held":
            fate.answered(standing)
        if position not in queue.seen and delivery.attempt == 1 and not fate.aside:
            if position < queue.newest:
                self.problems.append(
                    f"{name}: {position} came after {queue.newest}, out of log order"
                )
            queue.newest = position
        queue.seen.add(position)

    async def _settle(self, found: Sequence[Delivery]) -> None:
        by_way: dict[str, list[Delivery]] = {}
        ways = self._draw.choices(tuple(_WAYS), tuple(_WAYS.values()), k=len(found))
        for way, delivery in zip(ways, found, strict=True):
            by_way.setdefault(way, []).append(delivery)
        steps: list[Awaitable[object]] = [
            self._ack(by_way.get("ack", [])),
            self._hold(by_way.get("hold", [])),
            self._cursor.release([each.position for each in by_way.get("release", [])]),
        ]
        steps += [self._retry(each) for each in by_way.get("retry", [])]
        steps += [self._bury(each) for each in by_way.get("bury", [])]
        steps += [self._begin(each) for each in by_way.get("begin", [])]
        answers = await asyncio.gather(*steps, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    async def _ack(self, deliveries: Sequence[Delivery]) -> None:
        positions = [each.position for each in deliveries]
        fates = [(self._queue.fate(each), GONE) for each in positions]
        await _told(fates, lambda: self._cursor.ack(positions))

    async def _retry(self, delivery: Delivery) -> None:
        fates = [(self._queue.fate(delivery.position), Standing("line", delivery.attempt))]
        delay, group = self._draw.uniform(0, LONGEST_DELAY), group_of(delivery.position)
        await _told(
            fates,
            lambda: self._cursor.retry(delivery.position, delay=delay, reason="busy", group=group),
        )

    async def _begin(self, delivery: Delivery) -> None:
        """Count its attempt before it is made; half of them are then never settled."""
        fate, failed = self._queue.fate(delivery.position), Standing("line", delivery.attempt)
        await _told([(fate, failed)], lambda: self._cursor.begin(delivery.position, reason="lost"))
        if self._draw.random() < 0.5:
            await self._ack([delivery])

    async def _bury(self, delivery: Delivery) -> None:
        fates = [(self._queue.fate(delivery.position), Standing("dead", delivery.attempt))]
        await _told(fates, lambda: self._cursor.bury(delivery.position, reason="poison"))

    async def _hold(self, deliveries: Sequence[Delivery]) -> None:
        for group in GROUPS:
            members = [each for each in deliveries if group_of(each.position) == group]
            await self._hold_group(members, group)

    async def _hold_group(self, deliveries: Sequence[Delivery], group: str) -> None:
        queue, positions = self._queue, [each.position for each in deliveries]
        fates = [
            (queue.fate(each.position), Standing("held", each.attempt - 1)) for each in deliveries
        ]
        freeing, reason = queue.freeing, self._draw.choice(("no grant", ORDER))
        await _told(fates, lambda: self._cursor.hold(positions, reason=reason, group=group))
        if freeing or queue.freeing:  # they may have come back in the same moment
            for fate, standing in fates:
                fate.asked(Standing("line", standing.attempts))


async def _told(
    fates: Sequence[tuple[Fate, Standing]], step: Callable[[], Awaitable[None]]
) -> None:
    if not fates:
        return
    for fate, standing in fates:
        fate.asked(standing)
    await step()
    for fate, standing in fates:
        fate.answered(standing)
