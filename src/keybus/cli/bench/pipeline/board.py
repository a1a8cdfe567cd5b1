"""Numbers that the processes of one round share: a small file that each of them has mapped."""

import mmap
import time
from pathlib import Path
from typing import Final

_BEGIN, _STOP, _TAKEN = range(3)
_DELIVERED: Final = 8
MOST_SUBSCRIPTIONS: Final = 24
_BYTES: Final = 8 * (_DELIVERED + MOST_SUBSCRIPTIONS)


def now_us() -> int:
    """Microseconds on a clock that all processes of the machine share, and that only goes on."""
    return time.monotonic_ns() // 1000


class Board:
    """When a round begins and ends, and how far everybody is. Each number has one writer.

    Args:
        path: The file; made by whoever says how many subscriptions there are.
        subscriptions: How many there are.
        make: Make it anew.
    """

    def __init__(self, path: Path, subscriptions: int, *, make: bool = False) -> None:
        if make:
            path.write_bytes(bytes(_BYTES))
        self._subscriptions = subscriptions
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _BYTES)
        self._numbers = memoryview(self._map).cast("q")

    @property
    def begin_us(self) -> int:
        """When the load begins; 0 while that is not settled."""
        return self._numbers[_BEGIN]

    def begin(self, at_us: int) -> None:
        """Settle when the load begins."""
        self._numbers[_BEGIN] = at_us

    @property
    def stopped(self) -> bool:
        """Whether consumers are to end."""
        return bool(self._numbers[_STOP])

    def stop(self) -> None:
        """Let consumers end."""
        self._numbers[_STOP] = 1

    @property
    def taken(self) -> int:
        """Events that the bus has acknowledged to the publisher."""
        return self._numbers[_TAKEN]

    @taken.setter
    def taken(self, count: int) -> None:
        self._numbers[_TAKEN] = count

    def deliver(self, subscription: int, count: int) -> None:
        """A subscription has got so many in all."""
        self._numbers[_DELIVERED + subscription] = count

    @property
    def delivered(self) -> list[int]:
        """Events that each subscription has got."""
        return list(self._numbers[_DELIVERED : _DELIVERED + self._subscriptions])

    @property
    def lag(self) -> int:
        """Events by which the slowest subscription is behind; 0 where there is none."""
        return self.taken - min(self.delivered) if self._subscriptions else 0

    def close(self) -> None:
        """Let go of the file."""
        self._numbers.release()
        self._map.close()
