"""``keybus replay start``: looked at first, then done."""

import time
from typing import Any

import click
import msgspec

from keybus.bus.archive.replay import Preview, Replay
from keybus.cli.api import get, send
from keybus.cli.dlq.letters_of import bus, of_a_bus, print_json, told
from keybus.cli.patterns.source import contents, read_pattern
from keybus.cli.replay.moments import moment
from keybus.cli.replay.standing import summary
from keybus.clock import rfc3339
from keybus.patterns.wording import printable
from keybus.server.native.replays import ReplayRequest

_POLL_SECONDS = 0.2


@click.command()
@click.option(
    "--since",
    required=True,
    metavar="TIME",
    callback=moment,
    help="Events that the bus took then or later: 2026-01-31T08:00:00Z, a date, or 2h.",
)
@click.option(
    "--until", metavar="TIME", callback=moment, help="Only what it took before.  [default: now]"
)
@click.option("--to", metavar="SUBSCRIPTION", help="Send them to this subscription.")
@click.option("--to-bus", is_flag=True, help="Send them to every subscription that they match.")
@click.option("-p", "--pattern", help="Only events that match: JSON, @FILE, or -.")
@click.option("--name", help="What the events carry as replay-name.  [default: the replay's id]")
@click.option("--rate", default=0, type=click.IntRange(0, 1_000_000), help="Events a second.")
@click.option("--dry-run", is_flag=True, help="Only say what it would be.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the end.")
@of_a_bus
def start(
    since: int,
    until: int | None,
    to: str | None,
    to_bus: bool,
    pattern: str | None,
    name: str | None,
    rate: int,
    dry_run: bool,
    yes: bool,
    no_wait: bool,
    url: str | None,
    as_json: bool,
) -> None:
    """Send events once more, to a subscription or to the bus.

    It says first how many there are, of which types. What comes later is left alone, and so is what was replayed before. Ctrl-C stops waiting, not the replay.
    """
    if bool(to) == to_bus:
        raise click.UsageError("say to whom: --to SUBSCRIPTION, or --to-bus")
    address = bus(url)
    asked: dict[str, Any] = {"since": since, "to": to, "to_bus": to_bus, "pattern": _read(pattern)}
    look = ReplayRequest(until=until, dry_run=True, **asked)
    preview = send("POST", address, "/replays", look, Preview)
    if not as_json:
        _say(preview)
    if dry_run or (preview.complete and not preview.count):
        if as_json:
            print_json(preview)
        return
    if not yes:
        at_least = "" if preview.complete else "at least "
        click.confirm(
            f"replay {at_least}{preview.count:,} to {to or 'the bus'}?", abort=True, err=True
        )
    wanted = ReplayRequest(until=preview.until, name=name, rate=rate, **asked)
    begun = send("POST", address, "/replays", wanted, Replay)
    ended = begun if no_wait else _until_ended(address, begun, quiet=as_json)
    if as_json:
        print_json(ended)
    else:
        click.echo(printable(summary(ended)))


def _read(pattern: str | None) -> msgspec.Raw:
    if pattern is None:
        return msgspec.Raw(b"null")
    text = contents(pattern)
    text = text if isinstance(text, str) else text.decode(errors="replace")
    read_pattern(text)  # which says what is wrong with it
    return msgspec.Raw(text.encode())


def _say(preview: Preview) -> None:
    events = f"{preview.count:,} events to replay, {preview.size:,} bytes"
    if not preview.complete:
        events = f"at least {events}: only the first {preview.looked:,} were looked at"
    click.echo(events)
    if preview.count:
        click.echo(f"  by type: {told(preview.types)}")
        click.echo(f"  to:      {told(preview.subscriptions)}")
        first, last = (rfc3339(each, fraction=False) for each in (preview.first, preview.last))
        click.echo(f"  taken:   {first} to {last}")
    for why, count in preview.withheld.items():
        click.echo(printable(f"  {count:,} left out: {why}"))


def _until_ended(url: str, begun: Replay, *, quiet: bool) -> Replay:
    """Ask how far it is until it has ended."""
    standing = begun
    while standing.state == "running":
        time.sleep(_POLL_SECONDS)
        standing = get(url, f"/replays/{begun.id}", Replay)
        if not quiet:
            waits = f", waits for {standing.waits_for}" if standing.waits_for else ""
            far = printable(f"{standing.sent:,} sent, {standing.share:.0%}{waits}")
            click.echo(f"\r{far}", err=True, nl=False)
    if not quiet:
        click.echo(err=True)
    return standing
