"""Publishes a stream of events at a given rate, from the command line."""

import argparse
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice

from keybus import Event, EventPublisher, KeybusError

BEAT = 0.05
"""Seconds between two batches."""
MOST = 1_000
"""Events of one batch, however far behind it is."""

log = logging.getLogger(__name__)


def run(publisher: str, stream: Callable[[int, datetime], Iterator[Event]]) -> None:
    """Publish a stream from now on until it is interrupted, or has published enough.

    Args:
        publisher: The publisher's name on the platform.
        stream: Makes the events from a seed and a start.
    """
    module = publisher.removeprefix("key.")
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{module}", description=f"Publish events as {publisher}."
    )
    parser.add_argument("--rate", type=_positive, default=10, help="events a second (default: 10)")
    parser.add_argument("--count", type=_positive, help="stop after so many (default: never)")
    parser.add_argument("--seed", type=int, default=0, help="which stories (default: 0)")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    events = islice(stream(chosen.seed, datetime.now(UTC)), chosen.count)
    try:
        published = publish(publisher, events, chosen.rate)
    except KeyboardInterrupt:
        return
    except KeybusError as error:
        parser.exit(1, f"{error}\n")
    log.info("published %d events as %s", published, publisher)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive")
    return number


def publish(publisher: str, events: Iterator[Event], rate: int) -> int:
    """Publish all events at a rate, in batches of what is due; answers how many they were."""
    published, began = 0, time.monotonic()
    with EventPublisher(publisher=publisher) as client:
        while True:
            due = int(rate * (time.monotonic() - began)) - published
            batch = list(islice(events, min(max(1, due), MOST)))
            if not batch:
                return published
            client.publish_many(batch)
            published += len(batch)
            time.sleep(max(BEAT, published / rate - (time.monotonic() - began)))
