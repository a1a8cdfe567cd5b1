"""``keybus archive``: how much the bus keeps."""

import click

from keybus.bus.archive.retention import ArchiveInfo
from keybus.cli.api import get
from keybus.cli.dlq.letters_of import bus, of_a_bus, print_json
from keybus.clock import rfc3339
from keybus.patterns.wording import printable


@click.command()
@of_a_bus
def archive(url: str | None, as_json: bool) -> None:
    """Show since when the bus has events, how much it keeps, and what keeps it from dropping more."""
    found = get(bus(url), "/archive", ArchiveInfo)
    if as_json:
        print_json(found)
        return
    since = rfc3339(found.first_at, fraction=False) if found.first_at else "-"
    last = rfc3339(found.last_at, fraction=False) if found.last_at else "-"
    age = "for ever" if found.max_age is None else f"for {found.max_age:,} s"
    most = "no limit" if found.max_size is None else f"{found.max_size:,} bytes at most"
    click.echo(f"events    {since} to {last}, kept {age}")
    click.echo(f"store     {found.size:,} bytes, {most}")
    if found.over:
        click.echo(f"too much  {found.over:,} bytes")
    if found.needed_by:
        click.echo(printable(f"needed by {', '.join(found.needed_by)}"))
