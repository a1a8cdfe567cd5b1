"""Time, ids and randomness, through one small object, so that every test can be repeated."""

import asyncio
import os
import random
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Where time, ids and randomness come from."""

    def time_us(self) -> int:
        """The time in microseconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean something."""
        ...

    def uuid(self) -> str:
        """A new random UUID (RFC 9562, version 4) in lower case."""
        ...

    def hex(self, digits: int) -> str:
        """That many random hexadecimal digits, never all zero (as W3C trace context asks)."""
        ...

    def random(self) -> float:
        """A number in [0, 1), for jitter."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


_DRAWN = 1 << 16
"""Random bytes drawn at once: a system call for each id would let another thread run each time."""
_digits: list[str] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_digits.clear)  # or both processes would make the same ids


class SystemClock:
    """The real thing."""

    def time_us(self) -> int:
        """The wall clock, in microseconds since the Unix epoch."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds on the machine's monotonic clock."""
        return time.monotonic()

    def uuid(self) -> str:
        """A new random UUID."""
        # The same as uuid.uuid4, at a fifth of its cost: an id is made for every event.
        while True:
            try:
                digits = _digits.pop()
                break
            except IndexError:  # also where another thread took the last one
                drawn = os.urandom(_DRAWN).hex()
                _digits.extend([drawn[at : at + 32] for at in range(0, len(drawn), 32)])
        variant = "89ab"[int(digits[16], 16) & 3]
        return (
            f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
        )

    def hex(self, digits: int) -> str:
        """Random hexadecimal digits."""
        return f"{random.getrandbits(4 * digits) or 1:0{digits}x}"

    def random(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - jitter is no secret

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)


SYSTEM = SystemClock()


async def pause(clock: Clock, seconds: float, stop: asyncio.Event) -> None:
    """Sleep so long, or until an event is set; others have their turn in any case."""
    await asyncio.sleep(0)
    if seconds:
        timer = asyncio.ensure_future(clock.sleep(seconds))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait([timer, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            stopping.cancel()


def rfc3339(time_us: int, *, fraction: bool = True) -> str:
    """Microseconds since the epoch as RFC 3339 in UTC: ``2026-01-31T08:00:00.000Z``.

    Args:
        time_us: Microseconds since the Unix epoch.
        fraction: With milliseconds, or to the whole second as EventBridge's envelope has it.
    """
    seconds, rest = divmod(time_us, 1_000_000)
    stamp = _whole_second(seconds)
    return f"{stamp}.{rest // 1000:03d}Z" if fraction else f"{stamp}Z"


@lru_cache(maxsize=16)
def _whole_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
