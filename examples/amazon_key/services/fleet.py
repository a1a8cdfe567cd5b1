"""A vendor's devices, simulated: a small state machine each."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class VendorUnavailable(Exception):
    """The vendor's cloud does not answer: the command has to be tried again later."""


class Position(StrEnum):
    """How a device stands."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    LOCKED = "LOCKED"
    UNLOCKED = "UNLOCKED"


class Outcome(StrEnum):
    """What became of a command."""

    DONE = "DONE"
    ALREADY_SO = "ALREADY_SO"
    SUPERSEDED = "SUPERSEDED"
    REFUSED = "REFUSED"


LONG_AGO = datetime.min.replace(tzinfo=UTC)
AT_REST = {
    "GARAGE_DOOR": Position.CLOSED,
    "GATE": Position.CLOSED,
    "SMART_LOCK": Position.LOCKED,
}
REACHED_BY = {
    (Position.CLOSED, "OPEN"): Position.OPEN,
    (Position.CLOSED, "CLOSE"): Position.CLOSED,
    (Position.OPEN, "OPEN"): Position.OPEN,
    (Position.OPEN, "CLOSE"): Position.CLOSED,
    (Position.LOCKED, "UNLOCK"): Position.UNLOCKED,
    (Position.LOCKED, "LOCK"): Position.LOCKED,
    (Position.UNLOCKED, "UNLOCK"): Position.UNLOCKED,
    (Position.UNLOCKED, "LOCK"): Position.LOCKED,
}


@dataclass(slots=True)
class Device:
    """One device.

    Attributes:
        kind: What it is, as in the contract.
        position: How it stands.
        commanded_at: When the last command that it carried out was asked for.
        movements: How often it moved.
    """

    kind: str
    position: Position
    commanded_at: datetime = LONG_AGO
    movements: int = 0

    @classmethod
    def at_rest(cls, kind: str) -> "Device":
        """A new device of a kind, closed or locked."""
        return cls(kind, AT_REST[kind])

    def execute(self, command: str, asked_at: datetime) -> Outcome:
        """Carry a command out, unless a later one was carried out already.

        Args:
            command: As in the contract.
            asked_at: When it was asked for.
        """
        if asked_at < self.commanded_at:
            return Outcome.SUPERSEDED
        if command == "RESTART":
            reached = AT_REST[self.kind]
        elif (self.position, command) in REACHED_BY:
            reached = REACHED_BY[self.position, command]
        else:
            return Outcome.REFUSED
        self.commanded_at = asked_at
        if reached is self.position:
            return Outcome.ALREADY_SO
        self.position = reached
        self.movements += 1
        return Outcome.DONE


class Fleet:
    """All devices of one vendor; it learns of a device by its first command.

    Attributes:
        vendor: The vendor's name.
        broken: The vendor's cloud is down: every command raises `VendorUnavailable`.
        devices: By the vendor's own id.
        outcomes: How many commands ended how.
    """

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor
        self.broken = False
        self.devices: dict[str, Device] = {}
        self.outcomes: Counter[Outcome] = Counter()

    def execute(self, device_id: str, kind: str, command: str, asked_at: datetime) -> Outcome:
        """Have a device carry a command out.

        Raises:
            VendorUnavailable: The vendor's cloud is down; nothing was done.
        """
        if self.broken:
            raise VendorUnavailable(f"{self.vendor} does not answer")
        device = self.devices.get(device_id)
        if device is None:
            device = self.devices[device_id] = Device.at_rest(kind)
        outcome = device.execute(command, asked_at)
        self.outcomes[outcome] += 1
        return outcome
