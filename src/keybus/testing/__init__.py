"""For users' own tests: a whole bus in memory, and a clock that the test sets."""

try:
    from keybus.testing.bus import InMemoryBus
except ModuleNotFoundError as error:
    if (error.name or "").startswith("keybus"):
        raise
    raise ModuleNotFoundError(
        f"keybus.testing needs an extra: pip install 'keybus[server]' ({error.name} is missing)",
        name=error.name,
    ) from None
from keybus.testing.clock import ManualClock

__all__ = ["InMemoryBus", "ManualClock"]
