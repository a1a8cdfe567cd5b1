"""What time and operators do to a store: clocks, held deliveries, dead letters, queues."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.engine import Cursor, Engine
from tests.reliability.answers import GONE, Answers, Fate, Standing
from tests.reliability.consumer import GROUPS, group_of
from tests.reliability.jumping_clock import JumpingClock

_JUMPS: Final = (-86_400, -3_600, 3_600, 86_400)
_LETTERS: Final = 5
"""Dead letters that are chosen at once."""


class Keeper:
    """Interferes now and then, and notes what is asked and what is answered.

    Args:
        engine: The engine.
        answers: Where answers are noted.
        clock: The engine's.
        draw: What chance is made from.
        opened: Opens a queue, and notes it.
    """

    def __init__(
        self,
        engine: Engine,
        answers: Answers,
        *,
        clock: JumpingClock,
        draw: random.Random,
        opened: Callable[[str], Awaitable[Cursor]],
    ) -> None:
        self._engine, self._answers, self._opened = engine, answers, opened
        self._clock, self._draw = clock, draw

    async def interfere(self, names: Sequence[str]) -> None:
        """Let time pass, and do one of the other things, seldom.

        Args:
            names: The queues that it may touch.

        Raises:
            EngineError: It could not be done.
        """
        self._clock.advance(self._draw.uniform(0, 1))
        chance, name = self._draw.random(), self._draw.choice(names)
        if chance < 0.1:
            self._clock.jump(self._draw.choice(_JUMPS))
        elif chance < 0.2:
            await self._free(name)
        elif chance < 0.23:
            await self._engine.close_queue(name)
        elif chance < 0.26:
            await self._choose(name)

    async def _free(self, name: str) -> None:
        cursor = await self._opened(name)
        queue = self._answers.queues[name]
        group = self._draw.choice((None, *GROUPS))
        held = [
            fate
            for position, fate in queue.fates.items()
            if fate.certain.place == "held" and group in {None, group_of(position)}
        ]
        queue.freeing = True
        try:
            await _moved(
                [(fate, Standing("line", fate.certain.attempts)) for fate in held],
                lambda: cursor.unhold(group),
            )
        finally:
            queue.freeing = False

    async def _choose(self, name: str) -> None:
        """Redrive some dead letters, or delete them."""
        cursor = await self._opened(name)
        queue, letters = self._answers.queues[name], cursor.letters
        found = await letters.page(LetterChoice(), _LETTERS)
        certain = [each for each in found if queue.fate(each.position).certain.place == "dead"]
        choice = LetterChoice(ids=tuple(each.id for each in certain))
        fates = [queue.fate(each.position) for each in certain]
        if self._draw.random() < 0.2:
            await _moved([(fate, GONE) for fate in fates], lambda: letters.purge(choice, _LETTERS))
            return
        for fate in fates:
            fate.aside = True
        await _moved(
            [(fate, Standing("line", 0)) for fate in fates],
            lambda: letters.redrive(choice, _LETTERS),
        )


async def _moved(
    fates: Sequence[tuple[Fate, Standing]], step: Callable[[], Awaitable[int]]
) -> None:
    """Deliveries that nobody has are moved; by the answer, somebody may have had them again."""
    changes = [fate.changes for fate, _ in fates]
    for fate, standing in fates:
        fate.asked(standing)
    await step()
    for (fate, standing), before in zip(fates, changes, strict=True):
        if fate.changes == before:
            fate.answered(standing)
