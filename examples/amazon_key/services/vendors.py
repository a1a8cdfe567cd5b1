"""The vendors' services: each drives its own devices and hears of nobody else's.

    python -m services.vendors lockwell

SIGUSR1 breaks the vendor's cloud, SIGUSR2 mends it: what happens to its deliveries meanwhile, and
that nobody else's suffer, is worth watching.
"""

import argparse
import logging
import signal
from datetime import datetime

from amazon_key_events import DeviceCommandRequested

from keybus import EventSubscriber
from services.fleet import Fleet
from services.seen import SeenEvents

VENDORS = ("lockwell", "portalis", "hingeworks")

log = logging.getLogger(__name__)


def service(
    vendor: str, fleet: Fleet | None = None, subscriber: EventSubscriber | None = None
) -> EventSubscriber:
    """A vendor's subscriber.

    Args:
        vendor: The vendor's name, one of `VENDORS`.
        fleet: Its devices; a new fleet where none is given. While the fleet is broken, handlers
            raise `services.fleet.VendorUnavailable`, and the bus tries again.
        subscriber: The subscriber to add the handlers to; a new one where none is given.
    """
    devices = Fleet(vendor) if fleet is None else fleet
    subscriber = EventSubscriber(f"vendor-{vendor}") if subscriber is None else subscriber
    seen = SeenEvents()

    @subscriber.on(DeviceCommandRequested)
    @seen.once
    async def requested(event: DeviceCommandRequested) -> None:
        asked_at = datetime.fromisoformat(event.time)
        outcome = devices.execute(event.device_id, event.kind, event.command, asked_at)
        log.debug("%s %s: %s", event.device_id, event.command, outcome)

    return subscriber


def break_on_signal(fleet: Fleet) -> None:
    """Let SIGUSR1 break a fleet and SIGUSR2 mend it, where the system has these signals."""

    def switch(number: int, _frame: object) -> None:
        fleet.broken = number == signal.SIGUSR1
        log.warning("%s is %s", fleet.vendor, "broken" if fleet.broken else "mended")

    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, switch)
        signal.signal(signal.SIGUSR2, switch)


def main() -> None:
    """Run one vendor's service until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m services.vendors", description=main.__doc__)
    parser.add_argument("vendor", choices=VENDORS)
    logging.basicConfig(level=logging.DEBUG, format="%(message)s")
    fleet = Fleet(parser.parse_args().vendor)
    break_on_signal(fleet)
    service(fleet.vendor, fleet).run()


if __name__ == "__main__":
    main()
