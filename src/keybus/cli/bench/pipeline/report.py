"""What was measured, beside the goals, and what went wrong on the way."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from keybus.cli.bench.pipeline.backlog import Backlog
from keybus.cli.bench.pipeline.blocked import Blocked
from keybus.cli.bench.pipeline.figures import Row
from keybus.cli.bench.pipeline.plan import Load
from keybus.cli.bench.report import Setting

LEFT_OUT: Final[Sequence[str]] = ()
"""What the bus does not do yet, so that "all on" is without it."""
_HELD: Final = 0.95


class Goal(msgspec.Struct, frozen=True):
    """What a case has to reach.

    Attributes:
        words: What it is.
        reached: What was measured.
        wanted: What is to be.
        met: Whether it is.
    """

    words: str
    reached: float
    wanted: float
    met: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole run.

    Attributes:
        setting: On what it ran.
        seconds: For how long each round lasted.
        rounds: How many the medians are of.
        rows: The cases.
        backlog: A backlog; None: it was not asked for.
        blocked: One behind one blocked key; None: it was not asked for, or cannot be.
        blocked_missing: Why it cannot be.
        faults: Events that were refused or did not come, and rates that were not held.
        left_out: What "all on" is without, as the bus has no such thing yet.
    """

    setting: Setting
    seconds: float
    rounds: int
    rows: Sequence[Row]
    backlog: Backlog | None
    blocked: Blocked | None
    blocked_missing: str
    faults: Sequence[str]
    left_out: Sequence[str] = LEFT_OUT

    @property
    def ok(self) -> bool:
        """Whether nothing was lost or refused; speeds are another matter."""
        return not self.faults


def goals(rows: Sequence[Row]) -> Iterator[Goal]:
    """The goals of those cases that have one, with two processors and all on."""
    for row in rows:
        setup, load, found = row.case.setup, row.case.load, row.median
        if row.scenario not in ("saturation", "steady-2000") or setup.guard != "on":
            continue
        if load.rate and found.handled:
            yield _at_most(f"{row.case.name}: p90, ms", found.handled.p90, 3.0)
            yield _at_most(f"{row.case.name}: p99, ms", found.handled.p99, 8.0)
        elif load == Load() and setup.subscriptions == 1:
            yield _at_least("durable events/s, one subscription", found.taken, 40_000.0)
        elif load == Load():
            yield _at_least("deliveries/s, five subscriptions", found.delivered, 150_000.0)


def faults(rows: Sequence[Row], backlog: Backlog | None, blocked: Blocked | None) -> Iterator[str]:
    """What must not happen, however fast it goes."""
    for row in rows:
        found, name = row.median, f"{row.scenario}: {row.case.name}"
        if found.missing:
            yield f"{name}: {found.missing:,} acknowledged events did not come."
        if found.refused:
            yield f"{name}: not taken: {found.refused}"
        if row.case.load.rate and found.taken < _HELD * row.case.load.rate:
            yield f"{name}: {found.taken:,.0f}/s were taken, so the rate was not held."
    for name, measured in (("backlog", backlog), ("blocked key", blocked)):
        if measured is not None and measured.missing:
            yield f"{name}: {measured.missing:,} acknowledged events did not come."
        if measured is not None and measured.put.refused:
            yield f"{name}: not taken: {measured.put.refused}"


def _at_least(words: str, reached: float, wanted: float) -> Goal:
    return Goal(words, reached, wanted, reached >= wanted)


def _at_most(words: str, reached: float, wanted: float) -> Goal:
    return Goal(words, reached, wanted, reached <= wanted)
