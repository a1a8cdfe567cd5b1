"""Publish three events; what is invalid is never made."""

import sys

from made_events import DeliveryStatusUpdated

from keybus import EventPublisher, InvalidEvent

WHEN = "2026-01-31T08:00:00Z"

with EventPublisher(url=sys.argv[1], publisher="key.delivery") as publisher:
    for number in range(3):
        event = DeliveryStatusUpdated(
            delivery_id=f"DEL-{number}", status="IN_GARAGE", timestamp=WHEN
        )
        print(publisher.publish(event))
    try:
        DeliveryStatusUpdated(delivery_id="7", status="IN_GARAGE", timestamp=WHEN)
    except InvalidEvent as error:
        assert error.faults[0].pointer == "/delivery_id"
    else:
        sys.exit("what is invalid was made")
