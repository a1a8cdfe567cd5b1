"""What replays have to bring to the subscription that asks for nothing else."""

from collections.abc import Iterable, Iterator

import msgspec

from tests.reliability.kills.event import KEYS, REPLAYED, REPLAYED_KEY
from tests.reliability.kills.journal import (
    Connected,
    Durable,
    Receipt,
    Replaying,
    Settled,
    Squeezed,
)
from tests.reliability.kills.order import LogOrder
from tests.reliability.kills.witness import Witness

PAGE_AGAIN = "replayed again: its page was sent twice, over a kill or a full disk"


def is_replayed(number: int) -> bool:
    """Whether replays are to bring an event, by its number."""
    return number % KEYS == REPLAYED_KEY


class _Replay(msgspec.Struct):
    """What is known of one.

    Attributes:
        owed: The events that were acknowledged when it was asked for.
        life: In which life of the bus that was.
        disturbed: How often the disk had been full, or well again, by then.
        begun: It was answered.
        places: Of each event that came by it, the log positions at which it came.
    """

    owed: frozenset[int]
    life: int
    disturbed: int
    begun: bool = False
    places: dict[int, set[int]] = {}


class Replays:
    """Watches all of them. A replay's events are those of the log, at positions of its own.

    A bus that is killed may send a replay's last page once more, at other positions again.
    """

    def __init__(self) -> None:
        self._replays: dict[str, _Replay] = {}
        self._witness = Witness(REPLAYED, is_replayed, [LogOrder()])
        self._life = self._disturbed = 0

    def __len__(self) -> int:
        """How many were begun."""
        return sum(replay.begun for replay in self._replays.values())

    def takes(self, act: Connected | Settled | Durable | Squeezed) -> None:
        """Something happened to its consumer, or to the bus."""
        if isinstance(act, Connected):
            self._life = act.life
        self._disturbed += isinstance(act, Squeezed)
        self._witness.takes(act)

    def asked(self, act: Replaying, acknowledged: Iterable[int]) -> None:
        """One is asked for, or answered."""
        if act.begun:
            self._replays[act.name].begun = True
        else:
            owed = frozenset(each for each in acknowledged if is_replayed(each))
            self._replays[act.name] = _Replay(owed, act.life, self._disturbed, places={})

    def receives(self, receipt: Receipt, frame: int) -> tuple[str | None, list[str]]:
        """A delivery comes; why it comes again, and what is wrong, as of `Witness`."""
        replay = self._replays.get(receipt.replay)
        if replay is None:
            return None, [f"{receipt.position} came by no replay that was asked for"]
        self._witness.places = replay.places
        is_new = not any(receipt.position in places for places in replay.places.values())
        again = is_new and receipt.number in replay.places
        if again:  # at another position
            self._witness.places = {}
        cause, wrong = self._witness.receives(receipt, frame)
        places = replay.places.setdefault(receipt.number, set())
        places.add(receipt.position)
        most = 1 + self._life - replay.life + self._disturbed - replay.disturbed
        if len(places) > most:
            wrong.append(f"{receipt.number} came {len(places)} times by {receipt.replay}")
        return (PAGE_AGAIN if again else cause), wrong

    def lost(self) -> Iterator[tuple[str, list[int]]]:
        """What was owed and never came, by replay."""
        for name, replay in self._replays.items():
            missing = sorted(replay.owed - replay.places.keys())
            if replay.begun and missing:
                yield name, missing
