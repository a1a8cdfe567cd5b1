"""For users' own tests: a whole bus in memory, and a clock that the test sets."""

from keybus.testing.bus import InMemoryBus
from keybus.testing.clock import ManualClock

__all__ = ["InMemoryBus", "ManualClock"]
