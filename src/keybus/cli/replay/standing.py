"""``keybus replay list``, ``show`` and ``cancel``: how far replays are."""

from urllib.parse import quote

import click
from rich.table import Table
from rich.text import Text

from keybus.bus.archive.replay import Replay
from keybus.cli.api import get, send
from keybus.cli.dlq.letters_of import bus, of_a_bus, print_json
from keybus.cli.terminal import console
from keybus.clock import rfc3339
from keybus.patterns.wording import printable


@click.command(name="list")
@click.option("--to", metavar="SUBSCRIPTION", help="Only those to this subscription.")
@of_a_bus
def list_(to: str | None, url: str | None, as_json: bool) -> None:
    """List replays that you may be told of, the latest first."""
    found = get(bus(url), "/replays", list[Replay])
    if to is not None:
        found = [each for each in found if each.wanted.to == to]
    if as_json:
        print_json(found)
        return
    table = Table("id", "name", "to", "began", "sent", "looked", "state", "by", box=None)
    for each in found:
        row = (
            each.id,
            each.name,
            each.wanted.to or "(bus)",
            rfc3339(each.started_us, fraction=False),
            f"{each.sent:,}",
            f"{each.looked:,}",
            each.state if each.ended_us else f"{each.state}, {each.share:.0%}",
            each.by,
        )
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)


@click.command()
@click.argument("replay", metavar="ID")
@of_a_bus
def show(replay: str, url: str | None, as_json: bool) -> None:
    """Show what a replay sends, and how far it is."""
    found = get(bus(url), _path(replay), Replay)
    if as_json:
        print_json(found)
        return
    for name, value in _lines(found):
        click.echo(f"{name:<10} {printable(value)}")


@click.command()
@click.argument("replay", metavar="ID")
@of_a_bus
def cancel(replay: str, url: str | None, as_json: bool) -> None:
    """Stop a replay after the page that is being sent; what was sent stays sent."""
    found = send("DELETE", bus(url), _path(replay), None, Replay)
    if as_json:
        print_json(found)
    else:
        click.echo(printable(summary(found)))


def summary(replay: Replay) -> str:
    """How it stands, in a line."""
    left_out = f", {replay.withheld:,} deliveries left out" if replay.withheld else ""
    unfit = f", {replay.unfit:,} could not be looked at" if replay.unfit else ""
    why = f": {replay.error}" if replay.error else ""
    return f"replay {replay.id}: {replay.sent:,} sent{left_out}{unfit}, {replay.state}{why}"


def _path(replay: str) -> str:
    return f"/replays/{quote(replay[:40], safe='')}"


def _lines(replay: Replay) -> list[tuple[str, str]]:
    """What is said of a replay, a line each."""
    wanted = replay.wanted
    since, until = (rfc3339(each) for each in (wanted.since, wanted.until))
    return [
        ("id", replay.id),
        ("name", replay.name),
        ("to", wanted.to or "every subscription that an event matches"),
        ("taken", f"{since} to {until}"),
        ("pattern", wanted.pattern or "-"),
        ("rate", f"{replay.rate:,} a second" if replay.rate else "as fast as it goes"),
        ("began", rfc3339(replay.started_us) + (f" by {replay.by}" if replay.by else "")),
        ("sent", f"{replay.sent:,} of {replay.looked:,} that were looked at"),
        ("left out", f"{replay.withheld:,} deliveries that may not be received now"),
        ("through", f"{replay.share:.0%}, to {rfc3339(replay.at_us) if replay.at_us else '-'}"),
        ("waits for", replay.waits_for or "-"),
        ("state", replay.state + (f": {replay.error}" if replay.error else "")),
        ("ended", rfc3339(replay.ended_us) if replay.ended_us else "-"),
    ]
