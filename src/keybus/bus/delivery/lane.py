"""A lane: one key's deliveries of a subscription that is in order."""

from keybus.bus.engine import Delivery, Group

LANE_ROOM = 200
"""Deliveries of one key that wait in memory; what is beyond them is put aside."""


class Lane:
    """One key's deliveries that were fetched and are not settled. One batch of them is out.

    Everything that waits here is earlier in the log than everything that is put aside.

    Attributes:
        name: The group's.
        out: What a consumer has, by position, as it was fetched.
        waiting: What is leased and nobody has, in log order.
        retried: What failed and holds the others up until it is back.
        returning: What is on its way from the engine once more.
        unknown: How many more of these there are, of which no position is known.
        aside: There is more, put aside durably.
        barred: The first of that may not be delivered as long as these rules hold.
        until: It was here before the pump was: nothing of it may go before everything up to this
            position was fetched, some of it for the first time; 0 where that is so.
        first_aside: The first position that is put aside; 0 where it is only known to be later
            than all that is here or on its way.
    """

    __slots__ = (
        "aside",
        "barred",
        "first_aside",
        "name",
        "out",
        "retried",
        "returning",
        "unknown",
        "until",
        "waiting",
    )

    def __init__(self, name: str, group: Group | None = None) -> None:
        self.name = name
        self.unknown = group.returning if group else 0
        self.first_aside = group.held_from if group else 0
        self.until = group.last if group else 0
        self.aside = self.first_aside > 0
        self.out: dict[int, Delivery] = {}
        self.waiting: list[Delivery] = []
        self.retried: set[int] = set()
        self.returning: set[int] = set()
        self.barred = False

    @property
    def is_blocked(self) -> bool:
        """It waits for what is on its way once more."""
        return bool(self.unknown or self.retried or self.returning or self.until)

    @property
    def is_free(self) -> bool:
        """Its next batch may go."""
        return bool(self.waiting) and not self.out and not self.is_blocked

    @property
    def is_thirsty(self) -> bool:
        """It is time to bring back of what was put aside."""
        return (
            self.aside
            and not self.barred
            and not self.is_blocked
            and len(self.waiting) < LANE_ROOM // 2
        )

    @property
    def is_empty(self) -> bool:
        """There is nothing of it."""
        return not (self.waiting or self.out or self.aside or self.is_blocked)

    def came(self, delivery: Delivery) -> bool:
        """A delivery was fetched; whether this waited for it."""
        position = delivery.position
        if position in self.returning or position in self.retried:
            self.returning.discard(position)
            self.retried.discard(position)
            return True
        if delivery.group == self.name and self.unknown:
            self.unknown -= 1
            return True
        return False

    def goes_aside(self, delivery: Delivery, *, came: bool) -> bool:
        """Whether something is put aside that has to go before it.

        Args:
            delivery: What was fetched.
            came: It was waited for.
        """
        if not self.aside or (came and not self.first_aside):
            return False
        return delivery.position > self.first_aside
