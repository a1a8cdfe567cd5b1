"""So many events put, or drained: a number, not a time."""

import time
from collections.abc import Callable
from typing import Final

import msgspec

from keybus.cli.bench.pipeline.board import now_us
from keybus.cli.bench.pipeline.children import Spent, child, spent
from keybus.cli.bench.pipeline.consumer import Consumed, Consuming
from keybus.cli.bench.pipeline.plan import Load
from keybus.cli.bench.pipeline.publisher import Published, Publishing
from keybus.cli.bench.pipeline.round import ANSWER_SECONDS
from keybus.cli.bench.pipeline.stage import Stage

LONGEST_SECONDS: Final = 300.0
"""Until it is given up."""
PER_REQUEST: Final = 100
_LOOK_SECONDS: Final = 0.05
_SAY_SECONDS: Final = 5.0

Say = Callable[[str], None]
"""Told how it goes."""


class Moved(msgspec.Struct, frozen=True):
    """Events that went in, or out.

    Attributes:
        events: How many.
        rate: Events a second.
        bus_us: Microseconds of processor time of the bus for an event; None where it is not told.
        refused: Why one was not taken; empty where all were.
    """

    events: int
    rate: float
    bus_us: float | None
    refused: str = ""


def put(on: Stage, events: int, say: Say, *, key: str = "") -> Moved:
    """Put so many events, however far behind subscriptions are.

    Args:
        on: The bus.
        events: How many, in requests of 100.
        say: Told how it goes.
        key: The digits of their only key; empty: many keys.
    """
    asked = Publishing(
        url=on.url,
        token=on.tokens.publisher,
        board=str(on.board_file),
        subscriptions=len(on.subscriptions),
        load=Load(PER_REQUEST),
        seconds=LONGEST_SECONDS,
        most=-(-events // PER_REQUEST),
        run=2,
        key=key,
    )
    with child("publisher", asked, on.folder) as publisher:
        began, before = now_us(), spent(on.bus.pid)
        on.board.begin(began)
        _watch(lambda: on.board.taken, events, "put", say)
        took, after = now_us() - began, spent(on.bus.pid)
        published = publisher.result(Published, ANSWER_SECONDS)
    return _moved(published.taken, took, before, after, published.refused)


def drain(on: Stage, events: int, say: Say) -> Moved:
    """Consume so many events of each subscription."""
    asked = Consuming(
        url=on.url,
        token=on.tokens.consumer,
        board=str(on.board_file),
        subscriptions=list(on.subscriptions),
        seconds=0.0,
    )
    began, before = now_us(), spent(on.bus.pid)
    with child("consumer", asked, on.folder) as consumer:
        _watch(lambda: min(on.board.delivered), events, "drained", say)
        took, after = now_us() - began, spent(on.bus.pid)
        on.board.stop()
        consumed = consumer.result(Consumed, ANSWER_SECONDS)
    return _moved(min(consumed.delivered), took, before, after)


def _watch(count: Callable[[], int], events: int, what: str, say: Say) -> None:
    """Wait until there are so many, or nothing has moved for long."""
    last, moved, said = -1, time.monotonic(), time.monotonic()
    deadline = moved + LONGEST_SECONDS
    while (now := time.monotonic()) < deadline and (found := count()) < events:
        if found != last:
            last, moved = found, now
        if now > moved + ANSWER_SECONDS:
            return
        if now > said + _SAY_SECONDS:
            said = now
            say(f"{found:,} of {events:,} {what}")
        time.sleep(_LOOK_SECONDS)


def _moved(
    events: int, took_us: int, before: Spent | None, after: Spent | None, refused: str = ""
) -> Moved:
    cost = None
    if before is not None and after is not None and events:
        cost = 1e6 * (after.first + after.others - before.first - before.others) / events
    return Moved(events, 1e6 * events / took_us, cost, refused)
