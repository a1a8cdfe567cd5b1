"""A soak: cycles in which a backlog grows and shrinks, and everything else happens meanwhile."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.reliability.kills.event import SELECTIONS
from tests.reliability.soak.consumer import Consumer
from tests.reliability.soak.link import Link, Unanswered
from tests.reliability.soak.meters import Meters
from tests.reliability.soak.operator import Operator, timeout
from tests.reliability.soak.project import DRAINED, LATE, POLLED
from tests.reliability.soak.publisher import Publisher
from tests.reliability.soak.report import Report, Trough, growths
from tests.reliability.soak.server import SoakedServer
from tests.reliability.soak.vitals import Vitals, vitals
from tests.unit.bus.targets.authority import Authority
from tests.unit.bus.targets.endpoint import Answer, Endpoint, answers

_LOOKS: Final = 5
_LOOK_SECONDS: Final = 0.3
_SWEPT_SECONDS: Final = 6.0
"""After which a hurried bus has dropped what is old and nobody needs any more."""
_DRAINED_SHARE: Final = 0.5
"""Drained is what has no more waiting than so many seconds of events."""
_PATIENCE: Final = 180.0
_MOST_TOLD: Final = 20
_SELECTED: Final[Mapping[str, Callable[[int], bool]]] = {
    "backlog": SELECTIONS["everything"],
    "evens": SELECTIONS["evens"],
    "ordered": SELECTIONS["thirds"],
    POLLED: SELECTIONS["thirds"],
}
"""Which numbers have to come to each subscription that is consumed to the end."""
_FAILURES: Final[tuple[Answer, ...]] = (
    answers(500, b"out of order"),
    answers(429, Retry_After="1"),
    answers(503),
)

Progress = Callable[[str], None]


class Soak:
    """One run.

    Args:
        folder: Where the bus is kept.
        seed: What chance is made from.
        rate: Events put a second.
        grow_seconds: For how long each cycle's backlog grows.
        hurried: Let the bus have small caches and windows, which are full soon.
        progress: Told how it goes.
    """

    def __init__(
        self,
        folder: Path,
        seed: int = 0,
        *,
        rate: int = 1_000,
        grow_seconds: float = 30.0,
        hurried: bool = True,
        progress: Progress = lambda _: None,
    ) -> None:
        self._folder, self._rate, self._grow_seconds = folder, rate, grow_seconds
        self._hurried = hurried
        self._progress, self._draw = progress, random.Random(f"soak {seed}")
        self._endpoint = Endpoint()
        self._troughs: list[Trough] = []
        self._problems: list[str] = []
        self._began = time.monotonic()
        self._peak = self._backlog = 0

    async def run(self, minutes: float) -> Report:
        """Run whole cycles for about so long, and judge."""
        authority = Authority(self._folder)
        await self._endpoint.start(authority.serving("localhost"))
        self._server = SoakedServer(
            self._folder, authority, self._endpoint.port, hurried=self._hurried
        )
        try:
            await asyncio.to_thread(self._server.open)
            async with aiohttp.ClientSession(timeout=timeout()) as session:
                return await self._soak(session, minutes)
        finally:
            await asyncio.to_thread(self._server.stop)
            await self._endpoint.stop()

    async def _soak(self, session: aiohttp.ClientSession, minutes: float) -> Report:
        desk = Link(session, self._server, self._server.subscriber)
        self._operator = Operator(Link(session, self._server, self._server.token), desk)
        self._publisher = Publisher(Link(session, self._server, self._server.publisher), self._rate)
        names = (*DRAINED, POLLED, LATE)
        self._consumers = {name: Consumer(desk, name, self._draw) for name in names}
        self._began = time.monotonic()
        async with _running(self._watch()), _running(self._consumers[POLLED].poll()):
            async with _running(self._publisher.run()):
                while time.monotonic() < self._began + minutes * 60:
                    await self._cycle(len(self._troughs) + 1)
            await self._end()
        return self._report()

    async def _cycle(self, number: int) -> None:
        """Let a backlog grow, drain it, and look what is left."""
        self._peak = self._backlog = 0
        self._endpoint.then = [*_FAILURES * 100, _FAILURES[0]]
        ends = time.monotonic() + self._grow_seconds
        await self._interfere()
        await asyncio.sleep(max(0.0, ends - time.monotonic()))
        self._backlog = (await self._operator.meters()).of((*DRAINED, LATE))
        self._endpoint.then = [answers(204)]
        self._endpoint.requests.clear()
        async with contextlib.AsyncExitStack() as consuming:
            for name in (*DRAINED, LATE):
                await consuming.enter_async_context(_running(self._consumers[name].run()))
            await self._operator.redrive()
            await self._drained()
            await self._operator.purge()
            await asyncio.sleep(_SWEPT_SECONDS)
            self._troughs.append(await self._trough(number))
        await self._operator.declare(late=False)
        await self._operator.prune()
        self._progress(self._troughs[-1].line)

    async def _interfere(self) -> None:
        operator = self._operator
        await operator.declare(late=True)
        await operator.replay()
        await self._consumers[DRAINED[0]].abandon()
        await operator.tail()
        await operator.pause()
        for _ in range(10):
            await operator.explain(self._publisher.last_id)

    async def _drained(self) -> None:
        most, ends = self._rate * _DRAINED_SHARE, time.monotonic() + _PATIENCE
        while max((await self._waiting()).values()) > most:
            if time.monotonic() > ends:
                raise Unanswered(f"the backlog does not shrink: {await self._waiting()}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _waiting(self) -> dict[str, int]:
        waiting = (await self._operator.meters()).waiting
        return {name: waiting.get(name, 0) for name in (*DRAINED, LATE)}

    async def _trough(self, number: int) -> Trough:
        looks: list[tuple[Vitals, Meters]] = []
        for _ in range(_LOOKS):
            looks.append((await self._vitals(), await self._operator.meters()))
            await asyncio.sleep(_LOOK_SECONDS)
        found = [each for each, _ in looks]
        return Trough(
            cycle=number,
            minute=(time.monotonic() - self._began) / 60,
            events=self._publisher.put,
            backlog=self._backlog,
            waiting=min(meters.of((*DRAINED, LATE)) for _, meters in looks),
            peak=max(self._peak, *(each.resident for each in found)),
            resident=min(each.resident for each in found),
            private=min(each.private for each in found),
            files=min(each.files for each in found),
            threads=min(each.threads for each in found),
            tasks=min(meters.tasks for _, meters in looks),
            store=await self._operator.stored(),
        )

    async def _watch(self) -> None:
        """The most memory in between, and a scrape a second, as Prometheus would."""
        while True:
            self._peak = max(self._peak, (await self._vitals()).resident)
            await self._operator.meters()
            await asyncio.sleep(1.0)

    async def _vitals(self) -> Vitals:
        return await asyncio.to_thread(vitals, self._server.pid)

    async def _end(self) -> None:
        """Everything that was put has to come."""
        async with contextlib.AsyncExitStack() as consuming:
            for name in DRAINED:
                await consuming.enter_async_context(_running(self._consumers[name].run()))
            ends, missing = time.monotonic() + _PATIENCE, self._missing()
            while missing and time.monotonic() < ends:
                await asyncio.sleep(_LOOK_SECONDS)
                missing = self._missing()
        for name, numbers in missing.items():
            self._problems.append(f"LOST: {name}: {len(numbers)} events, from {numbers[:5]}")
        self._lost = sum(map(len, missing.values()))

    def _missing(self) -> dict[str, list[int]]:
        """What was acknowledged and has not come, by subscription."""
        found = {
            name: [
                number
                for number in range(1, self._publisher.put + 1)
                if selects(number) and number not in self._consumers[name].seen
            ]
            for name, selects in _SELECTED.items()
        }
        return {name: numbers for name, numbers in found.items() if numbers}

    def _report(self) -> Report:
        log = self._server.log.read_text("utf-8", "replace")
        if tracebacks := log.count("Traceback"):
            self._problems.append(f"{tracebacks} tracebacks in {self._server.log}")
        return Report(
            rate=self._rate,
            minutes=(time.monotonic() - self._began) / 60,
            events=self._publisher.put,
            deliveries=sum(each.seen.deliveries for each in self._consumers.values()),
            troughs=self._troughs,
            growths=growths(self._troughs),
            lost=self._lost,
            problems=[*self._publisher.problems, *self._problems][:_MOST_TOLD],
        )


@contextlib.asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on until the context is left; what it fails with is raised then."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        [end] = await asyncio.gather(task, return_exceptions=True)
        if isinstance(end, Exception):
            raise end
