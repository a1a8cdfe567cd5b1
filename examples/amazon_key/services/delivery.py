"""The delivery service: walks deliveries from their schedule to their end.

python -m services.delivery --rate 20
"""

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Literal, TypeAlias

from amazon_key_events import (
    DeliveryCompleted,
    DeliveryDriverArrived,
    DeliveryFailed,
    DeliveryGarageClosed,
    DeliveryGarageOpened,
    DeliveryPackagePlaced,
    DeliveryScheduled,
    DeliveryStatusUpdated,
)
from amazon_key_events.core.actor import Actor
from amazon_key_events.core.delivery_status import DeliveryStatus
from amazon_key_events.delivery.delivery_completed import DeliveryCompletedTimelineItem
from amazon_key_events.delivery.delivery_failed import DeliveryFailedRetry
from amazon_key_events.delivery.delivery_package_placed import (
    DeliveryPackagePlacedPackagesItem,
    DeliveryPackagePlacedProofOption1,
    DeliveryPackagePlacedProofOption2,
)
from amazon_key_events.delivery.delivery_scheduled import (
    DeliveryScheduledDropPoint,
    DeliveryScheduledPackagesItem,
)
from amazon_key_events.delivery.delivery_status_updated import DeliveryStatusUpdatedProgress

from keybus import Event
from services.estate import estate
from services.pace import run
from services.story import OPENING, Calendar, Story

Failure: TypeAlias = Literal["DOOR_DID_NOT_OPEN", "NO_ACCESS", "DEVICE_OFFLINE"]
Photo: TypeAlias = DeliveryPackagePlacedProofOption1
NoPhoto: TypeAlias = DeliveryPackagePlacedProofOption2

PUBLISHER = "key.delivery"
STEPS: tuple[DeliveryStatus, ...] = (
    "SCHEDULED",
    "DRIVER_ARRIVED",
    "GARAGE_OPENED",
    "PACKAGE_PLACED",
    "IN_GARAGE",
    "GARAGE_CLOSED",
    "COMPLETED",
)
PROGRESS = [
    DeliveryStatusUpdatedProgress(step=step, steps=len(STEPS)) for step in range(len(STEPS) + 1)
]
SIZES: tuple[Literal["SMALL", "MEDIUM", "LARGE"], ...] = ("SMALL", "MEDIUM", "LARGE")
SPOTS: tuple[Literal["LEFT", "RIGHT", "BACK", "SHELF"], ...] = ("LEFT", "RIGHT", "BACK", "SHELF")
VEHICLES: tuple[Literal["VAN", "CAR", "CARGO_BIKE"], ...] = ("VAN", "VAN", "CAR", "CARGO_BIKE")
NO_PHOTO = (
    NoPhoto(skipped_because="TOO_DARK"),
    NoPhoto(skipped_because="CAMERA_FAILED"),
    NoPhoto(skipped_because="PRIVACY_SETTING"),
)
FAILURES: tuple[Failure, ...] = ("DOOR_DID_NOT_OPEN", "NO_ACCESS", "DEVICE_OFFLINE")
FAILURE_RATE = 0.06


class Delivery:
    """One delivery, told in events; each method lets the story's time pass and tells one step."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.id = f"DEL-{story.number:06d}"
        self.driver = Actor(kind="COURIER", ref=f"courier:C{story.rng.randrange(1, 2000):05d}")
        self.window = story.window(120)
        self.status: DeliveryStatus | None = None
        self._packages = [story.ref("PKG") for _ in range(1 + int(story.rng.random() * 3))]
        self._timeline: list[DeliveryCompletedTimelineItem] = []
        self._opened = story.now

    def scheduled(self) -> DeliveryScheduled:
        """A window and a place were agreed on."""
        story = self.story
        event = DeliveryScheduled(
            delivery_id=self.id,
            site=story.place.site,
            window=self.window,
            recipient=Actor(kind="RESIDENT", ref=f"resident:R{story.rng.randrange(90000):05d}"),
            packages=[self._package(package_id) for package_id in self._packages],
            drop_point=DeliveryScheduledDropPoint(
                kind="GARAGE", device_id=story.place.garage.device.device_id
            ),
            timestamp=story.later(1, 60),
            correlation_id=story.correlation_id,
        )
        story.correlation_id = story.correlation_id or event.id
        return event

    def _package(self, package_id: str) -> DeliveryScheduledPackagesItem:
        rng = self.story.rng
        return DeliveryScheduledPackagesItem(
            package_id=package_id,
            size=rng.choice(SIZES),
            weight_grams=200 + int(rng.random() * 9000),
            fragile=rng.random() < 0.2,  # noqa: PLR2004 - one in five
        )

    def status_updated(self, status: DeliveryStatus) -> DeliveryStatusUpdated:
        """The delivery has come as far as ``status``."""
        story = self.story
        timestamp = story.later(0, 2)
        event = DeliveryStatusUpdated(
            delivery_id=self.id,
            status=status,
            timestamp=timestamp,
            previous_status=self.status,
            site=story.place.site,
            window=self.window,
            progress=PROGRESS[self._steps(status)],
            attributes={"channel": "in-garage", "attempt": 1},
            correlation_id=story.correlation_id,
        )
        self.status = status
        self._timeline.append(DeliveryCompletedTimelineItem(status=status, at=timestamp))
        return event

    def _steps(self, status: DeliveryStatus) -> int:
        return STEPS.index(status) + 1 if status in STEPS else len(self._timeline)

    def driver_arrived(self) -> DeliveryDriverArrived:
        """The driver stands at the site."""
        story = self.story
        return DeliveryDriverArrived(
            delivery_id=self.id,
            site=story.place.site,
            driver=self.driver,
            vehicle=story.rng.choice(VEHICLES),
            distance_meters=round(story.rng.random() * 40, 1),
            early_by_seconds=story.rng.randrange(-900, 900),
            timestamp=story.later(600, 5400),
            correlation_id=story.correlation_id,
        )

    def garage_opened(self, command_id: str | None = None) -> DeliveryGarageOpened:
        """The garage stands open."""
        story = self.story
        timestamp = story.later(8, 20)
        self._opened = story.now
        return DeliveryGarageOpened(
            delivery_id=self.id,
            site=story.place.site,
            device=story.place.garage.device,
            opened_by=self.driver,
            command_id=command_id,
            opening_percent=100,
            timestamp=timestamp,
            correlation_id=story.correlation_id,
        )

    def package_placed(self) -> DeliveryPackagePlaced:
        """The packages lie in the garage."""
        story = self.story
        timestamp = story.later(20, 120)
        proof: Photo | NoPhoto = Photo(photo_ref=story.ref("PHOTO"), taken_at=timestamp)
        if story.rng.random() < 0.1:  # noqa: PLR2004 - one in ten
            proof = story.rng.choice(NO_PHOTO)
        return DeliveryPackagePlaced(
            delivery_id=self.id,
            site=story.place.site,
            packages=[
                DeliveryPackagePlacedPackagesItem(
                    package_id=package_id, spot=story.rng.choice(SPOTS)
                )
                for package_id in self._packages
            ],
            proof=proof,
            timestamp=timestamp,
            correlation_id=story.correlation_id,
        )

    def garage_closed(self, command_id: str | None = None) -> DeliveryGarageClosed:
        """The garage is closed again."""
        story = self.story
        timestamp = story.later(8, 20)
        return DeliveryGarageClosed(
            delivery_id=self.id,
            site=story.place.site,
            device=story.place.garage.device,
            command_id=command_id,
            open_seconds=int((story.now - self._opened).total_seconds()),
            obstructed=story.rng.random() < 0.03,  # noqa: PLR2004 - three in a hundred
            timestamp=timestamp,
            correlation_id=story.correlation_id,
        )

    def completed(self) -> DeliveryCompleted:
        """The delivery was made."""
        story = self.story
        return DeliveryCompleted(
            delivery_id=self.id,
            site=story.place.site,
            status="IN_GARAGE",
            packages_delivered=len(self._packages),
            timeline=self._timeline,
            timestamp=story.later(1, 5),
            correlation_id=story.correlation_id,
        )

    def failed(self, reason: Failure | None = None) -> DeliveryFailed:
        """The delivery was not made."""
        story = self.story
        return DeliveryFailed(
            delivery_id=self.id,
            site=story.place.site,
            reason=story.rng.choice(FAILURES) if reason is None else reason,
            last_status=self.status,
            retry=DeliveryFailedRetry(possible=True, window=story.window(24 * 60)),
            timestamp=story.later(30, 90),
            correlation_id=story.correlation_id,
        )


def walk(story: Story) -> Iterator[Event]:
    """One delivery from its schedule to its end: what this service alone tells of it."""
    delivery = Delivery(story)
    yield delivery.scheduled()
    yield delivery.status_updated("SCHEDULED")
    yield delivery.driver_arrived()
    yield delivery.status_updated("DRIVER_ARRIVED")
    if story.rng.random() < FAILURE_RATE:
        yield delivery.failed()
        yield delivery.status_updated("FAILED")
        return
    yield delivery.garage_opened()
    yield delivery.status_updated("GARAGE_OPENED")
    yield delivery.package_placed()
    yield delivery.status_updated("PACKAGE_PLACED")
    yield delivery.status_updated("IN_GARAGE")
    yield delivery.garage_closed()
    yield delivery.status_updated("GARAGE_CLOSED")
    yield delivery.completed()
    yield delivery.status_updated("COMPLETED")


def deliveries(seed: int, start: datetime = OPENING) -> Iterator[Event]:
    """Deliveries without end, one after the other, the same ones for the same seed."""
    rng = Random(seed)  # noqa: S311 - fiction, not secrets
    places = estate(seed)
    number = 0
    while True:
        number += 1
        yield from walk(Story(number, rng.choice(places), rng, Calendar(start)))


if __name__ == "__main__":
    run(PUBLISHER, deliveries)
