"""The run: every case in turn, round by round, and what came of it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import msgspec

from keybus.cli.bench.pipeline.moving import Say
from keybus.cli.bench.pipeline.plan import Setup
from keybus.cli.bench.report import Setting, setting
from keybus.cli.bench.sqs import measuring
from keybus.cli.bench.sqs.measuring import Measured
from keybus.cli.bench.sqs.moto_process import why_not

FILLED, DRAINED = "lean client, while it is filled", "lean client, from a backlog"
SIGNED = "lean client that signs (SigV4), from a backlog"
BOTO3, MOTO, BARE = "boto3, from a backlog", "boto3, from moto", "lean client, a bare HTTP server"


class Options(msgspec.Struct, frozen=True):
    """What to measure.

    Attributes:
        seconds: For how long rounds last that have no number of messages.
        rounds: How many the medians are of.
        messages: Messages of the lean client's backlog.
        slow: Messages of boto3's backlogs.
        within: The folder whose disk is measured; None: the system's for temporary files.
    """

    seconds: float
    rounds: int
    messages: int
    slow: int
    within: Path | None = None


class Row(msgspec.Struct, frozen=True):
    """A case.

    Attributes:
        name: What was measured.
        rounds: Every round.
        median: Messages a second, received and deleted: the median of all rounds.
    """

    name: str
    rounds: Sequence[Measured]
    median: float

    @property
    def pairs_for_a_processor(self) -> float | None:
        """Pairs of a receive and a delete for each second that the bus's event loop was busy."""
        found = [each.rate / 10 / each.loop for each in self.rounds if each.loop]
        return median(found) if found else None


class Report(msgspec.Struct, frozen=True):
    """The whole run.

    Attributes:
        setting: On what it ran.
        rows: The cases.
        missing: What could not be measured, and why; empty: nothing.
        faults: Messages that did not come, and answers that were none.
    """

    setting: Setting
    rows: Sequence[Row]
    missing: str
    faults: Sequence[str]

    @property
    def ok(self) -> bool:
        """Whether nothing was lost or refused; speeds are another matter."""
        return not self.faults

    @property
    def ratio(self) -> float | None:
        """How many times as fast the same script is as on moto."""
        found = {row.name: row.median for row in self.rows}
        return found[BOTO3] / found[MOTO] if found.get(MOTO) else None


def perform(options: Options, say: Say) -> Report:
    """Measure everything.

    Args:
        options: What is asked for.
        say: Told what is being done.
    """
    missing = why_not()
    cases = dict(_cases(options, say, with_moto=not missing))
    rounds: dict[str, list[Measured]] = {name: [] for name in cases}
    for number in range(1, options.rounds + 1):
        for name, measure in cases.items():
            found = measure()
            rounds[name].append(found)
            say(f"round {number} of {options.rounds}: {name}: {found.rate:,.0f}/s")
    rows = [Row(name, each, median(found.rate for found in each)) for name, each in rounds.items()]
    return Report(setting(None), rows, missing, list(_faults(rows)))


def _cases(
    options: Options, say: Say, *, with_moto: bool
) -> Iterator[tuple[str, Callable[[], Measured]]]:
    seconds, within = options.seconds, options.within
    yield BARE, lambda: measuring.bare(seconds, within)
    yield FILLED, lambda: measuring.while_filled(seconds, within)
    yield DRAINED, lambda: measuring.from_backlog("lean", Setup(), options.messages, within, say)
    signed = Setup(signed=True)
    yield SIGNED, lambda: measuring.from_backlog("lean", signed, options.messages, within, say)
    if not with_moto:
        return
    open_bus = Setup("off")
    yield BOTO3, lambda: measuring.from_backlog("boto3", open_bus, options.slow, within, say)
    yield MOTO, lambda: measuring.moto(options.slow, within)


def _faults(rows: Sequence[Row]) -> Iterator[str]:
    """What must not happen, however fast it goes."""
    for row in rows:
        for each in row.rounds:
            if each.missing:
                yield f"{row.name}: {each.missing:,} messages did not come."
            if each.refused:
                yield f"{row.name}: {each.refused}"
