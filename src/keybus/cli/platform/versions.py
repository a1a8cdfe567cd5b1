"""``keybus platform versions``: what was applied, when and by whom."""

import click
from rich.table import Table
from rich.text import Text

from keybus.bus.control.proposal import VersionInfo
from keybus.cli.api import get
from keybus.cli.platform.declared import print_json
from keybus.cli.terminal import console
from keybus.clock import rfc3339
from keybus.patterns.wording import printable
from keybus.settings import Settings


@click.command()
@click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def versions(url: str | None, as_json: bool) -> None:
    """List the versions of a running bus's platform, the oldest first."""
    found = get(Settings.from_environment().bus(url), "/platform/versions", list[VersionInfo])
    if as_json:
        print_json(found)
        return
    table = Table("version", "applied", "by", "note", box=None)
    for info in found:
        when = rfc3339(info.applied_us, fraction=False)
        table.add_row(str(info.version), when, info.account or "-", Text(printable(info.note)))
    console().print(table)
