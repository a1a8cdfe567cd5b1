"""The power fails while a whole bus works, and while another platform is put in force on it."""

import contextlib
import random
from pathlib import Path

import apsw
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.engines.sqlite import SqliteEngine
from keybus.envelope import decode
from keybus.errors import KeybusError
from tests.reliability.disk import Disk
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.kills.event import number_of
from tests.reliability.life import STORE, hurried, written
from tests.reliability.simulated_vfs import SimulatedVFS
from tests.reliability.small_bus import declared, put
from tests.unit.bus.consuming import Consumer

LIVES = 6


class Lives:
    """A bus that is started with one of two platforms, and works until the power fails."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.answered: list[int] = []
        self.clock = JumpingClock(seed=seed)
        self._platforms = [declared(folder / str(late), late=late) for late in (False, True)]
        self._draw = random.Random(seed)
        self._disk = Disk({}, self._draw)
        self._number = 0

    async def live(self) -> None:
        """Start, work, and die."""
        self._disk, before = self._disk.next(cut_at=self._draw.randint(60, 600)), self._disk
        with (
            contextlib.closing(SimulatedVFS(self._disk)) as vfs,
            hurried(),
            written(before.contents) as folder,
        ):
            with contextlib.suppress(KeybusError, apsw.Error):
                engine = SqliteEngine.at(folder / STORE, clock=self.clock, vfs=vfs.name)
                try:
                    await self._work(engine)
                finally:
                    await engine.close()
            self._disk.cut()

    async def _work(self, engine: SqliteEngine) -> None:
        bus = await start(self._draw.choice(self._platforms), engine, self.clock)
        try:
            while not self._disk.off:
                self._number += 1
                [result] = await put(bus, self._number)
                if result.event_id:
                    self.answered.append(self._number)
                if self._draw.random() < 0.05:
                    await bus.apply(self._draw.choice(self._platforms))
        finally:
            await bus.stop()

    async def look(self) -> None:
        """Everything that was answered is delivered, and one platform holds, as a whole."""
        with written(self._disk.contents) as folder:
            engine = SqliteEngine.at(folder / STORE, clock=self.clock)
            bus = await start(None, engine, self.clock)
            assert bus.platform in [each.platform for each in self._platforms]
            assert bus.control.dispatchers.keys() == bus.platform.subscriptions.keys()
            assert (await bus.audit.verify()).ok
            consumer = Consumer(bus, "everything", window=10_000)
            waiting = (await bus.dispatcher("everything").cursor.state()).waiting
            deliveries = await consumer.until(waiting)
            came = [number_of(bytes(decode(each.envelope).detail)) for each in deliveries]
            assert set(self.answered) <= set(came)
            assert came == sorted(set(came))
            await bus.close()


async def start(platform: Declared | None, engine: SqliteEngine, clock: JumpingClock) -> Bus:
    return await Bus.start(platform, engine, admission="off", clock=clock)


@pytest.mark.parametrize("seed", range(4))
async def test_a_bus_keeps_what_it_answered_and_one_platform_over_power_cuts(
    seed: int, tmp_path: Path
) -> None:
    lives = Lives(tmp_path, seed)
    for _ in range(LIVES):
        await lives.live()
    assert lives.answered
    await lives.look()
