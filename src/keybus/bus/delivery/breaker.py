"""A circuit breaker: who fails is left alone, and asked again now and then."""

from typing import Literal

from keybus.backoff import backoff
from keybus.clock import Clock

State = Literal["closed", "open", "half-open"]
THRESHOLD = 5
"""Failures in a row after which a webhook is left alone."""


class Breaker:
    """Whether somebody is asked now. Belongs to one event loop.

    ``closed`` lets everything through. After as many failures in a row as its threshold it is
    ``open`` for a while and lets nothing through, then ``half-open``: one delivery is tried. If it
    gets through the breaker is closed, and else open again, for longer.

    Args:
        clock: Time and jitter.
        first: Seconds for which it is open at first, at most.
        longest: The same after many failures.
        threshold: Failures in a row that open it.
    """

    def __init__(
        self, clock: Clock, *, first: float, longest: float, threshold: int = THRESHOLD
    ) -> None:
        self._clock, self._first, self._longest = clock, first, longest
        self._threshold = threshold
        self._failures = self._openings = 0
        self._until = 0.0
        self._is_open = False

    @property
    def state(self) -> State:
        """How it stands."""
        if not self._is_open:
            return "closed"
        return "open" if self.remaining > 0 else "half-open"

    @property
    def remaining(self) -> float:
        """Seconds until one delivery is tried; 0: now."""
        return max(0.0, self._until - self._clock.monotonic()) if self._is_open else 0.0

    def succeeded(self) -> None:
        """Whoever was asked managed it."""
        self._failures = self._openings = 0
        self._is_open = False

    def failed(self) -> None:
        """They did not, or said that they cannot now."""
        if self.state == "open":
            return  # what was under way when it opened says nothing new
        self._failures += 1
        if self._is_open or self._failures >= self._threshold:
            self._openings += 1
            # Half of the bound is certain: a target that is down is not asked at once.
            bound = min(self._longest, self._first * 2.0 ** min(self._openings - 1, 32))
            jitter = backoff(1, self._clock, first=bound / 2, longest=bound / 2)
            self._until = self._clock.monotonic() + bound / 2 + jitter
            self._is_open = True
