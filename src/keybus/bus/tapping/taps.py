"""Everybody who watches."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from keybus.bus.engine import Record
from keybus.bus.tapping.tap import Tap
from keybus.errors import EngineError, Throttled

MOST: Final = 16
"""Tails at once,"""
MOST_EACH: Final = 4
"""and of one account."""


class Taps:
    """The taps that are open. While there are none, an event costs nothing. For one event loop."""

    def __init__(self) -> None:
        self._open: list[Tap] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def tap(self, account: str, may: Callable[[Record], bool]) -> Iterator[Tap]:
        """A tap, for as long as somebody watches.

        Args:
            account: Whose it is; empty on a bus that asks for no credentials.
            may: Whether whoever watches may have an event.

        Raises:
            Throttled: There are too many.
            EngineError: The bus is stopping.
        """
        if self._closed:
            raise EngineError("the bus is stopping")
        of_account = sum(each.account == account for each in self._open)
        if len(self._open) >= MOST or (account and of_account >= MOST_EACH):
            raise Throttled(
                f"{len(self._open)} tails are open, {of_account} of them yours", retry_after=5.0
            )
        tap = Tap(account, may)
        self._open.append(tap)
        try:
            yield tap
        finally:
            self._open.remove(tap)

    def offer(self, records: Sequence[Record], positions: Sequence[int]) -> None:
        """These became durable."""
        for tap in self._open:
            tap.offer(positions, records)

    def close(self) -> None:
        """Nobody may watch any more."""
        self._closed = True
        for tap in self._open:
            tap.close("the bus is stopping")
