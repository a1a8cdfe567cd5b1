"""The order in which deliveries have to come: a check for each promise."""

from collections.abc import Iterable
from typing import Protocol

from tests.reliability.kills.event import key_of
from tests.reliability.kills.journal import Receipt

_FAILED = -1


class Order(Protocol):
    """Watches one subscription, in the order in which things happened."""

    def connects(self) -> None:
        """A consumer comes anew: the bus was killed, or its connection lost."""
        ...

    def disturbed(self) -> None:
        """The bus's disk is full, or no longer."""
        ...

    def takes(self, receipt: Receipt, frame: int) -> str:
        """What is wrong with a delivery coming now, in the nth frame; empty: nothing."""
        ...

    def settled(self, acked: Iterable[int], failed: Iterable[int]) -> None:
        """The consumer said this of deliveries, by position."""
        ...


class LogOrder:
    """From one kill to the next, or to a full disk, first deliveries come in the log's order.

    What was out at a kill comes back one by one, each written down before; where that cannot be
    written, others are delivered meanwhile.
    """

    def __init__(self) -> None:
        self._disturbed = False
        self._newest = 0
        self._came: set[int] = set()

    def connects(self) -> None:
        """What was in flight comes again, from where the store says."""
        self._disturbed = False
        self._newest = 0
        self._came.clear()

    def disturbed(self) -> None:
        """Whatever is as good as any other now goes as it can."""
        self._disturbed = True

    def takes(self, receipt: Receipt, frame: int) -> str:  # noqa: ARG002 - any frame will do
        """A first attempt comes after all that came before it in this life."""
        position = receipt.position
        if self._disturbed or receipt.attempt > 1 or position in self._came:
            return ""
        self._came.add(position)
        if position < self._newest:
            return f"{position} came after {self._newest}"
        self._newest = position
        return ""

    def settled(self, acked: Iterable[int], failed: Iterable[int]) -> None:
        """It makes no difference."""


class KeyOrder:
    """For subscriptions with order by key that blocks, over all lives of the bus.

    Of a key, one batch is out at a time: nothing comes while an earlier one, of another frame, is
    out, or failed and has not come again, or was out when the bus was killed. What failed comes
    after those of its own batch that did not. What was settled while the disk was full may not be
    known to the store: it comes again from where that began.
    """

    def __init__(self) -> None:
        self._disturbed = False
        self._newest: dict[str, int] = {}
        self._newest_here: dict[str, int] = {}
        self._out: dict[str, dict[int, int]] = {}  # of a key, by position, the frame it came in
        self._keys: dict[int, str] = {}

    def connects(self) -> None:
        """What was not settled comes again, before anything that follows it."""
        self._disturbed = False
        self._newest_here.clear()

    def disturbed(self) -> None:
        """A key's order holds on a full disk as well, but what came may come again."""
        self._disturbed = True

    def takes(self, receipt: Receipt, frame: int) -> str:
        """None comes before its turn."""
        position, key = receipt.position, key_of(receipt.number)
        first = position not in self._keys
        self._keys[position] = key
        out = self._out.setdefault(key, {})
        newest = self._newest.get(key, 0) if first else self._newest_here.get(key, 0)
        if out.get(position) == _FAILED:
            newest = 0  # others of its own batch may have been settled
        if self._disturbed and not first:
            newest = 0
        self._newest[key] = max(self._newest.get(key, 0), position)
        self._newest_here[key] = max(self._newest_here.get(key, 0), position)
        out[position] = frame
        before = [each for each, its in out.items() if its != frame and each < position]
        if position < newest:
            return f"{position} came after {newest} of {key!r}"
        return f"{position} came before {min(before)} of {key!r} was settled" if before else ""

    def settled(self, acked: Iterable[int], failed: Iterable[int]) -> None:
        """What failed stays out until it comes again."""
        for position in acked:
            self._out[self._keys[position]].pop(position, None)
        for position in failed:
            self._out[self._keys[position]][position] = _FAILED
