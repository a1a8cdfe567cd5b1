"""The access service: who may come in, who does, and when that ends.

python -m services.access --rate 20
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from random import Random
from typing import Literal, TypeAlias

from amazon_key_events import (
    AccessDoorUnlocked,
    AccessGrantCreated,
    AccessRevoked,
    AccessVisitStarted,
)
from amazon_key_events.access.access_grant_created import AccessGrantCreatedLimits
from amazon_key_events.core.actor import Actor
from amazon_key_events.core.visit_purpose import VisitPurpose

from keybus import Event
from services.estate import Door, estate
from services.pace import run
from services.story import OPENING, Calendar, Story

Role: TypeAlias = Literal["COURIER", "GUEST", "STAFF"]

PUBLISHER = "key.access"
METHODS: tuple[Literal["APP", "KEYPAD", "REMOTE", "BADGE"], ...] = (
    "APP",
    "APP",
    "REMOTE",
    "KEYPAD",
    "BADGE",
)
PURPOSES: tuple[VisitPurpose, ...] = ("GUEST", "GUEST", "SERVICE", "STAFF")
ROLES: Mapping[VisitPurpose, Role] = {
    "GUEST": "GUEST",
    "SERVICE": "GUEST",
    "STAFF": "STAFF",
    "DELIVERY": "COURIER",
}
ONCE = AccessGrantCreatedLimits(max_visits=1, single_use=True)
SERVICE = Actor(kind="SYSTEM", ref="service:key-access")


class Visit:
    """One grant and the visit made by it, told in events.

    Attributes:
        visitor: Who comes.
        purpose: Why.
        delivery_id: For which delivery; None where it is for none.
    """

    def __init__(
        self,
        story: Story,
        purpose: VisitPurpose,
        visitor: Actor | None = None,
        delivery_id: str | None = None,
    ) -> None:
        self.story = story
        self.purpose = purpose
        self.delivery_id = delivery_id
        self.visitor = visitor or Actor(
            kind=ROLES[purpose], ref=f"visitor:V{story.rng.randrange(90000):05d}"
        )
        self.grant_id = f"GRANT-{story.number:06d}"
        self.visit_id = f"VISIT-{story.number:06d}"

    def grant_created(self, doors: list[Door]) -> AccessGrantCreated:
        """The visitor may open the doors for two hours."""
        story = self.story
        event = AccessGrantCreated(
            grant_id=self.grant_id,
            site=story.place.site,
            holder=self.visitor,
            purpose=self.purpose,
            delivery_id=self.delivery_id,
            doors=[door.entrance for door in doors],
            window=story.window(120),
            limits=ONCE,
            timestamp=story.later(1, 5),
            correlation_id=story.correlation_id,
        )
        story.correlation_id = story.correlation_id or event.id
        return event

    def started(self, door: Door) -> AccessVisitStarted:
        """The visitor came in by a door."""
        story = self.story
        return AccessVisitStarted(
            visit_id=self.visit_id,
            grant_id=self.grant_id,
            site=story.place.site,
            visitor=self.visitor,
            purpose=self.purpose,
            delivery_id=self.delivery_id,
            entrance=door.entrance,
            timestamp=story.later(5, 60),
            correlation_id=story.correlation_id,
        )

    def door_unlocked(self, door: Door) -> AccessDoorUnlocked:
        """A door was unlocked for the visitor."""
        story = self.story
        return AccessDoorUnlocked(
            door_id=door.entrance.door_id,
            site=story.place.site,
            device=door.device,
            method=story.rng.choice(METHODS),
            unlocked_by=self.visitor,
            grant_id=self.grant_id,
            visit_id=self.visit_id,
            relock_after_seconds=30,
            timestamp=story.later(1, 4),
            correlation_id=story.correlation_id,
        )

    def revoked(self) -> AccessRevoked:
        """The grant is over."""
        story = self.story
        return AccessRevoked(
            grant_id=self.grant_id,
            site=story.place.site,
            reason="VISIT_ENDED",
            revoked_by=SERVICE,
            delivery_id=self.delivery_id,
            visits_made=1,
            timestamp=story.later(5, 30),
            correlation_id=story.correlation_id,
        )


def walk(story: Story) -> Iterator[Event]:
    """One visit that has nothing to do with a delivery."""
    visit = Visit(story, story.rng.choice(PURPOSES))
    entrance = story.place.entrance
    yield visit.grant_created([entrance])
    yield visit.door_unlocked(entrance)
    yield visit.started(entrance)
    yield visit.revoked()


def visits(seed: int, start: datetime = OPENING) -> Iterator[Event]:
    """Visits without end, one after the other, the same ones for the same seed."""
    rng = Random(seed)  # noqa: S311 - fiction, not secrets
    places = estate(seed)
    number = 0
    while True:
        number += 1
        yield from walk(Story(number, rng.choice(places), rng, Calendar(start)))


if __name__ == "__main__":
    run(PUBLISHER, visits)
