"""The run: every scenario that is asked for, its cases in turn, round by round."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from keybus.cli.bench.pipeline.backlog import run_backlog
from keybus.cli.bench.pipeline.blocked import run_blocked, why_not_blocked
from keybus.cli.bench.pipeline.commits import run_commits
from keybus.cli.bench.pipeline.figures import Figures, Row, row
from keybus.cli.bench.pipeline.moving import Say
from keybus.cli.bench.pipeline.plan import BACKLOG, BLOCKED_KEY, CASES, Case
from keybus.cli.bench.pipeline.report import Report, faults
from keybus.cli.bench.pipeline.round import run_round
from keybus.cli.bench.pipeline.standins import run_stand_in
from keybus.cli.bench.report import setting

Measure = Callable[[Case, float, Path | None], Figures]

MEASURES: Final[Mapping[str, Measure]] = {
    "bus": run_round,
    "http": run_stand_in,
    "at-once": run_stand_in,
    "commit": run_commits,
}
"""How a case is measured once, by what it is put to."""


class Options(msgspec.Struct, frozen=True):
    """What to measure.

    Attributes:
        scenarios: Their names.
        seconds: For how long each round lasts, after a second that does not count.
        rounds: How many the medians are of.
        backlog: Events of the backlogs.
        within: The folder whose disk is measured; None: the system's for temporary files.
    """

    scenarios: Sequence[str]
    seconds: float
    rounds: int
    backlog: int
    within: Path | None = None


def perform(options: Options, say: Say) -> Report:
    """Measure everything that is asked for.

    Args:
        options: What is asked for.
        say: Told what is being done.
    """
    rows = [
        each
        for name, cases in CASES.items()
        if name in options.scenarios
        for each in _rows(name, cases, options, say)
    ]
    backlog = blocked = None
    missing = ""
    if BACKLOG in options.scenarios:
        say(f"{BACKLOG}: {options.backlog:,} events")
        backlog = run_backlog(options.backlog, options.within, say)
    if BLOCKED_KEY in options.scenarios:
        missing = why_not_blocked()
        say(f"{BLOCKED_KEY}: {missing or f'{options.backlog:,} events'}")
        if not missing:
            blocked = run_blocked(options.backlog, options.seconds, options.within, say)
    found = list(faults(rows, backlog, blocked))
    return Report(
        setting=setting(None),
        seconds=options.seconds,
        rounds=options.rounds,
        rows=rows,
        backlog=backlog,
        blocked=blocked,
        blocked_missing=missing,
        faults=found,
    )


def _rows(name: str, cases: Sequence[Case], options: Options, say: Say) -> Iterator[Row]:
    """Rounds alternate over the cases, so that what else the machine does falls on all of them."""
    rounds: list[list[Figures]] = [[] for _ in cases]
    for number in range(1, options.rounds + 1):
        for case, measured in zip(cases, rounds, strict=True):
            figures = MEASURES[case.to](case, options.seconds, options.within)
            measured.append(figures)
            rate = figures.taken or figures.delivered
            say(f"{name}, round {number} of {options.rounds}: {case.name}: {rate:,.0f}/s")
    for case, measured in zip(cases, rounds, strict=True):
        yield row(name, case, measured)
