"""How long a client waits before it tries again."""

from keybus.clock import Clock

_FIRST_SECONDS, _LONGEST_SECONDS = 0.1, 5.0


def pause(failures: int, clock: Clock) -> float:
    """Seconds to wait after so many failures in a row: exponential, with full jitter."""
    bound = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(failures - 1, 16))
    return bound * clock.random()
