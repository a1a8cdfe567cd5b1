"""``keybus dlq redrive`` and ``purge``: looked at first, then done."""

import time
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import click

from keybus.bus.dead_letters.clearing import Clearing, Preview
from keybus.cli.api import get, send
from keybus.cli.dlq.letters_of import bus, of_a_bus, path_of, print_json, told
from keybus.clock import rfc3339
from keybus.server.native.clearings import ClearingRequest

_POLL_SECONDS = 0.2
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _choosing(function: _Function) -> _Function:
    """The options that say which, and whether it is meant."""
    for option in (
        click.option("--no-wait", is_flag=True, help="Do not wait for the end."),
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Only say what it would be."),
        click.option("--id", "ids", multiple=True, help="Only this one; repeatable."),
        click.option("--type", "event_type", default="", help="Only of this event type."),
        click.option("--cause", default="", help="Only of this cause."),
        click.option("--all", "everything", is_flag=True, help="All there are now."),
    ):
        function = option(function)
    return function


@click.command()
@click.argument("subscription")
@_choosing
@click.option("--rate", default=0, type=click.IntRange(0, 1_000_000), help="Letters a second.")
@of_a_bus
def redrive(subscription: str, url: str | None, as_json: bool, rate: int, **asked: Any) -> None:
    """Deliver dead letters again, to the subscription that they are of.

    It says first how many there are, and of which causes. Those that come later are left alone. Ctrl-C stops waiting, not the redrive.
    """
    _clear("redrive", subscription, bus(url), as_json=as_json, rate=rate, **asked)


@click.command()
@click.argument("subscription")
@_choosing
@of_a_bus
def purge(subscription: str, url: str | None, as_json: bool, **asked: Any) -> None:
    """Delete dead letters for good; it says first how many there are, and of which causes."""
    _clear("purge", subscription, bus(url), as_json=as_json, rate=0, **asked)


def _clear(
    kind: Literal["redrive", "purge"],
    subscription: str,
    url: str,
    *,
    as_json: bool,
    rate: int,
    everything: bool,
    cause: str,
    event_type: str,
    ids: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    no_wait: bool,
) -> None:
    if everything == bool(cause or event_type or ids):
        raise click.UsageError("say which: --all, or --cause, --type, --id")
    chosen = {"cause": cause, "event_type": event_type, "ids": list(ids) or None}
    path = path_of(subscription, f"dead-letters/{kind}")
    preview = send("POST", url, path, ClearingRequest(dry_run=True, **chosen), Preview)  # type: ignore[arg-type]  # as above
    if dry_run and as_json:
        print_json(preview)
        return
    if not as_json:
        _say(kind, preview)
    if dry_run or not preview.count:
        if as_json:
            print_json(preview)
        return
    if not yes:
        click.confirm(f"{kind} {preview.count:,} of {subscription}?", abort=True, err=True)
    asked = ClearingRequest(mark=preview.mark, rate=rate, **chosen)  # type: ignore[arg-type]  # as above
    begun = send("POST", url, path, asked, Clearing)
    ended = begun if no_wait else _until_ended(url, begun, quiet=as_json)
    if as_json:
        print_json(ended)
    else:
        click.echo(f"{ended.kind} {ended.id}: {ended.moved:,} of {ended.total:,}, {ended.state}")


def _say(kind: str, preview: Preview) -> None:
    click.echo(f"{preview.count:,} dead letters to {kind}")
    if not preview.count:
        return
    click.echo(f"  by cause: {told(preview.causes)}")
    click.echo(f"  by type:  {told(preview.types)}")
    first, last = (rfc3339(int(each), fraction=False) for each in (preview.oldest, preview.mark))
    click.echo(f"  buried:   {first} to {last}")
    for why, count in preview.withheld.items():
        if kind == "redrive":
            click.echo(f"  {count:,} would be held now: {why}")


def _until_ended(url: str, begun: Clearing, *, quiet: bool) -> Clearing:
    """Ask how far it is until it has ended."""
    standing = begun
    while standing.state == "running":
        time.sleep(_POLL_SECONDS)
        found = get(url, path_of(begun.subscription, "redrives"), list[Clearing])
        standing = next((each for each in found if each.id == begun.id), standing)
        if not quiet:
            click.echo(f"\r{standing.moved:,} of {standing.total:,}", err=True, nl=False)
    if not quiet:
        click.echo(err=True)
    return standing
