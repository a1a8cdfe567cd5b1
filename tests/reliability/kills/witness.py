"""All that came to one subscription, and whether it may come."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from tests.reliability.kills.journal import Connected, Durable, Receipt, Settled, Squeezed
from tests.reliability.kills.order import Order

IN_FLIGHT: Final = "in flight at a kill"
CONNECTION_LOST: Final = "in flight when its connection was lost"
NOT_KEPT: Final = "settled while the disk was full"
ASKED: Final = "failed, and asked for again"
UNEXPLAINED: Final = ""


class _Last(msgspec.Struct, frozen=True):
    """How a delivery came last, and whether the consumer said that it failed."""

    life: int
    connection: int
    squeezes: int
    failed: bool = False


class Witness:
    """Watches one subscription; everything is told to it in the order in which it happened.

    Attributes:
        name: The subscription's name.
        places: Of each event that came, by its number, the log positions at which it came.
    """

    def __init__(self, name: str, selects: Callable[[int], bool], orders: Sequence[Order]) -> None:
        self.name = name
        self.places: dict[int, set[int]] = {}
        self._selects, self._orders = selects, orders
        self._last: dict[int, _Last] = {}
        self._durable: set[int] = set()
        self._life = self._connection = 0
        self._certain = False  # whether the first acknowledgements are those that are durable
        self._squeezes, self._full_in = 0, 0  # the life in which the disk is full; 0: it is not
        self._acked: list[int] = []

    def takes(self, act: Connected | Settled | Durable | Squeezed) -> None:
        """Something happened to its consumer, or to the bus."""
        match act:
            case Connected():
                self._connects(act.life)
            case Settled():
                self._settles(act)
            case Durable():
                self._knows(act)
            case Squeezed():
                self._full_in = act.life if act.full else 0
                self._squeezes += 1
                self._certain = False
                for order in self._orders:
                    order.disturbed()

    def _connects(self, life: int) -> None:
        self._connection += 1
        if life != self._life:
            self._life, self._certain, self._acked = life, self._full_in != life, []
        else:
            self._certain = False
        for order in self._orders:
            order.connects()
            if self._full_in == life:  # it was full before anybody was there
                order.disturbed()

    def _settles(self, act: Settled) -> None:
        self._acked += act.acked
        for position in act.failed:
            last = self._last[position]
            self._last[position] = msgspec.structs.replace(last, failed=True)
        for order in self._orders:
            order.settled(act.acked, act.failed)

    def _knows(self, act: Durable) -> None:
        # The first ones: what comes over one connection is settled in the order in which it came.
        if act.life == self._life and self._certain:
            self._durable.update(self._acked[: act.count])

    def receives(self, receipt: Receipt, frame: int) -> tuple[str | None, list[str]]:
        """A delivery comes.

        Args:
            receipt: The delivery.
            frame: The frame that it came in: the nth of all.

        Returns:
            None where it comes for the first time, else why it comes again; and what is wrong.
        """
        position, number = receipt.position, receipt.number
        told = [order.takes(receipt, frame) for order in self._orders]
        wrong = [each for each in told if each]
        if position in self._durable:
            wrong.append(f"{position} CAME BACK: its acknowledgement was durable")
        if not (receipt.sound and self._selects(number)):
            wrong.append(f"{position} is not an event that was put, or not for this subscription")
        places = self.places.setdefault(number, set())
        last = self._last.get(position)
        cause = self._cause(last) if places else None
        if cause == UNEXPLAINED:
            wrong.append(f"{position} came twice, without a cause")
        places.add(position)
        squeezes = self._squeezes - (self._full_in == self._life)
        self._last[position] = _Last(self._life, self._connection, squeezes)
        return cause, wrong

    def missing(self, acknowledged: Iterable[int]) -> Iterator[int]:
        """Which of these had to come, and did not."""
        for number in acknowledged:
            if self._selects(number) and number not in self.places:
                yield number

    def _cause(self, last: _Last | None) -> str:
        """Why an event comes that came before."""
        if last is None:
            return UNEXPLAINED  # it stands in the log twice, however often it was put
        if last.failed:
            return ASKED
        if last.life != self._life:
            return IN_FLIGHT
        if last.connection != self._connection:
            return CONNECTION_LOST
        return NOT_KEPT if last.squeezes != self._squeezes else UNEXPLAINED
