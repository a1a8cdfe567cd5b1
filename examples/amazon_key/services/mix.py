"""All publishers at once: a natural, endless stream of events from many stories side by side."""

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import TypeAlias

from keybus import Event
from services import access, delivery, devices
from services.access import Visit
from services.delivery import FAILURE_RATE, Delivery
from services.devices import CLOSES, OPENS, Gateway
from services.estate import estate
from services.story import OPENING, Calendar, Story

Told: TypeAlias = tuple[str, Event]
"""The publisher's name, and the event."""

KEY_DELIVERY, KEY_ACCESS, KEY_DEVICES = delivery.PUBLISHER, access.PUBLISHER, devices.PUBLISHER
VISIT_RATE = 0.25


def stream(
    seed: int = 0, *, side_by_side: int = 300, properties: int = 200, start: datetime = OPENING
) -> Iterator[Told]:
    """Tell stories without end, always ``side_by_side`` of them in turns.

    The same arguments tell the same stories in the same order; only what the client fills in
    (id, time, trace) differs, and with it the correlation id, which is the first event's id.

    Args:
        seed: Where all chance comes from.
        side_by_side: How many stories are under way at any time.
        properties: At how many properties.
        start: When the first stories begin. Their time is their own, and runs at their pace.
    """
    rng = Random(seed)  # noqa: S311 - fiction, not secrets
    places = estate(seed, properties)
    calendar = Calendar(start, side_by_side)
    number = 0

    def begin() -> Iterator[Told]:
        nonlocal number
        number += 1
        story = Story(number, places[int(rng.random() * properties)], rng, calendar)
        return visit_story(story) if rng.random() < VISIT_RATE else delivery_story(story)

    under_way = [begin() for _ in range(side_by_side)]
    while True:
        turn = int(rng.random() * side_by_side)
        told = next(under_way[turn], None)
        if told is None:
            under_way[turn] = begin()
        else:
            yield told


def delivery_story(story: Story) -> Iterator[Told]:
    """A delivery with all that belongs to it: the access to the garage, and the garage's device."""
    parcel = Delivery(story)
    visit = Visit(story, "DELIVERY", parcel.driver, parcel.id)
    gateway = Gateway(story, parcel.id)
    garage = story.place.garage
    yield KEY_DELIVERY, parcel.scheduled()
    yield KEY_DELIVERY, parcel.status_updated("SCHEDULED")
    yield KEY_ACCESS, visit.grant_created([garage])
    yield KEY_DEVICES, gateway.telemetry(garage, shut=True)
    yield KEY_DELIVERY, parcel.driver_arrived()
    yield KEY_DELIVERY, parcel.status_updated("DRIVER_ARRIVED")
    command = gateway.command(garage, OPENS[garage.device.kind], parcel.driver)
    yield KEY_DEVICES, command
    if story.rng.random() < FAILURE_RATE:
        yield from _door_stays_shut(story, parcel, visit, gateway)
        return
    yield KEY_ACCESS, visit.door_unlocked(garage)
    yield KEY_ACCESS, visit.started(garage)
    yield KEY_DELIVERY, parcel.garage_opened(command.command_id)
    yield from _inside(story, parcel, gateway)
    yield KEY_DELIVERY, parcel.completed()
    yield KEY_DELIVERY, parcel.status_updated("COMPLETED")
    yield KEY_ACCESS, visit.revoked()


def _inside(story: Story, parcel: Delivery, gateway: Gateway) -> Iterator[Told]:
    garage = story.place.garage
    yield KEY_DEVICES, gateway.telemetry(garage, shut=False)
    yield KEY_DELIVERY, parcel.status_updated("GARAGE_OPENED")
    yield KEY_DELIVERY, parcel.package_placed()
    yield KEY_DELIVERY, parcel.status_updated("PACKAGE_PLACED")
    yield KEY_DELIVERY, parcel.status_updated("IN_GARAGE")
    command = gateway.command(garage, CLOSES[garage.device.kind], parcel.driver)
    yield KEY_DEVICES, command
    yield KEY_DELIVERY, parcel.garage_closed(command.command_id)
    yield KEY_DEVICES, gateway.telemetry(garage, shut=True)
    yield KEY_DELIVERY, parcel.status_updated("GARAGE_CLOSED")


def _door_stays_shut(
    story: Story, parcel: Delivery, visit: Visit, gateway: Gateway
) -> Iterator[Told]:
    garage = story.place.garage
    yield KEY_DEVICES, gateway.offline(garage)
    yield KEY_DELIVERY, parcel.failed("DEVICE_OFFLINE")
    yield KEY_DELIVERY, parcel.status_updated("FAILED")
    yield KEY_ACCESS, visit.revoked()
    yield KEY_DEVICES, gateway.online(garage)


def visit_story(story: Story) -> Iterator[Told]:
    """A guest, a service or staff comes in by the main entrance."""
    visit = Visit(story, story.rng.choice(access.PURPOSES))
    gateway = Gateway(story)
    entrance = story.place.entrance
    kind = entrance.device.kind
    yield KEY_ACCESS, visit.grant_created([entrance])
    yield KEY_DEVICES, gateway.command(entrance, OPENS[kind], visit.visitor)
    yield KEY_ACCESS, visit.door_unlocked(entrance)
    yield KEY_ACCESS, visit.started(entrance)
    yield KEY_DEVICES, gateway.telemetry(entrance, shut=False)
    yield KEY_DEVICES, gateway.command(entrance, CLOSES[kind], visit.visitor)
    yield KEY_DEVICES, gateway.telemetry(entrance, shut=True)
    yield KEY_ACCESS, visit.revoked()
