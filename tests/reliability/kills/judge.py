"""Judges a journal: what was lost, what came twice and why, what came out of order."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from tests.reliability.kills.event import LATE, REPLAYED, SELECTIONS
from tests.reliability.kills.journal import (
    Act,
    Answered,
    Connected,
    Declared,
    Drained,
    Durable,
    Killed,
    Offered,
    Received,
    Refused,
    Replaying,
    Settled,
    Squeezed,
    Started,
)
from tests.reliability.kills.order import KeyOrder, LogOrder, Order
from tests.reliability.kills.replays import Replays
from tests.reliability.kills.witness import ASKED, Witness

MOST_TOLD: Final = 50
"""Problems that are told in words; the others are counted."""
ORDERS: Final[Mapping[str, Sequence[Callable[[], Order]]]] = {
    name: (KeyOrder if name == "ordered" else LogOrder,) for name in SELECTIONS | LATE
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
        replays: Replays that were begun.
        filled: Subscriptions that were declared later, and filled with the past.
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
    replays: int = 0
    filled: int = 0
    lost: int = 0
    wrong: int = 0
    problems: list[str] = []


class Judge:
    """Takes a journal's acts in order; `verdict` at the end."""

    def __init__(
        self,
        orders: Mapping[str, Sequence[Callable[[], Order]]] = ORDERS,
        selections: dict[str, Callable[[int], bool]] = SELECTIONS,
    ) -> None:
        """Nothing is known yet.

        Args:
            orders: What is promised to each subscription.
            selections: Which events each asks for.
        """
        self._verdict = Verdict()
        self._causes = Counter[str]()
        self._frames = 0
        self._witnesses = {
            name: Witness(name, selects, [make() for make in orders.get(name, ())])
            for name, selects in (selections | LATE).items()
        }
        self._declared = set(selections)
        self._replays = Replays()
        self._offered: dict[int, list[int]] = {}  # by publisher, in the order of its puts
        self._again: set[int] = set()
        self._acknowledged: set[int] = set()

    def take(self, act: Act) -> None:  # noqa: C901 - a line or two for each kind of act
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
                for name in (*self._witnesses, REPLAYED):
                    self._of(name).takes(act)
            case Connected() | Settled() | Durable():
                self._of(act.subscription).takes(act)
            case Declared() | Replaying():
                self._ask(act)
            case Received():
                self._receive(act)
            case Drained():
                self._end(act)
            case Started():
                pass

    def verdict(self) -> Verdict:
        """What the whole says."""
        verdict = self._verdict
        verdict.offered = sum(len(numbers) for numbers in self._offered.values())
        verdict.put_again = len(self._again)
        verdict.acknowledged = len(self._acknowledged)
        verdict.replays = len(self._replays)
        verdict.filled = len(self._declared & LATE.keys())
        self._find_lost()
        self._find_disorder()
        verdict.retried = self._causes.pop(ASKED, 0)
        verdict.duplicates = dict(self._causes)
        return verdict

    def _ask(self, act: Declared | Replaying) -> None:
        """The past is asked for."""
        if isinstance(act, Declared):
            self._declared.add(act.subscription)
        else:
            self._replays.asked(act, self._acknowledged)

    def _offer(self, act: Offered) -> None:
        numbers = range(act.first, act.first + act.count)
        if act.again:
            self._again.update(numbers)
        else:
            self._offered.setdefault(act.publisher, []).extend(numbers)

    def _of(self, subscription: str) -> Witness | Replays:
        return self._replays if subscription == REPLAYED else self._witnesses[subscription]

    def _receive(self, act: Received) -> None:
        witness = self._of(act.subscription)
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
        missed = [
            (name, sorted(self._witnesses[name].missing(self._acknowledged)))
            for name in sorted(self._declared)
        ]
        for name, missing in [*missed, *self._replays.lost()]:
            self._verdict.lost += len(missing)
            if missing:
                self._tell(f"LOST: {name}: {len(missing)} events, from {missing[:5]}")

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
