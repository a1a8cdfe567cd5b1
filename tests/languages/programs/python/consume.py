"""Handle some events, say their ids, and stop."""

import sys

from made_events import DeliveryStatusUpdated

from keybus import EventSubscriber

url, subscription, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
subscriber = EventSubscriber(subscription, url=url)
seen: list[str] = []


@subscriber.on(DeliveryStatusUpdated)
async def updated(event: DeliveryStatusUpdated) -> None:
    """Say which it is."""
    seen.append(event.id)
    print(event.id)
    if len(seen) == count:
        subscriber.stop()


subscriber.run()
