"""Faults of a disk that come and go by chance while a store works on it."""

import asyncio
import random
from collections.abc import Mapping
from typing import Final

import apsw

from tests.reliability.disk import Disk, Fault, Verb

_CODES: Final[Mapping[Verb, int]] = {
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
}
_CALM, _STORM = 0.03, 0.02
"""Seconds, at most, without a fault, and with one."""


class _Failure(apsw.IOError):
    def __init__(self, code: int) -> None:
        super().__init__("the disk fails")
        self.extendedresult = code


def full() -> Fault:
    """No room: whatever would make a file longer fails."""
    return Fault("write", lambda: apsw.FullError("the disk is full"), growing=True)


def failing(verb: Verb, *, times: float = float("inf"), after: int = 0) -> Fault:
    """Syncs, reads or writes that fail, for so often."""
    return Fault(verb, lambda: _Failure(_CODES[verb]), times=times, after=after)


class Weather:
    """Makes faults on a disk, one after another.

    Attributes:
        faults: How many there were.
    """

    def __init__(self, disk: Disk, draw: random.Random) -> None:
        self._disk, self._draw = disk, draw
        self.faults = 0

    async def run(self) -> None:
        """Until it is cancelled; then the disk is well again."""
        try:
            while True:
                await asyncio.sleep(self._draw.uniform(0, _CALM))
                self._disk.faults.append(self._fault())
                self.faults += 1
                await asyncio.sleep(self._draw.uniform(0, _STORM))
                self._disk.faults.clear()
        finally:
            self._disk.faults.clear()

    def _fault(self) -> Fault:
        if self._draw.random() < 0.25:
            return full()
        verb = self._draw.choice(tuple(_CODES))
        times = self._draw.choice((1, 3, float("inf")))
        return failing(verb, times=times, after=self._draw.randint(0, 20))
