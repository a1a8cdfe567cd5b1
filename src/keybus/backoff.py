"""How long to wait before the next attempt: exponential, with full jitter."""

from keybus.clock import Clock


def backoff(failures: int, clock: Clock, *, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row (from 1).

    Uniform between 0 and a bound that doubles with each failure. Source: "Exponential Backoff And
    Jitter", AWS Architecture Blog.

    Args:
        failures: How many there were.
        clock: Where the jitter comes from.
        first: The bound after the first failure, in seconds.
        longest: The bound that is never passed, in seconds.
    """
    return min(longest, first * 2.0 ** min(failures - 1, 32)) * clock.random()
