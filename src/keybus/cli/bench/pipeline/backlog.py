"""A backlog: events put while nobody consumes, then drained."""

from pathlib import Path

import msgspec

from keybus.cli.bench.pipeline.children import resident_bytes
from keybus.cli.bench.pipeline.moving import Moved, Say, drain, put
from keybus.cli.bench.pipeline.plan import Setup
from keybus.cli.bench.pipeline.stage import stage


class Backlog(msgspec.Struct, frozen=True):
    """A backlog, put and drained.

    Attributes:
        events: How many were asked for.
        put: On the way in, in requests of 100, while nobody consumed.
        drained: On the way out, to one consumer.
        resident_before: Bytes of memory that the bus had before.
        resident_full: The same with the backlog in its store.
        resident_after: The same when all was drained.
        missing: Events that did not come.
    """

    events: int
    put: Moved
    drained: Moved
    resident_before: int
    resident_full: int
    resident_after: int
    missing: int


def run_backlog(events: int, within: Path | None, say: Say) -> Backlog:
    """Put so many events, then drain them.

    Args:
        events: How many.
        within: The folder whose disk is measured.
        say: Told how it goes.
    """
    with stage(Setup("on", 1), within) as on:
        before = resident_bytes(on.bus.pid)
        taken = put(on, events, say)
        full = resident_bytes(on.bus.pid)
        drained = drain(on, taken.events, say)
        after = resident_bytes(on.bus.pid)
    missing = max(0, taken.events - drained.events)
    return Backlog(events, taken, drained, before, full, after, missing)
