"""The property portal: the last state of each managed property's doors, visitors and deliveries."""

from datetime import datetime

from amazon_key_events import (
    AccessDoorUnlocked,
    AccessGrantCreated,
    AccessRevoked,
    AccessVisitStarted,
    DeliveryGarageClosed,
    DeliveryGarageOpened,
    DeliveryStatusUpdated,
    DeviceOffline,
    DeviceOnline,
    DeviceTelemetryReported,
)

from keybus import EventSubscriber
from services.board import Board

POSITION_READINGS = ("position", "bolt")
"""The readings that say how a door stands: of a garage door or gate, and of a lock."""


class Portal:
    """All boards.

    What it does with an event is the same however often it is told, so that it need not remember
    which events it has seen.

    Attributes:
        boards: By site.
    """

    def __init__(self) -> None:
        self.boards: dict[str, Board] = {}

    def board(self, site_id: str) -> Board:
        """The site's board, new where it was not known."""
        board = self.boards.get(site_id)
        if board is None:
            board = self.boards[site_id] = Board()
        return board

    def telemetry(self, event: DeviceTelemetryReported) -> None:
        """Note how a door stands; whoever reports can also be reached."""
        at = datetime.fromisoformat(event.timestamp)
        door = self.board(event.site.site_id).door(event.device_id)
        door.reachable.set(value=True, at=at)
        for reading in event.readings:
            if reading.name in POSITION_READINGS:
                door.position.set(str(reading.value), at)

    def unlocked(self, event: AccessDoorUnlocked) -> None:
        """Note that a door is unlocked, and by whom."""
        at = datetime.fromisoformat(event.timestamp)
        door = self.board(event.site.site_id).door(event.device.device_id)
        door.position.set("UNLOCKED", at)
        if event.unlocked_by is not None:
            door.unlocked_by.set(event.unlocked_by.kind, at)


def service(
    portal: Portal | None = None, subscriber: EventSubscriber | None = None
) -> EventSubscriber:
    """The property portal's subscriber.

    Args:
        portal: Where the boards are; a new one where none is given.
        subscriber: The subscriber to add the handlers to; a new one where none is given.
    """
    view = Portal() if portal is None else portal
    subscriber = EventSubscriber("property-portal") if subscriber is None else subscriber
    _follow_visitors(view, subscriber)
    _follow_garages(view, subscriber)
    _follow_devices(view, subscriber)
    return subscriber


def _follow_visitors(view: Portal, subscriber: EventSubscriber) -> None:
    @subscriber.on(AccessGrantCreated)
    async def granted(event: AccessGrantCreated) -> None:
        view.board(event.site.site_id).grant(event.grant_id)

    @subscriber.on(AccessVisitStarted)
    async def visited(event: AccessVisitStarted) -> None:
        view.board(event.site.site_id).grant(event.grant_id).visits.add(event.visit_id)

    @subscriber.on(AccessDoorUnlocked)
    async def unlocked(event: AccessDoorUnlocked) -> None:
        view.unlocked(event)

    @subscriber.on(AccessRevoked)
    async def revoked(event: AccessRevoked) -> None:
        view.board(event.site.site_id).grant(event.grant_id).over = True


def _follow_garages(view: Portal, subscriber: EventSubscriber) -> None:
    @subscriber.on(DeliveryStatusUpdated)
    async def updated(event: DeliveryStatusUpdated) -> None:
        if event.site is not None:  # the subscription's filter asks for it
            step = view.board(event.site.site_id).delivery(event.delivery_id)
            step.set(event.status, datetime.fromisoformat(event.timestamp))

    @subscriber.on(DeliveryGarageOpened)
    async def opened(event: DeliveryGarageOpened) -> None:
        door = view.board(event.site.site_id).door(event.device.device_id)
        door.position.set("OPEN", datetime.fromisoformat(event.timestamp))

    @subscriber.on(DeliveryGarageClosed)
    async def closed(event: DeliveryGarageClosed) -> None:
        door = view.board(event.site.site_id).door(event.device.device_id)
        door.position.set("CLOSED", datetime.fromisoformat(event.timestamp))


def _follow_devices(view: Portal, subscriber: EventSubscriber) -> None:
    @subscriber.on(DeviceTelemetryReported)
    async def reported(event: DeviceTelemetryReported) -> None:
        view.telemetry(event)

    @subscriber.on(DeviceOnline)
    async def online(event: DeviceOnline) -> None:
        door = view.board(event.site.site_id).door(event.device_id)
        door.reachable.set(value=True, at=datetime.fromisoformat(event.timestamp))

    @subscriber.on(DeviceOffline)
    async def offline(event: DeviceOffline) -> None:
        door = view.board(event.site.site_id).door(event.device_id)
        door.reachable.set(value=False, at=datetime.fromisoformat(event.timestamp))


if __name__ == "__main__":
    service().run()
