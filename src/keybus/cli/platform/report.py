"""``keybus platform report``: what has grown that nobody needs, owns or keeps up to date."""

import os
import sys
from pathlib import Path

import click
import msgspec
from rich.table import Table

from keybus.cli.api import get
from keybus.cli.terminal import console
from keybus.clock import SYSTEM, rfc3339
from keybus.governance.sprawl import DEFAULT_DAYS, SprawlReport, UsageSnapshot, sprawl
from keybus.settings import Settings
from keybus.topology import load_platform

_SHORT = len("sha256:") + 8


@click.command()
@click.argument(
    "folder", type=click.Path(exists=True, path_type=Path), default=Path(), metavar="[FOLDER]"
)
@click.option("--url", help="The bus to ask what is used.  [default: KEYBUS_URL, or none is asked]")
@click.option(
    "--days",
    type=click.IntRange(min=1, max=3650),
    default=DEFAULT_DAYS,
    show_default=True,
    help="What was not used for as long is idle.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["minimum"]),
    help="Exit with 1 if an account runs a client below the platform's minimum.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def report(folder: Path, url: str | None, days: int, fail_on: str | None, as_json: bool) -> None:
    """Report what of FOLDER's platform nobody needs, owns or keeps up to date.

    With a bus, what it counted is looked at as well: what was never published or delivered, and
    which versions of client and bindings each account runs.
    """
    platform, contracts = load_platform(folder)
    usage = None
    if url or os.environ.get("KEYBUS_URL"):
        usage = get(Settings.from_environment().bus(url), "/usage", UsageSnapshot)
    found = sprawl(platform, contracts, usage, SYSTEM.time_us(), days=days)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _print(found)
    sys.exit(1 if fail_on and found.below_minimum else 0)


def _print(found: SprawlReport) -> None:
    counts = (
        _counted(found.events, "event type"),
        _counted(found.grants, "grant"),
        _counted(found.subscriptions, "subscription"),
    )
    click.echo(f"{found.bus}: {', '.join(counts)}")
    if found.since_us:
        click.echo(f"use counted since {rfc3339(found.since_us, fraction=False)}")
    else:
        click.echo("use is not known: name a bus with --url")
    if found.findings:
        click.echo("")
        console().print(_findings(found))
    if found.software:
        click.echo("")
        console().print(_software(found))
    click.echo(f"\n{_counted(len(found.findings), 'thing')} to look at")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _findings(found: SprawlReport) -> Table:
    table = Table(box=None)
    for name in ("what", "where", "found", "next"):
        table.add_column(name, overflow="fold")
    for each in found.findings:
        table.add_row(each.code, each.subject, each.message, each.hint)
    return table


def _software(found: SprawlReport) -> Table:
    table = Table("account", "client", "python", "bindings", "last heard", box=None)
    for each in found.software:
        packages = (
            f"{package.name} {package.digest[:_SHORT]}{'' if package.current else ' (other)'}"
            for package in each.bindings
        )
        table.add_row(
            each.account,
            f"{each.client or 'not heard of'}{' (too old)' if each.below_minimum else ''}",
            each.python,
            "\n".join(packages),
            rfc3339(each.last_us, fraction=False) if each.last_us else "",
        )
    return table
