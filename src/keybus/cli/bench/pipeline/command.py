"""The command: options, progress, the report, the exit code."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from keybus.cli.bench.pipeline.plan import SCENARIOS
from keybus.cli.bench.pipeline.run import Options, perform
from keybus.cli.bench.pipeline.tables import show
from keybus.cli.demo.ending import Ending
from keybus.cli.terminal import console

_MOST_BACKLOG = 10_000_000


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--only",
    "scenarios",
    multiple=True,
    type=click.Choice(SCENARIOS),
    help="Only this scenario; may be given more than once.  [default: all of them]",
)
@click.option(
    "--seconds",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0.5, 600.0),
    help="For how long each round lasts.",
)
@click.option(
    "--rounds",
    default=3,
    show_default=True,
    type=click.IntRange(1, 100),
    help="How many the medians are of.",
)
@click.option(
    "--backlog",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(100, _MOST_BACKLOG),
    help="Events of the backlogs, 1 KB each.",
)
@click.option(
    "--within",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder whose disk is measured.  [default: the system's for temporary files]",
)
def pipeline(
    as_json: bool,
    scenarios: tuple[str, ...],
    seconds: float,
    rounds: int,
    backlog: int,
    within: Path | None,
) -> None:
    """Put events over HTTP to a durable bus, and take them over WebSockets.

    Each round has a bus, a publisher and a consumer of its own, all processes on this machine, and
    baselines in the same run: group commits of SQLite alone, an HTTP server that does nothing, and
    the clients alone. The exit code is 1 if an acknowledged event did not come, one was not taken,
    or a rate was not held.
    """
    options = Options(scenarios or SCENARIOS, seconds, rounds, backlog, within)
    with ending_in_order():
        report = perform(options, say)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        show(console(), report)
    sys.exit(0 if report.ok else 1)


@contextmanager
def ending_in_order() -> Generator[None]:
    """A signal ends the run through every context that it is in, and so its processes."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    Ending().catch()
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def say(what: str) -> None:
    """On a terminal only: it takes minutes, and whoever waits wants to know for what."""
    screen = console(stderr=True)
    if screen.is_terminal:
        screen.print(what, highlight=False, markup=False, style="dim")
