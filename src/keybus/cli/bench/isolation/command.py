"""The command: options, progress, the report, the exit code."""

import sys
from pathlib import Path

import click
import msgspec

from keybus.cli.bench.isolation.report import perform, show
from keybus.cli.bench.isolation.round import Asked
from keybus.cli.bench.pipeline.command import ending_in_order, say
from keybus.cli.terminal import console

_MOST_BACKLOG = 10_000_000


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--rate",
    default=2_000,
    show_default=True,
    type=click.IntRange(10, 100_000),
    help="Events a second.",
)
@click.option(
    "--per-request",
    default=10,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Events of one request.",
)
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.5, 600.0),
    help="For how long each round lasts.",
)
@click.option(
    "--rounds",
    default=5,
    show_default=True,
    type=click.IntRange(1, 100),
    help="How many calm ones there are, and how many disturbed ones.",
)
@click.option(
    "--backlog",
    default=100_000,
    show_default=True,
    type=click.IntRange(0, _MOST_BACKLOG),
    help="Events that wait for the slow and the dead consumer already, 1 KB each.",
)
@click.option(
    "--slow-rate",
    default=100.0,
    show_default=True,
    type=click.FloatRange(1.0, 10_000.0),
    help="Deliveries a second that the slow consumer handles.",
)
@click.option(
    "--within",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder whose disk is measured.  [default: the system's for temporary files]",
)
def isolation(
    as_json: bool,
    rate: int,
    per_request: int,
    seconds: float,
    rounds: int,
    backlog: int,
    slow_rate: float,
    within: Path | None,
) -> None:
    """Measure what three subscriptions notice of a slow and a dead one beside them.

    Events are put to a durable bus at a steady rate, and reach five subscriptions. In calm rounds
    all are consumed; in the others one is consumed slowly and one is connected and never read, and
    a backlog waits for both. Rounds alternate, and each has a bus of its own. The exit code is 1 if
    an acknowledged event did not come, one was not taken, or the rate was not held.
    """
    asked = Asked(rate, per_request, seconds, backlog, slow_rate, within)
    with ending_in_order():
        report = perform(asked, rounds, say)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        show(console(), report)
    sys.exit(1 if report.faults else 0)
