"""A run: load on a bus that is killed at random moments, then everything drained and judged."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from keybus.protocol import SubscriptionInfo
from tests.reliability.kills.consumer import Consumer
from tests.reliability.kills.event import LATE, REPLAYED, SELECTIONS
from tests.reliability.kills.journal import (
    Declared,
    Drained,
    Durable,
    Journal,
    Killed,
    Squeezed,
    Started,
    read,
)
from tests.reliability.kills.judge import Verdict, judge
from tests.reliability.kills.link import Link
from tests.reliability.kills.publisher import Publisher
from tests.reliability.kills.replayer import Replayer, is_replaying
from tests.reliability.kills.victim import Victim

_PUBLISHERS: Final = 3
_SQUEEZING: Final = 0.2
_PAUSE: Final = 0.03
_KILLS_A_LATE: Final = 20
"""After so many kills each, another subscription is declared."""
_WINDOW: Final = 150
_TIMEOUT: Final = aiohttp.ClientTimeout(total=20)
_LOOK_SECONDS: Final = 0.05
_DRAIN_SECONDS: Final = 60.0
_infos = msgspec.json.Decoder(list[SubscriptionInfo])

Progress = Callable[[str], None]


class Run:
    """One bus, its load and its killer. What is put, how it is settled and when the bus is killed
    are the seed's; how fast the machine is meanwhile is not.

    Args:
        folder: Where the bus and the journal are kept.
        seed: What chance is made from.
        progress: Told how it goes.
    """

    def __init__(self, folder: Path, seed: int, progress: Progress = lambda _: None) -> None:
        self._victim = Victim(folder)
        self._journal = Journal(folder / "journal.jsonl")
        self._seed, self._progress = seed, progress
        self._draw = random.Random(f"kills {seed}")
        self._put = self._kills = self._late = 0
        self._consumers: list[Consumer] = []
        self._consuming: list[asyncio.Task[None]] = []

    async def run(self, kills: int, *, seconds: float = float("inf")) -> Verdict:
        """Kill so often, or for so long; then drain and judge.

        Raises:
            RuntimeError: The bus does not start.
        """
        try:
            await self._start()
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
                link = Link(session, self._victim, self._journal)
                self._consuming.append(asyncio.create_task(self._watch(link)))
                for name in (*SELECTIONS, REPLAYED):
                    self._consume(link, name)
                try:
                    await self._kill_under_load(link, kills, seconds)
                    await self._drain(link)
                finally:
                    await _end(self._consuming)
        finally:
            await self._victim.kill()
            self._journal.close()
        return await asyncio.to_thread(lambda: judge(read(self._journal.path)))

    async def _kill_under_load(self, link: Link, kills: int, seconds: float) -> None:
        stop, ends = asyncio.Event(), time.monotonic() + seconds
        publishers = [self._publisher(link, number) for number in range(_PUBLISHERS)]
        publishing = [asyncio.create_task(each.run(stop)) for each in publishers]
        publishing.append(asyncio.create_task(Replayer(link).run(stop)))
        try:
            while self._kills < kills and time.monotonic() < ends:
                if self._draw.random() < _SQUEEZING:
                    await self._squeeze()
                await self._kill_and_start(link)
            stop.set()
            await asyncio.gather(*publishing)
        finally:
            await _end(publishing)

    async def _kill_and_start(self, link: Link) -> None:
        """Kill it some time after it is ready; now and then once more before it is."""
        latest = self._draw.choices((0.05, 0.8, 2.0), (25, 65, 10))[0]
        await asyncio.sleep(self._draw.uniform(0, latest))
        await self._kill()
        self._declare(link)
        while self._draw.random() < 0.1:
            await self._victim.spawn()
            await asyncio.sleep(self._draw.uniform(0, 0.8))
            await self._kill()
        await self._start()

    def _declare(self, link: Link) -> None:
        """Now and then the platform has one more subscription that begins in the past."""
        if self._late < len(LATE) and self._kills > self._late * _KILLS_A_LATE:
            name = [*LATE][self._late]
            self._late += 1
            self._victim.declare(self._late)
            self._journal.note(Declared(name))
            self._consume(link, name)

    async def _squeeze(self) -> None:
        """Its disk is full for a while."""
        await asyncio.sleep(self._draw.uniform(0, 0.3))
        if self._victim.squeeze(self._draw.randint(0, 100_000)):
            self._journal.note(Squeezed(self._victim.life, full=True))
            await asyncio.sleep(self._draw.uniform(0.1, 0.6))
            self._victim.squeeze(None)
            self._journal.note(Squeezed(self._victim.life, full=False))

    async def _start(self) -> None:
        await self._victim.spawn()
        await self._victim.ready()
        self._journal.note(Started(self._victim.life))

    async def _kill(self) -> None:
        await self._victim.kill()
        self._journal.note(Killed(self._victim.life))
        self._kills += 1
        if self._kills % 25 == 0:
            self._progress(f"{self._kills} kills, {self._put} events put")

    async def _watch(self, link: Link) -> None:
        """Ask all the time how many acknowledgements are durable."""
        while True:
            life = self._victim.life
            for info in await _states(link):
                if life == self._victim.life:
                    self._journal.note(Durable(info.name, life, info.acknowledged))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _drain(self, link: Link) -> None:
        """Until nothing waits any more, or nothing comes any more."""
        came, since = -1, time.monotonic()
        while True:
            states = await _states(link)
            idle = bool(states) and not any(
                each.waiting or each.in_flight or each.filling for each in states
            )
            idle = idle and not await is_replaying(link)
            total = sum(each.came for each in self._consumers)
            if total != came:
                came, since = total, time.monotonic()
            elif idle or time.monotonic() - since > _DRAIN_SECONDS:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        for each in states:
            self._journal.note(Drained(each.name, each.waiting, each.in_flight, each.dead))

    def _numbers(self, count: int) -> int:
        first = self._put + 1
        self._put += count
        return first

    def _consume(self, link: Link, name: str) -> None:
        draw = random.Random(f"{name} {self._seed}")
        self._consumers.append(consumer := Consumer(link, name, draw, window=_WINDOW))
        self._consuming.append(asyncio.create_task(consumer.run()))

    def _publisher(self, link: Link, number: int) -> Publisher:
        draw = random.Random(f"publisher {number} {self._seed}")
        return Publisher(link, number, self._numbers, draw, pause=_PAUSE)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """End tasks; what one of them failed with is raised."""
    for task in tasks:
        task.cancel()
    for end in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(end, Exception):
            raise end


async def _states(link: Link) -> list[SubscriptionInfo]:
    """How the subscriptions stand; empty where nobody answers."""
    try:
        async with link.session.get(link.address("/subscriptions")) as answer:
            return _infos.decode(await answer.read())
    except (aiohttp.ClientError, OSError, TimeoutError):
        return []
