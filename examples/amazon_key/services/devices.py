"""The device service: asks devices to do things, and tells what they report.

python -m services.devices --rate 20
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Literal, TypeAlias

from amazon_key_events import (
    DeviceCommandRequested,
    DeviceOffline,
    DeviceOnline,
    DeviceTelemetryReported,
)
from amazon_key_events.core.actor import Actor
from amazon_key_events.core.connection import Connection
from amazon_key_events.core.device_kind import DeviceKind
from amazon_key_events.device.device_telemetry_reported import DeviceTelemetryReportedReadingsItem

from keybus import Event
from services.estate import Door, estate
from services.pace import run
from services.story import OPENING, Calendar, Story, rfc3339

Command: TypeAlias = Literal["OPEN", "CLOSE", "LOCK", "UNLOCK"]
Network: TypeAlias = Literal["WIFI", "ETHERNET", "ZIGBEE", "CELLULAR"]
Loss: TypeAlias = Literal["NO_HEARTBEAT", "POWER_LOST", "UPDATING"]
Reading: TypeAlias = DeviceTelemetryReportedReadingsItem

PUBLISHER = "key.devices"
SYSTEM = Actor(kind="SYSTEM", ref="service:key-devices")
LOSSES: tuple[Loss, ...] = ("NO_HEARTBEAT", "NO_HEARTBEAT", "POWER_LOST", "UPDATING")
OPENS: Mapping[DeviceKind, Command] = {
    "GARAGE_DOOR": "OPEN",
    "GATE": "OPEN",
    "SMART_LOCK": "UNLOCK",
}
CLOSES: Mapping[DeviceKind, Command] = {
    "GARAGE_DOOR": "CLOSE",
    "GATE": "CLOSE",
    "SMART_LOCK": "LOCK",
}
# What devices can report is made once: a record is checked when it is made, and can be shared.
NETWORKS: tuple[Network, ...] = ("WIFI", "WIFI", "ETHERNET", "ZIGBEE", "CELLULAR")
CONNECTIONS = [
    Connection(network=network, rssi_dbm=-strength)
    for network in NETWORKS
    for strength in range(30, 90)
]
TEMPERATURES = [
    Reading(name="temperature", value=tenths / 10, unit="Cel") for tenths in range(-50, 300)
]
VOLTAGES = [
    Reading(name="supply_voltage", value=hundredths / 100, unit="V")
    for hundredths in range(1100, 1300)
]
BEAM_FREE = Reading(name="beam_interrupted", value=False)
BEAM_INTERRUPTED = Reading(name="beam_interrupted", value=True)
CLOSED, OPEN = (Reading(name="position", value=value) for value in ("CLOSED", "OPEN"))
LOCKED, UNLOCKED = (Reading(name="bolt", value=value) for value in ("LOCKED", "UNLOCKED"))


class Gateway:
    """The devices of one property, told in events."""

    def __init__(self, story: Story, delivery_id: str | None = None) -> None:
        self.story = story
        self.delivery_id = delivery_id
        self._sequence = story.rng.randrange(100_000)
        self._lost_at = story.now

    def command(self, door: Door, command: Command, by: Actor) -> DeviceCommandRequested:
        """A door shall do something."""
        story = self.story
        device = door.device
        return DeviceCommandRequested(
            command_id=story.ref("CMD"),
            device_id=device.device_id,
            vendor=device.vendor,
            kind=device.kind,
            command=command,
            site=story.place.site,
            requested_by=by,
            delivery_id=self.delivery_id,
            priority="HIGH" if self.delivery_id else "NORMAL",
            timeout_seconds=30,
            parameters={"soft_start": True, "light": "ON", "chime": {"volume": 3}},
            timestamp=story.later(1, 5),
            correlation_id=story.correlation_id,
        )

    def telemetry(self, door: Door, *, shut: bool) -> DeviceTelemetryReported:
        """A device reports how its door stands, and how it is itself."""
        story, rng, device = self.story, self.story.rng, door.device
        self._sequence += 1
        event = DeviceTelemetryReported(
            device_id=device.device_id,
            vendor=device.vendor,
            kind=device.kind,
            site=story.place.site,
            firmware=device.firmware,
            sequence=self._sequence,
            readings=[
                _position(device.kind, shut=shut),
                rng.choice(TEMPERATURES),
                rng.choice(VOLTAGES),
                BEAM_INTERRUPTED if rng.random() < 0.02 else BEAM_FREE,  # noqa: PLR2004
            ],
            battery_percent=rng.randrange(20, 101),
            connection=rng.choice(CONNECTIONS),
            timestamp=story.later(1, 3),
            correlation_id=story.correlation_id,
        )
        story.correlation_id = story.correlation_id or event.id
        return event

    def offline(self, door: Door) -> DeviceOffline:
        """A device cannot be reached."""
        story = self.story
        timestamp = story.later(20, 60)
        self._lost_at = story.now
        return DeviceOffline(
            device_id=door.device.device_id,
            vendor=door.device.vendor,
            kind=door.device.kind,
            site=story.place.site,
            reason=story.rng.choice(LOSSES),
            last_seen=rfc3339(story.now - timedelta(seconds=90)),
            timestamp=timestamp,
            correlation_id=story.correlation_id,
        )

    def online(self, door: Door) -> DeviceOnline:
        """A device can be reached again."""
        story = self.story
        timestamp = story.later(60, 900)
        return DeviceOnline(
            device_id=door.device.device_id,
            vendor=door.device.vendor,
            kind=door.device.kind,
            site=story.place.site,
            firmware=door.device.firmware,
            connection=story.rng.choice(CONNECTIONS),
            offline_seconds=int((story.now - self._lost_at).total_seconds()),
            timestamp=timestamp,
            correlation_id=story.correlation_id,
        )


def _position(kind: DeviceKind, *, shut: bool) -> Reading:
    if kind == "SMART_LOCK":
        return LOCKED if shut else UNLOCKED
    return CLOSED if shut else OPEN


def walk(story: Story) -> Iterator[Event]:
    """A door is used once; sometimes its device is lost for a while afterwards."""
    gateway = Gateway(story)
    door = story.place.garage
    kind = door.device.kind
    yield gateway.telemetry(door, shut=True)
    yield gateway.command(door, OPENS[kind], SYSTEM)
    yield gateway.telemetry(door, shut=False)
    yield gateway.command(door, CLOSES[kind], SYSTEM)
    yield gateway.telemetry(door, shut=True)
    if story.rng.random() < 0.1:  # noqa: PLR2004 - one in ten
        yield gateway.offline(door)
        yield gateway.online(door)


def reports(seed: int, start: datetime = OPENING) -> Iterator[Event]:
    """Commands and reports without end, the same ones for the same seed."""
    rng = Random(seed)  # noqa: S311 - fiction, not secrets
    places = estate(seed)
    number = 0
    while True:
        number += 1
        yield from walk(Story(number, rng.choice(places), rng, Calendar(start)))


if __name__ == "__main__":
    run(PUBLISHER, reports)
