"""What happens to a store's past: queues are filled with it, and what nobody needs is dropped."""

import random
from typing import Final

from keybus.bus.engine import Cursor, Engine
from tests.reliability.answers import GONE, WAITING, Answers, Fate, Filled, Queue

_PAGE: Final = 40
"""Events that a queue is filled with in one step, at most."""
_STEP: Final = 6
"""Ranges of the log that are looked at in one step of trimming, at most."""
_KEPT: Final = 20
"""Appends at the log's end that are never dropped."""
_NEVER: Final = Fate(GONE)


def chosen(position: int) -> bool:
    """Whether a queue that begins in the past is to be filled with this event."""
    return position % 3 > 0


class Past:
    """Fills queues and trims the log, and notes what is asked and what is answered.

    Args:
        engine: The engine.
        answers: Where answers are noted.
        draw: What chance is made from.
    """

    def __init__(self, engine: Engine, answers: Answers, draw: random.Random) -> None:
        self._engine, self._answers, self._draw = engine, answers, draw

    async def fill(self, cursor: Cursor, queue: Queue) -> None:
        """Go through the log until the queue is whole.

        Raises:
            EngineError: The cursor is spent, or the store fails.
        """
        while cursor.filled is not None:
            page = [event.position async for event in self._engine.read(after=cursor.filled)]
            page = page[: self._draw.randint(1, _PAGE)]
            await self._fill_page(cursor, queue, page)

    async def _fill_page(self, cursor: Cursor, queue: Queue, page: list[int]) -> None:
        assert cursor.filled is not None
        positions = [each for each in page if chosen(each)]
        through = Filled(page[-1] if page else None)
        queue.chosen.update(positions)
        # Nothing of it can be settled yet: what is gone was never there.
        added = [each for each in positions if queue.fates.get(each, _NEVER).certain == GONE]
        for position in added:
            fate = queue.fate(position)
            fate.seen(GONE)
            fate.asked(WAITING)
        queue.filled.add(through)
        last = cursor.filled if through.through is None else through.through
        await cursor.fill(positions, last, whole=not page)
        queue.filled = {through}
        for position in added:
            queue.fates[position].answered(WAITING)
        self._answers.fills += not page

    async def trim(self) -> None:
        """Drop what is older than some append, step by step.

        Raises:
            EngineError: The store fails.
        """
        answers, after, more = self._answers, 0, True
        old = answers.appends[:-_KEPT]
        if not old:
            return
        before = self._draw.choice(old).at
        answers.trimmed_before = max(answers.trimmed_before, before)
        doubted = answers.trimming or any(each.is_doubtful for each in old)
        while more:
            answers.trimming = True
            step = await self._engine.trim(before, after=after, limit=self._draw.randint(1, _STEP))
            answers.trimming = doubted
            answers.trimmed += step.events
            after, more = step.through, step.more
