"""The report as tables for people."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from keybus.cli.bench.report import Report, Row
from keybus.cli.bench.ruler import RulerFigures

_SMALL = 100_000
_NONE = "-"


def show(screen: Console, report: Report) -> None:
    """Print all of the report."""
    _say(screen, _heading(report))
    for title, table in _tables(report):
        _say(screen, f"\n{title}", style="italic")
        screen.print(table)
    screen.print()
    if report.ruler_missing:
        _say(screen, report.ruler_missing, style="yellow")
    _say(screen, report.verdict, style="green" if report.ok else "red")


def _tables(report: Report) -> Iterator[tuple[str, Table]]:
    yield "Rules and matches", _rules(report)
    yield (
        "Thousand events/s, and ratios to event-ruler (cold: to its fresh machine in a warm JVM)",
        _speeds(report),
    )
    yield "Distinct values of the fields that rules ask about", _fields(report.rows)
    if report.changes:
        yield (
            "Microseconds of one more rule or one less, and until the next match has answered",
            _changes(report),
        )


def _say(screen: Console, text: str, style: str | None = None) -> None:
    screen.print(text, highlight=False, markup=False, style=style)


def _heading(report: Report) -> str:
    on = report.setting
    events = f"{report.events:,} different land-parcel events (seed {report.seed})"
    lines = [
        f"{events} of {report.mean_bytes:,.0f} bytes on average; one thread, {on.cpus} processors.",
        f"Keybus {on.keybus}, {on.python}, msgspec {on.msgspec}, {on.system}.",
    ]
    if on.event_ruler:
        lines.append(f"event-ruler {on.event_ruler}, {on.java}, {on.jvm_options}, {on.collector}.")
    return "\n".join(lines)


def _rules(report: Report) -> Table:
    table = _table("rules", "fields", "distinct values", "build s")
    for name in ("matches", "event-ruler matches"):
        table.add_column(name, justify="right")
    for row in report.rows:
        least, most = min(row.fields.values()), max(row.fields.values())
        table.add_row(
            row.name,
            f"{row.rules:,}",
            str(len(row.fields)),
            f"{most:,}" if least == most else f"{least:,} to {most:,}",
            f"{row.build_seconds:.3f}",
            f"{row.matches:,}",
            f"{row.ruler.matches:,}" if row.ruler else _NONE,
            style="red" if row.disputed or row.modes_differ or not row.matches else None,
        )
    return table


def _speeds(report: Report) -> Table:
    table = _table(
        "msgspec\ndecode",
        "Keybus\ncold",
        "\nwarm",
        "unique\ncold",
        "names\nwarm",
        "event-ruler\ncold JVM",
        "\ncold",
        "\nwarm",
        "ratio\ncold",
        "\nwarm",
        "unique\ncold",
        "names\nwarm",
    )
    for row in report.rows:
        mine = (row.checked.cold, row.checked.warm, row.unique_names.cold, row.unique_names.warm)
        table.add_row(row.name, *map(_thousands, (row.decode, *mine)), *_beside(row))
    return table


def _beside(row: Row) -> list[str]:
    if row.ruler is None or row.ratios is None or row.unique_names_ratios is None:
        return [_NONE] * 7
    speeds = (row.ruler.cold_jvm, row.ruler.cold_machine, row.ruler.warm)
    ratios = (row.ratios, row.unique_names_ratios)
    shown = [f"{value:.2f}" for each in ratios for value in (each.cold, each.warm)]
    return [*map(_thousands, speeds), *shown]


def _fields(rows: Sequence[Row]) -> Table:
    table = _table("values")
    for path, count in sorted({path: n for row in rows for path, n in row.fields.items()}.items()):
        table.add_row(path, f"{count:,}")
    return table


def _changes(report: Report) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in ("rules", "change", "p50", "p99", "with match p50", "with match p99"):
        table.add_column(name, justify="left" if name == "change" else "right")
    for each in report.changes:
        for change, taken in (("add", each.add), ("remove", each.remove)):
            numbers = (taken.p50, taken.p99, taken.matched_p50, taken.matched_p99)
            table.add_row(f"{each.rules:,}", change, *(f"{number:,.0f}" for number in numbers))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _thousands(rate: float) -> str:
    return f"{rate / 1e3:,.1f}" if rate < _SMALL else f"{rate / 1e3:,.0f}"


def progress(ruler: RulerFigures | None, warm: float) -> str:
    """A rule set's figures in a few words, as soon as they are there."""
    beside = f", event-ruler {_thousands(ruler.warm)}" if ruler else ""
    return f"warm {_thousands(warm)} thousand events/s{beside}"
