"""``keybus dlq list`` and ``show``: what gave up, and why."""

from typing import Any
from urllib.parse import urlencode

import click
import msgspec
from rich.table import Table
from rich.text import Text

from keybus.bus.dead_letters.clearing import Preview
from keybus.cli.api import get
from keybus.cli.dlq.letters_of import bus, of_a_bus, path_of, print_json, told
from keybus.cli.patterns.source import contents
from keybus.cli.terminal import console
from keybus.clock import rfc3339
from keybus.patterns.wording import printable
from keybus.server.native.dead_letters import MAX_LETTERS, DeadLetterInfo, DeadLetterPage

_CUT = 60


@click.command(name="list")
@click.argument("subscription")
@click.option("--cause", default="", help="Only of this cause, such as attempts or rejected.")
@click.option("--type", "event_type", default="", help="Only of this event type.")
@click.option("--since", help="Only buried then or later: 2026-01-31T08:00:00Z, or a date.")
@click.option("--until", help="Only buried before.")
@click.option("--text", default="", help="Only with this text in the reason or in the event.")
@click.option("-p", "--pattern", help="Only of events that match: JSON, @FILE, or -.")
@click.option("--after", default="", help="Go on after this id.")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, MAX_LETTERS),
    help="At most so many.",
)
@of_a_bus
def list_(
    subscription: str, pattern: str | None, url: str | None, as_json: bool, **wanted: Any
) -> None:
    """List a subscription's dead letters, oldest first, and count them by cause."""
    if pattern is not None:
        wanted["pattern"] = contents(pattern)
    page = _page(bus(url), subscription, {k: v for k, v in wanted.items() if v})
    if as_json:
        print_json(page)
        return
    summary = get(bus(url), path_of(subscription, "dead-letters/summary"), Preview)
    click.echo(f"{summary.count:,} dead letters: {told(summary.causes)}".removesuffix(": "))
    if page.dead_letters:
        console().print(_table(page.dead_letters))
    elif summary.count:
        click.echo("none of them is what was looked for")
    if page.next:
        click.echo(f"more: --after {page.next}", err=True)


@click.command()
@click.argument("subscription")
@click.argument("letter", metavar="ID")
@of_a_bus
def show(subscription: str, letter: str, url: str | None, as_json: bool) -> None:
    """Show one dead letter with its event, and why it gave up."""
    found = get(bus(url), path_of(subscription, f"dead-letters/{letter[:40]}"), DeadLetterInfo)
    if as_json:
        print_json(found)
        return
    for name, value in _lines(found):
        click.echo(f"{name:<14} {printable(str(value))}")
    for name, value in found.attributes.items():
        click.echo(f"{name:<26} {printable(value)}")
    if found.withheld:
        click.echo(f"the event is withheld: {found.withheld}")
    else:
        for line in msgspec.json.format(bytes(found.envelope)).decode().split("\n"):
            click.echo(printable(line))


def _page(url: str, subscription: str, wanted: dict[str, Any]) -> DeadLetterPage:
    """A page; where the bus looked at much and found little, with what it finds further on."""
    limit, found = wanted["limit"], list[DeadLetterInfo]()
    while True:
        asked = {**wanted, "limit": limit - len(found)}
        path = path_of(subscription, f"dead-letters?{urlencode(asked)}")
        page = get(url, path, DeadLetterPage)
        found += page.dead_letters
        if not page.next or len(found) >= limit:
            return DeadLetterPage(found, page.next)
        wanted = {**wanted, "after": page.next}


def _table(letters: list[DeadLetterInfo]) -> Table:
    table = Table("id", "buried", "cause", "tries", "event type", "reason", box=None)
    for each in letters:
        row = (
            each.id,
            rfc3339(each.buried_at, fraction=False),
            each.cause + (f" ({each.redriven}x redriven)" if each.redriven else ""),
            str(each.attempts),
            each.event_type,
            each.reason if len(each.reason) <= _CUT else each.reason[: _CUT - 1] + "…",
        )
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table


def _lines(letter: DeadLetterInfo) -> list[tuple[str, object]]:
    """What is said of a letter, a line each."""
    return [
        ("id", letter.id),
        ("cause", letter.cause),
        ("reason", letter.reason),
        ("event", f"{letter.event_type} {letter.event_id} from {letter.source}"),
        ("ingested", rfc3339(letter.ingested_at)),
        ("attempts", letter.attempts),
        ("first failed", rfc3339(letter.first_attempt_at) if letter.first_attempt_at else "-"),
        ("last failed", rfc3339(letter.last_attempt_at) if letter.last_attempt_at else "-"),
        ("buried", rfc3339(letter.buried_at)),
        ("redriven", f"{letter.redriven} times before"),
    ]
