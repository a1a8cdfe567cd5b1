"""What a property manager sees of one site: the last that is known of its doors and visitors.

Events may arrive twice and in any order; what happened last in the world wins, so that the board
ends the same whichever way they came.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

V = TypeVar("V")
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Latest(Generic[V]):
    """A value, and since when it holds; an older one never replaces a newer one."""

    value: V | None = None
    since: datetime = LONG_AGO

    def set(self, value: V, at: datetime) -> None:
        """Take a value, unless a newer one is known."""
        if at >= self.since:
            self.value, self.since = value, at


@dataclass(slots=True)
class Door:
    """A door, by the device that moves it.

    Attributes:
        position: ``OPEN``, ``CLOSED``, ``LOCKED`` or ``UNLOCKED``.
        reachable: Whether the device can be reached.
        unlocked_by: The role of whoever unlocked it last.
    """

    position: Latest[str] = field(default_factory=Latest)
    reachable: Latest[bool] = field(default_factory=Latest)
    unlocked_by: Latest[str] = field(default_factory=Latest)


@dataclass(slots=True)
class Grant:
    """Somebody's permission to come in, with the visits made by it.

    Attributes:
        over: It was revoked, which no later news undoes.
        visits: The visits' ids.
    """

    over: bool = False
    visits: set[str] = field(default_factory=set)


class Board:
    """One site's board; of grants and deliveries it keeps the newest.

    Attributes:
        doors: By device.
        grants: By grant.
        deliveries: How far each has come, by delivery.
    """

    def __init__(self, keep: int = 200) -> None:
        self.keep = keep
        self.doors: dict[str, Door] = {}
        self.grants: dict[str, Grant] = {}
        self.deliveries: dict[str, Latest[str]] = {}

    def door(self, device_id: str) -> Door:
        """The device's door, new where it was not known."""
        door = self.doors.get(device_id)
        if door is None:
            door = self.doors[device_id] = Door()
        return door

    def grant(self, grant_id: str) -> Grant:
        """The grant, new where it was not known."""
        grant = self.grants.get(grant_id)
        if grant is None:
            grant = self.grants[grant_id] = Grant()
            _drop_oldest(self.grants, self.keep)
        return grant

    def delivery(self, delivery_id: str) -> Latest[str]:
        """The delivery's step, new where it was not known."""
        step = self.deliveries.get(delivery_id)
        if step is None:
            step = self.deliveries[delivery_id] = Latest()
            _drop_oldest(self.deliveries, self.keep)
        return step

    @property
    def open_doors(self) -> list[str]:
        """The devices whose doors stand open or unlocked."""
        return [
            device_id
            for device_id, door in self.doors.items()
            if door.position.value in ("OPEN", "UNLOCKED")
        ]


def _drop_oldest(rows: dict[str, V], keep: int) -> None:
    if len(rows) > keep:
        del rows[next(iter(rows))]
