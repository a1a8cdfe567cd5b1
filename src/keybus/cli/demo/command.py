"""The command: options, live progress, the table, the exit code."""

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import click
import msgspec
from rich.console import Console

from keybus.cli.demo.ending import Ending
from keybus.cli.demo.report import Report, milliseconds, table
from keybus.cli.demo.run import Options, Progress, perform, stage
from keybus.cli.terminal import console
from keybus.errors import SettingsError

_EXAMPLE = Path("examples") / "amazon_key"


@click.command()
@click.option("--rate", default=2000.0, show_default=True, help="Events a second.")
@click.option("--seconds", default=20.0, show_default=True, help="For how long.")
@click.option(
    "--vendor",
    default="portalis",
    show_default=True,
    help="The device vendor that is broken in the middle; '' for none.",
)
@click.option("--seed", default=0, show_default=True, help="Which stories are told.")
@click.option("--keep", is_flag=True, help="Stay up afterwards, until Ctrl-C; on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON, progress on stderr.")
def demo(rate: float, seconds: float, vendor: str, seed: int, keep: bool, as_json: bool) -> None:
    """Run the reference application on a bus of its own, and measure it from outside.

    Starts a durable bus and eight services, publishes events at a steady rate, breaks one device
    vendor in the middle, and says how each subscription fared. The exit code is 1 if an
    acknowledged event was lost, or if the outage touched any other subscription.
    """
    if rate <= 0 or seconds <= 0:
        raise click.UsageError("--rate and --seconds must be more than 0")
    screen = console(stderr=as_json)
    options = Options(folder=example_folder(), rate=rate, seconds=seconds, vendor=vendor, seed=seed)
    ending = Ending()
    ending.catch()
    with stage(options, screen.print) as on:
        report = perform(on, options, _progress(screen, seconds, vendor), ending)
        if as_json:
            click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
        _show(screen, report)
        if keep and sys.stdin.isatty():
            screen.print(f"The bus stays up on {on.url}; Ctrl-C ends it.")
            _wait()
    sys.exit(0 if report.ok else 1)


def example_folder() -> Path:
    """The reference application: beside the package where it was installed, or in the checkout.

    Raises:
        SettingsError: It is in neither.
    """
    package = Path(__file__).parents[2]
    for root in (package, package.parents[1]):
        if (root / _EXAMPLE / "platform.yaml").is_file():
            return root / _EXAMPLE
    raise SettingsError("the reference application is not installed", hint="install keybus anew")


def _progress(screen: Console, seconds: float, vendor: str) -> Callable[[Progress], None]:
    def show(progress: Progress) -> None:
        handled = sum(info.acknowledged for info in progress.subscriptions)
        waiting = {
            info.name: info.waiting + info.in_flight
            for info in progress.subscriptions
            if info.waiting + info.in_flight
        }
        most = sorted(waiting, key=lambda name: -waiting[name])[:3]
        behind = ", ".join(f"{name} {waiting[name]:,}" for name in most) or "nobody"
        outage = f"  [yellow]{vendor} is broken[/yellow]" if progress.broken else ""
        screen.print(
            f"{progress.seconds:5.0f}/{seconds:.0f} s  published {progress.acknowledged:>8,}"
            f"  handled {handled:>9,}  waiting: {behind}{outage}",
            highlight=False,
            soft_wrap=True,  # a line is a line, also in a log
        )

    return show


def _show(screen: Console, report: Report) -> None:
    screen.print(table(report.rows))
    numbers = map(milliseconds, (report.p50, report.p90, report.p99))
    screen.print(
        f"{report.acknowledged:,} events acknowledged in {report.seconds:.1f} s"
        f" ({report.rate:,.0f}/s). Without the broken vendor: success"
        f" {100 * report.success:.3f} %, p50/p90/p99 {'/'.join(numbers)} ms.",
        highlight=False,
    )
    screen.print(f"[{'green' if report.ok else 'red'}]{report.verdict}[/]", highlight=False)


def _wait() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
