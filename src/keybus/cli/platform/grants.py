"""``keybus platform grants``: who may receive what, until when."""

import click
from rich.table import Table

from keybus.cli.api import get
from keybus.cli.platform.declared import print_json
from keybus.cli.terminal import console
from keybus.protocol import GrantInfo
from keybus.settings import Settings


@click.command()
@click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def grants(url: str | None, as_json: bool) -> None:
    """List the grants on a running bus that you gave or received, and whether they hold."""
    found = get(Settings.from_environment().bus(url), "/grants", list[GrantInfo])
    if as_json:
        print_json(found)
        return
    table = Table("grant", "to", "from", "of", "expires", "holds", box=None)
    for info in found:
        table.add_row(
            info.name,
            info.account,
            " ".join(info.owners),
            " ".join([*info.events, *info.sources]),
            info.expires,
            "yes" if info.holds else "NO",
        )
    console().print(table)
