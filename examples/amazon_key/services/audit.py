"""Audit: an append-only chain of digests over the exact bytes of every event.

Each link's digest covers the one before, so that nothing can be changed, left out or put in
afterwards without every later link showing it.
"""

from collections import deque
from dataclasses import dataclass
from hashlib import sha256

import msgspec
from amazon_key_events import (
    AccessDoorUnlocked,
    AccessGrantCreated,
    AccessRevoked,
    AccessVisitStarted,
    DeliveryCompleted,
    DeliveryDriverArrived,
    DeliveryFailed,
    DeliveryGarageClosed,
    DeliveryGarageOpened,
    DeliveryPackagePlaced,
    DeliveryScheduled,
    DeliveryStatusUpdated,
    DeviceCommandRequested,
    DeviceOffline,
    DeviceOnline,
    DeviceTelemetryReported,
)

from keybus import Envelope, Event, EventSubscriber
from services.seen import SeenEvents

AUDITED: tuple[type[Event], ...] = (
    AccessDoorUnlocked,
    AccessGrantCreated,
    AccessRevoked,
    AccessVisitStarted,
    DeliveryCompleted,
    DeliveryDriverArrived,
    DeliveryFailed,
    DeliveryGarageClosed,
    DeliveryGarageOpened,
    DeliveryPackagePlaced,
    DeliveryScheduled,
    DeliveryStatusUpdated,
    DeviceCommandRequested,
    DeviceOffline,
    DeviceOnline,
    DeviceTelemetryReported,
)
"""Every event with a contract."""
GENESIS = sha256(b"amazon-key").hexdigest()


class Identity(msgspec.Struct):
    """All that is read of an event: its own id, which a foreign one may lack."""

    id: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One event's place in the chain.

    Attributes:
        number: From 1.
        event_id: The event's own id.
        event_type: Its type.
        content: SHA-256 of its bytes.
        digest: SHA-256 over the previous link's digest and all of the above.
    """

    number: int
    event_id: str
    event_type: str
    content: str
    digest: str


def digest(previous: str, number: int, event_id: str, event_type: str, content: str) -> str:
    """A link's digest: SHA-256 over its fields, a line each."""
    return sha256(f"{previous}\n{number}\n{event_id}\n{event_type}\n{content}".encode()).hexdigest()


class Chain:
    """The chain's head, and its last links.

    Attributes:
        head: The last link's digest: whoever notes it can prove the whole chain later.
        length: Links in all.
        links: The last ones, oldest first.
    """

    def __init__(self, keep: int = 10_000) -> None:
        self.head = GENESIS
        self.length = 0
        self.links: deque[Link] = deque(maxlen=keep)
        self._before = GENESIS

    def append(self, event_id: str, event_type: str, content: bytes) -> Link:
        """Add an event to the end."""
        if len(self.links) == self.links.maxlen:
            self._before = self.links[0].digest
        number, hashed = self.length + 1, sha256(content).hexdigest()
        link = Link(
            number,
            event_id,
            event_type,
            hashed,
            digest(self.head, number, event_id, event_type, hashed),
        )
        self.links.append(link)
        self.head, self.length = link.digest, number
        return link

    def verify(self) -> bool:
        """Whether the links that are kept follow one another, and end in the head."""
        previous = self._before
        for link in self.links:
            found = digest(previous, link.number, link.event_id, link.event_type, link.content)
            if found != link.digest:
                return False
            previous = link.digest
        return previous == self.head


def service(
    chain: Chain | None = None, subscriber: EventSubscriber | None = None
) -> EventSubscriber:
    """Audit's subscriber.

    Args:
        chain: The chain to add to; a new one where none is given.
        subscriber: The subscriber to add the handlers to; a new one where none is given.
    """
    links = Chain() if chain is None else chain
    subscriber = EventSubscriber("audit") if subscriber is None else subscriber
    seen = SeenEvents()
    identity = msgspec.json.Decoder(Identity)

    async def record(envelope: Envelope) -> None:
        event_id = identity.decode(envelope.detail).id or envelope.id
        if event_id not in seen:
            links.append(event_id, envelope.detail_type, bytes(envelope.detail))
            seen.add(event_id)

    for event in AUDITED:
        subscriber.on(event.TYPE)(record)  # by name, not by class: the envelope, byte for byte
    return subscriber


if __name__ == "__main__":
    service().run()
