"""Lanes: which deliveries of a subscription may go now, so that those of one key stay in order."""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from keybus.bus.delivery.lane import LANE_ROOM, Lane
from keybus.bus.delivery.order_key import OrderKey
from keybus.bus.engine import Delivery, Group
from keybus.protocol import MAX_FRAME_BYTES

TOTAL_ROOM = 2_000
"""The same of a subscription. Above it, whatever cannot go at once is put aside."""
TOTAL_BYTES = 8 << 20
MOST_LANES = 16_384
"""Keys with a lane of their own; beyond them, keys share lanes: order is kept, but they wait more."""
_SHARED_DIGITS = 3  # hexadecimal: 4,096 shared lanes


class Lanes:
    """All lanes of a subscription. Belongs to the dispatcher's event loop.

    Attributes:
        key: What the lanes go by.
    """

    def __init__(self, key: OrderKey, groups: Iterable[Group]) -> None:
        """The lanes as an earlier run left them.

        Args:
            key: What the lanes go by.
            groups: What the engine has of it.
        """
        self.key = key
        self._lanes = {group.name: Lane(group.name, group) for group in groups}
        # The next last.
        self._early = sorted(self._lanes.values(), key=lambda lane: -lane.until)
        # In the order in which they became so.
        self._free: dict[str, Lane] = {}
        self._thirsty: dict[str, Lane] = {}
        self._waiting = self._bytes = 0
        for lane in list(self._lanes.values()):
            self._look(lane)

    def admit(
        self, batch: Sequence[Delivery]
    ) -> tuple[Sequence[Delivery], dict[str, Sequence[int]]]:
        """Take in what was fetched.

        Returns:
            What has no key and is in no order; and the positions that have to be put aside, by
            their group.
        """
        loose: list[Delivery] = []
        aside: dict[str, list[int]] = {}
        touched: dict[str, Lane] = {}
        for delivery in batch:
            origin = self._lanes.get(delivery.group) if delivery.group else None
            came = origin.came(delivery) if origin else False
            lane = self._home(self.key.group(delivery.envelope))
            if origin is not None and origin is not lane:
                self._look(origin)
                came = False
            if lane is None:
                loose.append(msgspec.structs.replace(delivery, group=""))
                continue
            touched[lane.name] = lane
            came = (lane.came(delivery) if lane is not origin else came) or came
            if lane.goes_aside(delivery, came=came):
                aside.setdefault(lane.name, []).append(delivery.position)
            else:
                self._put(lane, delivery)
        for lane in touched.values():
            self._look(lane)
            if positions := self._spilled(lane):
                aside.setdefault(lane.name, []).extend(positions)
        return loose, dict(aside)

    @property
    def is_early(self) -> bool:
        """Whether lanes wait for `reached`."""
        return bool(self._early)

    def reached(self, position: int) -> None:
        """Everything up to a position was fetched."""
        while self._early and self._early[-1].until <= position:
            lane = self._early.pop()
            lane.until = 0
            self._look(lane)

    def take(self, limit: int, *, singly: bool) -> list[Delivery]:
        """The next batches, each of another lane; they are out from now on.

        What failed before, or is to be delivered by itself, goes without others of its lane;
        what is to be delivered by itself is all that is taken.

        Args:
            limit: At most so many deliveries, and of a frame's bytes.
            singly: One of each lane.
        """
        taken: list[Delivery] = []
        size = 0
        for lane in list(self._free.values()):
            if len(taken) >= limit or (taken and lane.waiting[0].alone):
                break
            batch = _batch(lane.waiting, 1 if singly else limit - len(taken))
            size += sum(len(each.envelope) for each in batch)
            if taken and size > MAX_FRAME_BYTES:
                break
            self._drop(lane, len(batch))
            lane.out.update((each.position, each) for each in batch)
            self._look(lane)
            taken += [_of(lane, each) for each in batch]
            if batch[0].alone:
                break
        return taken

    def settled(self, deliveries: Iterable[Delivery]) -> None:
        """They are handled, or dead letters."""
        for lane, delivery in self._known(deliveries):
            lane.out.pop(delivery.position, None)
            self._look(lane)

    def failing(self, deliveries: Iterable[Delivery]) -> None:
        """They are to be tried again: where that blocks, nothing of their lane goes until then."""
        for lane, delivery in self._known(deliveries):
            lane.out.pop(delivery.position, None)  # not there where another pump gave it
            if self.key.on_failure == "block":
                lane.retried.add(delivery.position)
            self._look(lane)

    def released(self, deliveries: Iterable[Delivery]) -> None:
        """They were handed back to the engine, and will be fetched once more."""
        for lane, delivery in self._known(deliveries):
            if lane.out.pop(delivery.position, None):
                lane.returning.add(delivery.position)
            self._look(lane)

    def handed_back(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """They wait once more, untried; answers those that are of no lane."""
        strange: list[Delivery] = []
        for delivery in deliveries:
            lane = self._lanes.get(delivery.group)
            original = lane.out.pop(delivery.position, None) if lane else None
            if lane is None or original is None:
                strange.append(delivery)
                continue
            self._put(lane, original)
            self._look(lane)
        return strange

    def bar(self, name: str, positions: Iterable[int]) -> list[Delivery]:
        """Some that were taken may not be delivered now: they are put aside, durably, by others.

        Returns:
            What waits in their lane, and has to be put aside as well.
        """
        lane = self._lanes[name]
        for position in positions:
            lane.out.pop(position, None)
            lane.first_aside = min(lane.first_aside or position, position)
        lane.aside = lane.barred = True
        behind = list(lane.waiting)
        self._drop(lane, len(behind))
        self._look(lane)
        return behind

    def unbar(self) -> None:
        """Other rules hold: what may not be delivered may have changed."""
        for lane in list(self._lanes.values()):
            lane.barred = False
            self._look(lane)

    def not_put_aside(self, name: str, positions: Iterable[int]) -> None:
        """They could not be put aside, and will be fetched once more."""
        lane = self._lanes.setdefault(name, Lane(name))
        lane.returning.update(positions)
        self._look(lane)

    @property
    def page(self) -> int:
        """How many of a lane are to be brought back at once."""
        return LANE_ROOM // 2

    def thirsty(self, count: int) -> list[str]:
        """The next lanes of which something is to be brought back."""
        return list(self._thirsty)[:count]

    def brought_back(self, name: str, count: int) -> None:
        """So many of a lane are on their way; none: there were no more."""
        lane = self._lanes[name]
        lane.unknown += count
        lane.aside = lane.aside and count > 0
        lane.first_aside = 0
        # What may still not be delivered goes to the end: others are thirsty as well.
        self._thirsty.pop(name, None)
        self._look(lane)

    def follow(self, key: OrderKey) -> None:
        """Go by another choice of what follows a failure; keys stand where they stood."""
        self.key = key
        if key.on_failure == "skip":
            for lane in list(self._lanes.values()):
                lane.retried.clear()
                self._look(lane)

    def empty(self) -> list[Delivery]:
        """All that waits, taken out."""
        waiting = [each for lane in self._lanes.values() for each in lane.waiting]
        for lane in self._lanes.values():
            self._drop(lane, len(lane.waiting))
        return waiting

    def _home(self, name: str) -> Lane | None:
        """The lane of a key's deliveries; None for what has no key."""
        if not name:
            return None
        shared = f"~{name[:_SHARED_DIGITS]}"
        lane = self._lanes.get(name) or self._lanes.get(shared)
        if lane is None:
            lane = Lane(name if len(self._lanes) < MOST_LANES else shared)
            self._lanes[lane.name] = lane
        return lane

    def _known(self, deliveries: Iterable[Delivery]) -> Iterator[tuple[Lane, Delivery]]:
        for delivery in deliveries:
            lane = self._lanes.get(delivery.group) if delivery.group else None
            if lane is not None:
                yield lane, delivery

    def _spilled(self, lane: Lane) -> list[int]:
        """What of a lane's end there is no room for, taken out."""
        crowded = self._waiting > TOTAL_ROOM or self._bytes > TOTAL_BYTES
        keep = 0 if crowded and not lane.is_free else LANE_ROOM
        positions = [each.position for each in lane.waiting[keep:]]
        if positions:
            self._drop(lane, len(positions), last=True)
            lane.aside = True
            lane.first_aside = min(lane.first_aside or positions[0], positions[0])
            self._look(lane)
        return positions

    def _put(self, lane: Lane, delivery: Delivery) -> None:
        waiting = lane.waiting
        if waiting and delivery.position < waiting[-1].position:
            insort(waiting, delivery, key=_position)
        else:
            waiting.append(delivery)
        self._waiting += 1
        self._bytes += len(delivery.envelope)

    def _drop(self, lane: Lane, count: int, *, last: bool = False) -> None:
        place = slice(len(lane.waiting) - count, None) if last else slice(count)
        self._waiting -= count
        self._bytes -= sum(len(each.envelope) for each in lane.waiting[place])
        del lane.waiting[place]

    def _look(self, lane: Lane) -> None:
        """See where a lane stands that has changed."""
        _list(self._free, lane, listed=lane.is_free)
        _list(self._thirsty, lane, listed=lane.is_thirsty)
        if lane.is_empty:
            self._lanes.pop(lane.name, None)
        else:
            self._lanes[lane.name] = lane


def _list(lanes: dict[str, Lane], lane: Lane, *, listed: bool) -> None:
    if listed:
        lanes[lane.name] = lane
    else:
        lanes.pop(lane.name, None)


def _batch(waiting: Sequence[Delivery], limit: int) -> list[Delivery]:
    """The next of a lane: one that was tried before goes first, and by itself."""
    batch = [waiting[0]]
    size = len(waiting[0].envelope)
    if waiting[0].attempt > 1 or waiting[0].alone:
        return batch
    for each in waiting[1:limit]:
        size += len(each.envelope)
        if each.attempt > 1 or each.alone or size > MAX_FRAME_BYTES:
            break
        batch.append(each)
    return batch


def _of(lane: Lane, delivery: Delivery) -> Delivery:
    return msgspec.structs.replace(delivery, group=lane.name)


def _position(delivery: Delivery) -> int:
    return delivery.position
