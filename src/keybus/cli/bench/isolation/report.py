"""What was measured: rounds that alternate, their medians, and the ratio between them."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from keybus.cli.bench.isolation.round import Asked, Round, run_round
from keybus.cli.bench.pipeline.latency import Percentiles
from keybus.cli.bench.pipeline.moving import Say
from keybus.cli.bench.report import Setting, setting

GOAL: Final = 1.5
"""Of the calm p99, at most."""
_HELD: Final = 0.95
_MEBIBYTE: Final = 2**20


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole run.

    Attributes:
        setting: On what it ran.
        rate: Events a second.
        per_request: Events of one request.
        seconds: For how long each round lasted.
        calm: Each round in which all five subscriptions were consumed: the three's percentiles,
            in milliseconds from when an event was due to be put until it was decoded.
        disturbed: The same of each round with a slow and a dead one.
        calm_p99: The median of their p99.
        disturbed_p99: The same.
        ratio: How many times the calm one that is; 0 where nothing was measured.
        goal: What that is to be, at most.
        met: Whether it is; with faults it is not.
        resident_calm: Bytes of memory of the bus, at most, at the end of a calm round.
        resident_disturbed: The same of the others.
        faults: Events that were refused or did not come, and rates that were not held.
    """

    setting: Setting
    rate: int
    per_request: int
    seconds: float
    calm: Sequence[Percentiles]
    disturbed: Sequence[Percentiles]
    calm_p99: float
    disturbed_p99: float
    ratio: float
    goal: float
    met: bool
    resident_calm: int
    resident_disturbed: int
    faults: Sequence[str]


def perform(asked: Asked, rounds: int, say: Say) -> Report:
    """Measure calm and disturbed rounds in turn, so that what else the machine does falls on both.

    Args:
        asked: What a round is like.
        rounds: How many there are of each.
        say: Told how it goes.
    """
    calm: list[Round] = []
    disturbed: list[Round] = []
    for number in range(1, rounds + 1):
        for kind, measured in (("calm", calm), ("disturbed", disturbed)):
            say(f"round {number} of {rounds}, {kind}")
            measured.append(run_round(asked, say, disturbed=kind == "disturbed"))
    return report(asked, calm, disturbed)


def report(asked: Asked, calm: Sequence[Round], disturbed: Sequence[Round]) -> Report:
    """What rounds amount to."""
    before, then = _p99(calm), _p99(disturbed)
    faults = [*_faults("calm", asked, calm), *_faults("disturbed", asked, disturbed)]
    ratio = then / before if before else 0.0
    return Report(
        setting=setting(None),
        rate=asked.rate,
        per_request=asked.per_request,
        seconds=asked.seconds,
        calm=_handled(calm),
        disturbed=_handled(disturbed),
        calm_p99=before,
        disturbed_p99=then,
        ratio=ratio,
        goal=GOAL,
        met=0 < ratio <= GOAL and not faults,
        resident_calm=max(each.resident for each in calm),
        resident_disturbed=max(each.resident for each in disturbed),
        faults=faults,
    )


def show(screen: Console, found: Report) -> None:
    """Print it for people."""
    table = Table("round", box=None)
    for kind in ("calm", "one slow, one dead"):
        table.add_column(f"{kind}: p50/p90/p99 ms", justify="right", no_wrap=True)
    for number, (calm, disturbed) in enumerate(zip(found.calm, found.disturbed, strict=True), 1):
        table.add_row(str(number), _times(calm), _times(disturbed))
    _say(
        screen,
        f"{found.rate:,} events/s, {found.per_request} a request, to five subscriptions; three of"
        f" them, over rounds of {found.seconds:g} s; {found.setting.cpus} processors.",
    )
    screen.print(table)
    memory = (found.resident_calm, found.resident_disturbed)
    shown = " and ".join(f"{each / _MEBIBYTE:,.0f}" for each in memory)
    _say(screen, f"memory of the bus, MiB, at most, calm and disturbed: {shown}")
    missed = "says nothing, with these faults" if found.faults else "missed"
    _say(
        screen,
        f"{'met' if found.met else missed}: median p99 {found.disturbed_p99:,.1f} ms beside"
        f" {found.calm_p99:,.1f} ms: {found.ratio:.2f} times (goal {found.goal:g})",
        style="green" if found.met else "yellow",
    )
    for fault in found.faults:
        _say(screen, fault, style="red")


def _p99(rounds: Sequence[Round]) -> float:
    found = [each.p99 for each in _handled(rounds)]
    return median(found) if found else 0.0


def _handled(rounds: Sequence[Round]) -> list[Percentiles]:
    return [each.figures.handled for each in rounds if each.figures.handled is not None]


def _faults(kind: str, asked: Asked, rounds: Sequence[Round]) -> Iterator[str]:
    for number, each in enumerate(rounds, 1):
        found, name = each.figures, f"{kind}, round {number}"
        if found.missing:
            yield f"{name}: {found.missing:,} acknowledged events did not come."
        if found.refused:
            yield f"{name}: not taken: {found.refused}"
        if found.taken < _HELD * asked.rate:
            yield f"{name}: {found.taken:,.0f}/s were taken, so the rate was not held."
        if found.handled is None:
            yield f"{name}: nothing was delivered in the seconds that count."


def _times(times: Percentiles) -> str:
    return "/".join(f"{each:,.1f}" for each in (times.p50, times.p90, times.p99))


def _say(screen: Console, text: str, style: str | None = None) -> None:
    screen.print(text, highlight=False, markup=False, style=style)
