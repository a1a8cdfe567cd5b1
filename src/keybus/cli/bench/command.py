"""The commands: options, progress, the report, the exit code."""

import sys

import click
import msgspec

from keybus.cli.bench.contracts import contracts
from keybus.cli.bench.decisions import decide
from keybus.cli.bench.decisions_table import show_decisions
from keybus.cli.bench.families import FAMILIES
from keybus.cli.bench.isolation import isolation
from keybus.cli.bench.pipeline import pipeline
from keybus.cli.bench.ruler import AUTO, find
from keybus.cli.bench.run import MIXED, Options, perform
from keybus.cli.bench.sqs import sqs
from keybus.cli.bench.tables import show
from keybus.cli.terminal import console
from keybus.errors import SettingsError
from keybus.patterns import PatternIndex

_LEAST_EVENTS, _MOST_EVENTS = 100, 500_000
_MOST_RULES = 50_000
_MOST_ACCOUNTS, _MOST_SUBSCRIPTIONS = 10_000, 100_000


def _scales(_: click.Context, __: click.Parameter, given: str) -> tuple[int, ...]:
    """Numbers with commas between them; each once, ascending."""
    try:
        numbers = tuple(sorted({int(each) for each in given.split(",")}))
    except ValueError:
        raise click.BadParameter(f"{given!r} is no list of numbers such as 10,1000") from None
    if not 1 <= numbers[0] <= numbers[-1] <= _MOST_RULES:
        raise click.BadParameter(f"a measurement has 1 to {_MOST_RULES:,} rules, not {given}")
    return numbers


@click.group()
def bench() -> None:
    """How fast Keybus is on this machine, beside a baseline of the same run."""


bench.add_command(contracts)
bench.add_command(pipeline)
bench.add_command(isolation)
bench.add_command(sqs)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--events",
    default=100_000,
    show_default=True,
    type=click.IntRange(_LEAST_EVENTS, _MOST_EVENTS),
    help="How many different events.",
)
@click.option("--seed", default=0, show_default=True, help="Which events and rules.")
@click.option(
    "--family",
    "families",
    multiple=True,
    type=click.Choice([*FAMILIES, MIXED]),
    help="Only these rules; may be given more than once.  [default: all of them]",
)
@click.option(
    "--rules",
    "scales",
    default="10,1000,10000",
    show_default=True,
    callback=_scales,
    help="How many mixed rules, a measurement each.",
)
@click.option(
    "--ruler",
    default=AUTO,
    show_default=True,
    metavar="PATH|auto|none",
    help="The jar that bench/event_ruler/build.sh makes; auto: where it makes it.",
)
def patterns(
    as_json: bool,
    events: int,
    seed: int,
    families: tuple[str, ...],
    scales: tuple[int, ...],
    ruler: str,
) -> None:
    """Match generated land-parcel events against event patterns, beside event-ruler.

    Cold is the first pass over the events with a fresh index, warm a later pass over the same
    ones. Where Java and the jar are present, each rule set is measured right after with
    event-ruler, the matcher inside Amazon EventBridge, on the same events. The exit code is 1 if
    the two differ about what matches.
    """
    try:
        found, missing = find(ruler)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    options = Options(events, seed, families or (*FAMILIES, MIXED), scales, found, missing)
    report = perform(PatternIndex, options, _say)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        show(console(), report)
    sys.exit(0 if report.ok else 1)


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--accounts",
    default=500,
    show_default=True,
    type=click.IntRange(2, _MOST_ACCOUNTS),
    help="How many, with a publisher and four event types each.",
)
@click.option(
    "--subscriptions",
    default=5_000,
    show_default=True,
    type=click.IntRange(1, _MOST_SUBSCRIPTIONS),
    help="How many, with a grant each.",
)
@click.option(
    "--events",
    default=100_000,
    show_default=True,
    type=click.IntRange(_LEAST_EVENTS, _MOST_EVENTS),
    help="How many a round goes over, in batches of 100.",
)
@click.option(
    "--rounds",
    default=9,
    show_default=True,
    type=click.IntRange(1, 1_000),
    help="How many the medians are of.",
)
def authorizer(as_json: bool, accounts: int, subscriptions: int, events: int, rounds: int) -> None:
    """Ask the authorizer about puts and deliveries, beside the same loops without it.

    Everything that is asked about is permitted. The exit code is 1 if something is refused.
    """
    run = decide(accounts, subscriptions, events, rounds)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(run)).decode())
    else:
        show_decisions(console(), run)
    sys.exit(0 if run.ok else 1)


def _say(what: str) -> None:
    """On a terminal only: it takes minutes, and whoever waits wants to know for what."""
    screen = console(stderr=True)
    if screen.is_terminal:
        screen.print(what, highlight=False, markup=False, style="dim")
