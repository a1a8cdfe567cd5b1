"""The command: options, progress, the report, the exit code."""

import sys

import click
import msgspec
from rich.console import Console
from rich.table import Table

from keybus.cli.bench.contracts.measuring import Costs, measure
from keybus.cli.bench.pipeline.command import say
from keybus.cli.terminal import console


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--contracts",
    "count",
    default=500,
    show_default=True,
    type=click.IntRange(10, 10_000),
    help="How many the repository has.",
)
@click.option(
    "--properties",
    default=20,
    show_default=True,
    type=click.IntRange(1, 500),
    help="How many each of them declares.",
)
@click.option(
    "--rounds",
    default=5,
    show_default=True,
    type=click.IntRange(1, 100),
    help="How many the medians are of.",
)
def contracts(as_json: bool, count: int, properties: int, rounds: int) -> None:
    """Measure differences, checks and bindings of made-up contracts, and one event's validation.

    The exit code is 1 if something was not found that has to be, or was that may not.
    """
    found = measure(count, properties, rounds, say)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        show(console(), found)
    sys.exit(1 if found.faults else 0)


def show(screen: Console, found: Costs) -> None:
    """Print it for people."""
    on = found.setting
    screen.print(
        f"{found.contracts:,} contracts of {found.properties} properties, median of"
        f" {found.rounds} rounds; {on.python}, {on.system}, {on.cpus} processors.\n",
        highlight=False,
        markup=False,
    )
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("what", "took", "goal", "baseline", "which is"):
        table.add_column(name, justify="left" if name in ("what", "which is") else "right")
    for each in found.figures:
        numbers = (each.took, each.goal, each.baseline)
        took, goal, baseline = (f"{number:,.3g} {each.unit}" for number in numbers)
        style = "green" if each.took <= each.goal else "yellow"
        table.add_row(each.name, f"[{style}]{took}[/]", goal, baseline, each.beside)
    screen.print(table)
    for fault in found.faults:
        screen.print(fault, style="red", highlight=False, markup=False)
