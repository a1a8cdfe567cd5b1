"""The report as tables for people."""

from rich.console import Console
from rich.table import Table

from keybus.cli.bench.pipeline.figures import Figures, Row
from keybus.cli.bench.pipeline.latency import Percentiles
from keybus.cli.bench.pipeline.moving import Moved
from keybus.cli.bench.pipeline.report import Report, goals

_NONE = "-"
_MEBIBYTE = 2**20
_LEGEND = (
    "Medians. ms: from the moment at which an event was due to be sent until its consumer has"
    " decoded it; of baselines, until it is answered, or committed. µs: processor time of the bus"
    " an event, on all its threads. Busy: how many processors were, on average, by the bus's event"
    " loop, its other threads, and both clients."
)


def show(screen: Console, report: Report) -> None:
    """Print all of the report."""
    on = report.setting
    _say(
        screen,
        f"Rounds of {report.seconds:g} s after one that does not count, median of {report.rounds};"
        f" {on.cpus} processors.\nKeybus {on.keybus}, {on.python}, msgspec {on.msgspec},"
        f" {on.system}.\nAll on: tokens, authorizer and admission enforce, de-duplication, metrics.",
    )
    if report.left_out:
        _say(screen, f"Not in the bus yet, and so not on: {', '.join(report.left_out)}.")
    for name in dict.fromkeys(row.scenario for row in report.rows):
        _say(screen, f"\n{name}", style="italic")
        screen.print(_rows([row for row in report.rows if row.scenario == name]))
    _moved(screen, report)
    _say(screen, f"\n{_LEGEND}", style="dim")
    for goal in goals(report.rows):
        said = f"{'met' if goal.met else 'missed'}: {goal.words}: {_number(goal.reached)}"
        style = "green" if goal.met else "yellow"
        _say(screen, f"{said} (goal {_number(goal.wanted)})", style=style)
    for fault in report.faults:
        _say(screen, fault, style="red")


def _rows(rows: list[Row]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("", min_width=20)
    for column in ("events/s", "deliveries/s", "µs", "busy", "p50/p90/p99 ms"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.case.name,
            _rate(row.median.taken),
            _rate(row.median.delivered),
            f"{row.bus_us:,.1f}" if row.bus_us is not None else _NONE,
            _busy(row.median),
            _times(row.median.handled or row.median.answered),
        )
    return table


def _moved(screen: Console, report: Report) -> None:
    if found := report.backlog:
        memory = (found.resident_before, found.resident_full, found.resident_after)
        _say(screen, f"\nbacklog of {found.events:,} events", style="italic")
        _say(screen, f"put {_move(found.put)}\ndrained {_move(found.drained)}")
        shown = ", ".join(f"{each / _MEBIBYTE:,.0f}" for each in memory)
        _say(screen, f"memory of the bus, MiB, before, full, drained: {shown}")
    if behind := report.blocked:
        _say(screen, f"\n{behind.put.events:,} events behind one blocked key", style="italic")
        _say(screen, f"put {_move(behind.put)}\ndrained {_move(behind.drained)}")
        _say(screen, f"all put aside {behind.aside_seconds:,.1f} s after the last was put")
        calm, blocked = _times(behind.calm.handled), _times(behind.blocked.handled)
        _say(screen, f"other keys at 2,000/s, handled: {calm} ms before, {blocked} ms then")
    if report.blocked_missing:
        _say(screen, f"\nblocked key: not measured: {report.blocked_missing}", style="yellow")


def _move(moved: Moved) -> str:
    cost = "" if moved.bus_us is None else f", {moved.bus_us:,.1f} µs each"
    return f"{moved.events:,} at {moved.rate:,.0f}/s{cost}"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate else _NONE


def _busy(figures: Figures) -> str:
    busy = figures.processors
    if busy is None:
        return _NONE
    return f"{busy.loop:.2f} {busy.threads:.2f} {busy.clients:.2f}"


def _times(times: Percentiles | None) -> str:
    if times is None:
        return _NONE
    return "/".join(f"{each:,.1f}" for each in (times.p50, times.p90, times.p99))


def _number(value: float) -> str:
    return f"{value:,.1f}" if value < 1_000 else f"{value:,.0f}"  # noqa: PLR2004 - short


def _say(screen: Console, text: str, style: str | None = None) -> None:
    screen.print(text, highlight=False, markup=False, style=style)
