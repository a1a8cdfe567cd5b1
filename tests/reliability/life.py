"""One life of a store on a simulated disk: opened, looked at, worked on, until the power fails."""

import asyncio
import contextlib
import random
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import apsw

from keybus.bus.audit.log import AuditLog
from keybus.engines.sqlite import SqliteEngine, checkpointer, committer, ledger
from keybus.errors import KeybusError
from keybus.governance.audit import audit_key
from tests.reliability.answers import Answers
from tests.reliability.disk import Disk
from tests.reliability.inspection import Inspection, check_integrity
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.load import Load
from tests.reliability.simulated_vfs import SimulatedVFS
from tests.reliability.weather import Weather

STORE: Final = "store.db"
_KEY: Final = audit_key(b"a sealing key of 32 bytes, or so")
_HURRIED: Final = (
    (checkpointer, "INTERVAL", 0.002),
    (checkpointer, "RETRY", 0.002),
    (committer, "WAL_PAGES", 60),
    (ledger, "SPARSE_LIMIT", 64),
    (ledger, "TRIM_EVERY", 64),
)
"""What seldom happens in a short life has to happen often."""

When = Literal["opening", "recovering", "working", "ending"]


class Life:
    """From one power cut to the next.

    Attributes:
        when: What the store was doing when the power failed.
        delivered: How much it delivered.
        lost: Deliveries, or events, that had been answered and are gone.
        again: Deliveries that had been settled, durably, and stand again.
        failures: How often the store said that it could not.
        problems: All that was found, in words.
    """

    def __init__(
        self,
        disk: Disk,
        answers: Answers,
        clock: JumpingClock,
        draw: random.Random,
        weather: Weather | None = None,
    ) -> None:
        """Begin.

        Args:
            disk: What the last life left, and when the power will fail.
            answers: What was answered in all lives before.
            clock: The store's.
            draw: What chance is made from.
            weather: What else goes wrong with the disk; None: nothing.
        """
        self._weather = weather
        self._disk, self._answers, self._clock, self._draw = disk, answers, clock, draw
        self.when: When = "opening"
        self.delivered = self.failures = self.lost = self.again = 0
        self.problems: list[str] = []

    async def live(self, folder: Path, steps: int) -> None:
        """Open the store, look at it, work on it, and end it in order where it still stands.

        Args:
            folder: Where its files are.
            steps: How much work there is.
        """
        with contextlib.closing(SimulatedVFS(self._disk)) as vfs, hurried():
            try:
                engine = SqliteEngine.at(folder / STORE, clock=self._clock, vfs=vfs.name)
                try:
                    await self._use(engine, folder / STORE, vfs, steps)
                finally:
                    with contextlib.suppress(apsw.Error):
                        await engine.close()
            except (KeybusError, apsw.Error, TimeoutError) as error:
                if not self._disk.off:  # otherwise it has every reason to fail
                    self.problems.append(f"{self.when} fails: {type(error).__name__}: {error}")
                    self.lost += 1
            finally:
                self._disk.cut()

    async def _use(self, engine: SqliteEngine, path: Path, vfs: SimulatedVFS, steps: int) -> None:
        audit = await AuditLog.open(engine.documents, self._clock, _KEY)
        try:
            self.when = "recovering"
            await self._inspect(engine, audit)
            self.problems += check_integrity(path, vfs.name)
            self.when = "working"
            load = Load(
                engine,
                audit,
                self._answers,
                clock=self._clock,
                draw=self._draw,
                alive=lambda: not self._disk.off,
            )
            await self._work(load, steps)
            self.problems += load.problems
            self.delivered, self.failures = load.delivered, load.failures
            if not self._disk.off:
                self.when = "ending"
        finally:
            with contextlib.suppress(KeybusError):
                await audit.close()

    async def _work(self, load: Load, steps: int) -> None:
        if self._weather is None:
            await load.run(steps)
            return
        changing = asyncio.create_task(self._weather.run())
        try:
            # What is to be removed may be gone or not after a fault: nobody could say more.
            await load.run(steps, removing=False)
        finally:
            changing.cancel()
            await asyncio.wait([changing])
        await load.proves_well()

    async def _inspect(self, engine: SqliteEngine, audit: AuditLog) -> None:
        inspection = Inspection(engine, self._answers, self._clock)
        try:
            await inspection.run(audit)
        finally:
            self.problems += inspection.problems
            self.lost, self.again = inspection.lost, inspection.again


@contextlib.contextmanager
def written(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder with these files, for as long as it is used."""
    with tempfile.TemporaryDirectory(prefix="keybus-life-") as name:
        for file, content in files.items():
            (Path(name) / file).write_bytes(content)
        yield Path(name)


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """Checkpoints, and what the ledger does when it is long, happen in the shortest life."""
    usual = [(module, name, getattr(module, name)) for module, name, _ in _HURRIED]
    for module, name, value in _HURRIED:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in usual:
            setattr(module, name, value)
