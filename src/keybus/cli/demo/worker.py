"""One service of the reference application in a process of its own, with a stopwatch.

    python -m keybus.cli.demo.worker SUBSCRIPTION FILE

It runs until SIGTERM, and then writes to FILE what it handled and how fast.
"""

import importlib
import logging
import sys
from pathlib import Path

import msgspec

from keybus import EventSubscriber, Handled

VENDOR_PREFIX = "vendor-"


class Tally(msgspec.Struct):
    """What a service did.

    Attributes:
        latency_us: For each event handled, by envelope id: microseconds from ingest to the end
            of its handler, the first time.
        duplicates: Events handled more than once.
        failed: Attempts that failed.
        rejected: Events that went to the dead letters.
    """

    latency_us: dict[str, int] = {}
    duplicates: int = 0
    failed: int = 0
    rejected: int = 0

    def __call__(self, told: Handled) -> None:
        """Count one outcome."""
        if told.outcome == "failed":
            self.failed += 1
        elif told.outcome == "rejected":
            self.rejected += 1
        elif told.event_id in self.latency_us:
            self.duplicates += 1
        else:
            self.latency_us[told.event_id] = told.finished_at - told.ingested_at


def build(subscription: str) -> EventSubscriber:
    """The service of a subscription: its module has the subscription's name."""
    if subscription.startswith(VENDOR_PREFIX):
        vendors = importlib.import_module("services.vendors")
        fleet = importlib.import_module("services.fleet").Fleet(
            subscription.removeprefix(VENDOR_PREFIX)
        )
        vendors.break_on_signal(fleet)
        service: EventSubscriber = vendors.service(fleet.vendor, fleet)
    else:
        module = importlib.import_module(f"services.{subscription.replace('-', '_')}")
        service = module.service()
    return service


def main() -> None:
    """Run the service that the arguments name."""
    subscription, file = sys.argv[1], Path(sys.argv[2])
    # The demo breaks a vendor on purpose and reports it; a log line a failure would drown it.
    logging.basicConfig(level=logging.CRITICAL)
    tally = Tally()
    service = build(subscription)
    service.observer = tally
    service.run()
    file.write_bytes(msgspec.msgpack.encode(tally))


if __name__ == "__main__":
    main()
