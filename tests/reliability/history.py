"""A store's life over several power cuts, by chance from a seed."""

import random
from collections.abc import Mapping
from typing import Final

import msgspec

from tests.reliability.answers import Answers
from tests.reliability.disk import Disk
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.life import Life, When, written
from tests.reliability.weather import Weather

_STEPS: Final = 300
_SOON, _LATE = 70, 2_500


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A power cut, and what the life before it found of the cut before that.

    Attributes:
        seed: Of the history.
        number: Which life of it, from 1.
        at: In the middle of which act of the disk the power was to fail; 0: after its end.
        when: What the store was doing then.
        act: The act of the disk, such as ``sync store.db-wal``; empty after its end.
        kill: It was the process that was killed, and what it had written was there.
        answered: Events that had been acknowledged, over all its lives.
        trimmed: Of all events, such as had been dropped since nobody needed them.
        filled: Queues that had been filled with the past.
        delivered: Deliveries of this life.
        failures: How often the store said that it could not.
        lost: Deliveries, or events, that were answered and are gone.
        again: Deliveries that were settled, durably, and stand again.
        problems: All that was found, in words.
    """

    seed: int
    number: int
    at: int
    when: When
    act: str
    kill: bool
    answered: int
    trimmed: int
    filled: int
    delivered: int
    failures: int
    lost: int
    again: int
    problems: tuple[str, ...]


class History:
    """Power cuts on one store. What is asked, when the power fails and what is left by then are
    the seed's; the turns that the store's threads take are not.

    Attributes:
        answers: What the store was asked and what it answered.
    """

    def __init__(self, seed: int) -> None:
        """Begin with an empty folder.

        Args:
            seed: What chance is made from.
        """
        self.seed = seed
        self.answers = Answers()
        self._draw = random.Random(f"cuts {seed}")
        self._disk = Disk({}, random.Random(f"disk {seed}"))
        self._clock = JumpingClock(seed=seed)
        self._lives = 0

    def begin_with(self, files: Mapping[str, bytes]) -> None:
        """Begin with an older store: its files, by name."""
        self._disk = Disk(files, random.Random(f"disk {self.seed}"))

    @property
    def left(self) -> Mapping[str, bytes]:
        """What the last cut left, by name."""
        return self._disk.contents

    async def run(self, cuts: int) -> list[Cut]:
        """So many cuts, and two more after an orderly end; fewer where something is wrong."""
        found: list[Cut] = []
        while len(found) < cuts and not any(cut.problems for cut in found):
            # Many while the store is opened, or recovers from the one before.
            latest = _SOON if self._draw.random() < 0.4 else _LATE
            at, kill = self._draw.randint(1, latest), self._draw.random() < 0.25
            found.append(await self.cut(at, kill=kill))
        if not any(cut.problems for cut in found):
            found.append(await self.cut(0, steps=20))
            found.append(await self.cut(0, steps=0))
        return found

    async def cut(
        self, at: int, *, steps: int = _STEPS, stormy: bool = False, kill: bool = False
    ) -> Cut:
        """One life and its end.

        Args:
            at: In the middle of which act the power fails; 0: when the store was closed.
            steps: How much work there is.
            stormy: Whether the disk has other faults as well until then.
            kill: The process is killed, and what it wrote is there, synced or not.
        """
        self._lives += 1
        before, self._disk = self._disk, self._disk.next(cut_at=at, kill=kill)
        disk = self._disk
        # Of its own: how often a load draws depends on how fast the store is.
        draw = random.Random(f"load {self.seed} {self._lives}")
        weather = Weather(disk, draw) if stormy else None
        life = Life(disk, self.answers, self._clock, draw, weather)
        with written(before.contents) as folder:
            await life.live(folder, steps)
        return Cut(
            seed=self.seed,
            number=self._lives,
            at=at,
            when=life.when,
            act="" if not at else disk.last,
            kill=disk.left is None,
            answered=self.answers.answered,
            trimmed=self.answers.trimmed,
            filled=self.answers.fills,
            delivered=life.delivered,
            failures=life.failures,
            lost=life.lost,
            again=life.again,
            problems=tuple(life.problems),
        )
