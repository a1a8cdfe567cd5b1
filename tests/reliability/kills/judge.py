"""Judges a journal: what was lost, what came twice and why, what came out of order."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from tests.reliability.kills.event import SELECTIONS
from tests.reliability.kills.journal import (
    Act,
    Answered,
    Connected,
    Drained,
    Durable,
    Killed,
    Offered,
    Received,
    Refused,
    Settled,
    Squeezed,
)
from tests.reliability.kills.order import KeyOrder, LogOrder, Order
from tests.reliability.kills.witness import ASKED, Witness

MOST_TOLD: Final = 50
"""Problems that are told in words; the others are counted."""
ORDERS: Final[Mapping[str, Sequence[Callable[[], Order]]]] = {
    name: (KeyOrder if name == "ordered" else LogOrder,) for name in SELECTIONS
}
"""What is promised to each subscription."""


class Verdict(msgspec.Struct, kw_only=True):
    """What a journal says.

    Attributes:
        kills: How often the bus was killed.
        squeezes: How often its disk was full for a while.
        offered: Events that were put.
        put_again: Of these, such as were put more than once, since nobody had answered.
        acknowledged: Events of which the bus said that it had them.
        refused: Events of which it said that it had not, or did not know.
        delivered: Deliveries that came, all told.
        retried: Of these, such as the consumer had asked for once more.
        duplicates: Of these, such as came again without being asked for, by their cause.
        lost: Deliveries of acknowledged events that never came.
        wrong: How much else may not be: duplicates without a cause, broken order, strange events.
        problems: The first of all that, in words.
    """

    kills: int = 0
    squeezes: int = 0
    offered: int = 0
    put_again: int = 0
    acknowledged: int = 0
    refused: int = 0
    delivered: int = 0
    retried: int = 0
    duplicates: dict[str, int] = {}
    lost: int = 0
    wrong: int = 0
    problems: list[str] = []


class Judge:
    """Takes a journal's acts in order; `verdict` at the end."""

    def __init__(
        self,
        orders: Mapping[str, Sequence[Callable[[], Order]]] = ORDERS,
        selections: Mapping[str, Callable[[int], bool]] = SELECTIONS,
    ) -> None:
        """Nothing is known yet.

        Args:
            orders: What is promised to each subscription.
            selections: Which events each asks for.
        """
        self._selections = selections
        self._verdict = Verdict()
        self._causes = Counter[str]()
        self._frames = 0
        self._witnesses = {
            name: Witness(name, [make() for make in orders.get(name, ())]) for name in selections
        }
        self._offered: dict[int, list[int]] = {}  # by publisher, in the order of its puts
        self._again: set[int] = set()
        self._acknowledged: set[int] = set()

    def take(self, act: Act) -> None:
        """The next act."""
        match act:
            case Killed():
                self._verdict.kills += 1
            case Offered():
                self._offer(act)
            case Answered():
                self._acknowledged.update(range(act.first, act.first + act.count))
            case Refused():
                self._verdict.refused += act.count
            case Squeezed():
                self._verdict.squeezes += act.full
                for witness in self._witnesses.values():
                    witness.takes(act)
            case Connected() | Settled() | Durable():
                self._witnesses[act.subscription].takes(act)
            case Received():
                self._receive(act)
            case Drained():
                self._end(act)
            case _:
                pass

    def verdict(self) -> Verdict:
        """What the whole says."""
        verdict = self._verdict
        verdict.offered = sum(len(numbers) for numbers in self._offered.values())
        verdict.put_again = len(self._again)
        verdict.acknowledged = len(self._acknowledged)
        self._find_lost()
        self._find_disorder()
        verdict.retried = self._causes.pop(ASKED, 0)
        verdict.duplicates = dict(self._causes)
        return verdict

    def _offer(self, act: Offered) -> None:
        numbers = range(act.first, act.first + act.count)
        if act.again:
            self._again.update(numbers)
        else:
            self._offered.setdefault(act.publisher, []).extend(numbers)

    def _receive(self, act: Received) -> None:
        witness = self._witnesses[act.subscription]
        self._frames += 1
        for receipt in act.receipts:
            self._verdict.delivered += 1
            cause, wrong = witness.receives(receipt, self._frames)
            if cause is not None:
                self._causes[cause or "unexplained"] += 1
            for problem in wrong:
                self._complain(f"{act.subscription}, life {act.life}: {problem}")

    def _end(self, act: Drained) -> None:
        if act.waiting or act.in_flight or act.dead:
            self._complain(f"{act.subscription} does not end empty: {act}")

    def _find_lost(self) -> None:
        for witness in self._witnesses.values():
            selects = self._selections[witness.name]
            missing = [
                number
                for number in sorted(self._acknowledged)
                if selects(number) and number not in witness.places
            ]
            self._verdict.lost += len(missing)
            if missing:
                self._tell(f"LOST: {witness.name}: {len(missing)} events, from {missing[:5]}")

    def _find_disorder(self) -> None:
        """A publisher's events stand in the log in the order in which it put them."""
        places: dict[int, int] = {}
        for witness in self._witnesses.values():
            for number, found in witness.places.items():
                places[number] = min(found) if number not in places else min(places[number], *found)
        for publisher, numbers in self._offered.items():
            last = 0
            for number in numbers:
                place = places.get(number, last)
                if place < last:
                    self._complain(f"publisher {publisher}: {number} stands before the one before")
                last = place

    def _complain(self, problem: str) -> None:
        self._verdict.wrong += 1
        self._tell(problem)

    def _tell(self, problem: str) -> None:
        if len(self._verdict.problems) < MOST_TOLD:
            self._verdict.problems.append(problem)


def judge(acts: Iterable[Act]) -> Verdict:
    """Judge a whole journal."""
    taking = Judge()
    for act in acts:
        taking.take(act)
    return taking.verdict()
