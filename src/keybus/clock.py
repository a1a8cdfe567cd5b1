"""Time, ids and randomness, through one small object, so that every test can be repeated."""

import asyncio
import random
import time
import uuid
from datetime import UTC, datetime
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
        return str(uuid.uuid4())

    def hex(self, digits: int) -> str:
        """Random hexadecimal digits."""
        return f"{random.randrange(1, 1 << (4 * digits)):0{digits}x}"  # noqa: S311 - trace ids are not secrets

    def random(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - jitter is no secret

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)


SYSTEM = SystemClock()


def rfc3339(time_us: int, *, fraction: bool = True) -> str:
    """Microseconds since the epoch as RFC 3339 in UTC: ``2026-01-31T08:00:00.000Z``.

    Args:
        time_us: Microseconds since the Unix epoch.
        fraction: With milliseconds, or to the whole second as EventBridge's envelope has it.
    """
    seconds, rest = divmod(time_us, 1_000_000)
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{rest // 1000:03d}Z" if fraction else f"{stamp}Z"
