"""The command: options, progress, the report, the exit code."""

import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from keybus.cli.bench.pipeline.command import ending_in_order, say
from keybus.cli.bench.sqs.run import Options, Report, perform
from keybus.cli.terminal import console

_NONE = "-"
_GOAL = 1_500.0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--seconds",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0.5, 600.0),
    help="For how long rounds last that have no number of messages.",
)
@click.option(
    "--rounds",
    default=3,
    show_default=True,
    type=click.IntRange(1, 100),
    help="How many the medians are of.",
)
@click.option(
    "--messages",
    default=50_000,
    show_default=True,
    type=click.IntRange(100, 10_000_000),
    help="Messages of the lean client's backlog, 1 KB each.",
)
@click.option(
    "--boto3-messages",
    "slow",
    default=2_000,
    show_default=True,
    type=click.IntRange(10, 1_000_000),
    help="The same of boto3's backlogs.",
)
@click.option(
    "--within",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder whose disk is measured.  [default: the system's for temporary files]",
)
def sqs(
    as_json: bool, seconds: float, rounds: int, messages: int, slow: int, within: Path | None
) -> None:
    """Receive a subscription's events by SQS's API, and delete them, in batches of ten.

    By a lean client, while a publisher fills the subscription and from a backlog, and beside it
    against a server that does nothing. Where boto3 and moto are installed, by boto3 as well, and
    by the same script from moto. The exit code is 1 if an acknowledged event did not come, or
    something was refused.
    """
    with ending_in_order():
        report = perform(Options(seconds, rounds, messages, slow, within), say)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        show(console(), report)
    sys.exit(0 if report.ok else 1)


def show(screen: Console, report: Report) -> None:
    """Print it for people."""
    on = report.setting
    _say(screen, f"Keybus {on.keybus}, {on.python}, {on.system}, {on.cpus} processors. Medians.")
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("", min_width=20)
    for column in ("messages/s", "pairs/s", "pairs/s of loop", "put/s"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in report.rows:
        busy = row.pairs_for_a_processor
        table.add_row(
            row.name,
            f"{row.median:,.0f}",
            f"{row.median / 10:,.0f}",
            _NONE if busy is None else f"{busy:,.0f}",
            f"{row.rounds[0].taken:,.0f}" if row.rounds[0].taken else _NONE,
        )
    screen.print(table)
    _say(
        screen,
        "A pair: a receive and a delete of ten. Of loop: for each second that the server's first"
        f" thread was busy (goal: {_GOAL:,.0f}).",
        style="dim",
    )
    if report.missing:
        _say(screen, f"boto3 and moto: not measured: {report.missing}", style="yellow")
    if report.ratio is not None:
        _say(screen, f"The same script with boto3: {report.ratio:,.1f} times as fast as on moto.")
    for fault in report.faults:
        _say(screen, fault, style="red")


def _say(screen: Console, text: str, style: str | None = None) -> None:
    screen.print(text, highlight=False, markup=False, style=style)
