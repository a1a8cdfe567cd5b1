"""The partner feed: foreign events, which have no contract and arrive as envelopes."""

import logging
from collections import Counter, deque

from keybus import Envelope, EventSubscriber
from services.seen import SeenEvents

DETAIL_TYPES = ("Key Event",)

log = logging.getLogger(__name__)


class Feed:
    """What came from abroad.

    Attributes:
        envelopes: The last ones, oldest first.
        received: How many, by source and detail-type.
    """

    def __init__(self, keep: int = 1_000) -> None:
        self.envelopes: deque[Envelope] = deque(maxlen=keep)
        self.received: Counter[tuple[str, str]] = Counter()

    def take(self, envelope: Envelope) -> None:
        """Keep an envelope."""
        self.envelopes.append(envelope)
        self.received[envelope.source, envelope.detail_type] += 1
        log.info("%s %r: %d bytes", envelope.source, envelope.detail_type, len(envelope.detail))


def service(feed: Feed | None = None, subscriber: EventSubscriber | None = None) -> EventSubscriber:
    """The partner feed's subscriber.

    Args:
        feed: Where envelopes are kept; a new one where none is given.
        subscriber: The subscriber to add the handlers to; a new one where none is given.
    """
    kept = Feed() if feed is None else feed
    subscriber = EventSubscriber("partner-feed") if subscriber is None else subscriber
    seen = SeenEvents()

    async def foreign(envelope: Envelope) -> None:
        kept.take(envelope)

    for detail_type in DETAIL_TYPES:
        subscriber.on(detail_type)(seen.once(foreign))
    return subscriber


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    service().run()
