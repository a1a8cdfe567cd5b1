"""``keybus dlq redrives``: how far redrives and purges are."""

import click
from rich.table import Table

from keybus.bus.dead_letters.clearing import Clearing
from keybus.cli.api import get, send
from keybus.cli.dlq.letters_of import bus, of_a_bus, path_of, print_json
from keybus.cli.terminal import console
from keybus.clock import rfc3339


@click.command()
@click.argument("subscription")
@click.option("--cancel", metavar="ID", help="Stop this one; what was moved stays moved.")
@of_a_bus
def redrives(subscription: str, cancel: str | None, url: str | None, as_json: bool) -> None:
    """List a subscription's redrives and purges, the latest first, or cancel one."""
    if cancel is not None:
        path = path_of(subscription, f"redrives/{cancel[:40]}")
        found = [send("DELETE", bus(url), path, None, Clearing)]
    else:
        found = get(bus(url), path_of(subscription, "redrives"), list[Clearing])
    if as_json:
        print_json(found)
        return
    table = Table("id", "kind", "began", "moved", "of", "state", "by", box=None)
    for each in found:
        began = rfc3339(each.started_us, fraction=False)
        moved, total = f"{each.moved:,}", f"{each.total:,}"
        table.add_row(each.id, each.kind, began, moved, total, each.state, each.by)
    console().print(table)
