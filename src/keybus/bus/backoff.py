"""How long to wait before the next attempt: exponential, with full jitter."""

from keybus.clock import Clock

BASE_SECONDS = 0.2
CAP_SECONDS = 60.0


def delay(
    attempt: int, clock: Clock, *, base: float = BASE_SECONDS, cap: float = CAP_SECONDS
) -> float:
    """Seconds to wait after the ``attempt``-th failure (from 1).

    Full jitter: uniform between 0 and the exponential bound. Source: "Exponential Backoff And
    Jitter", AWS Architecture Blog.
    """
    bound = min(cap, base * 2.0 ** min(attempt - 1, 32))
    return bound * clock.random()
