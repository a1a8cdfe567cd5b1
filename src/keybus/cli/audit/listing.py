"""``keybus audit list``: who did what."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import click
import msgspec

from keybus.cli.audit.source import Source, printable, source, source_options
from keybus.clock import rfc3339
from keybus.governance.audit import AuditEntry, Filter, read_entry

_MOST_OF_DATA = 500
"""Characters of what an entry has beside; `--json` has all of it."""


@click.command(name="list")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@source_options
@click.option("--action", default="", help="Only this action, or all of a kind: credential.")
@click.option("--account", default="", help="Only what this account did.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only entries behind this.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="The last so many of them.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(
    file: Path | None,
    url: str | None,
    data: Path | None,
    action: str,
    account: str,
    after: int,
    limit: int,
    as_json: bool,
) -> None:
    """List the log of a bus, of a data folder or of an exported FILE, oldest first.

    Entries that are damaged beyond reading are left out; `keybus audit verify` names them.
    """
    query = f"&action={quote(action, safe='')}&account={quote(account, safe='')}"
    found = source(url, data, file, query=query)
    entries = deque(_entries(found, after, Filter(action, account)), maxlen=limit)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(list(entries))).decode())
        return
    for entry in entries:
        for line in _lines(entry):
            click.echo(printable(line))


def _entries(log: Source, after: int, wanted: Filter) -> Iterator[AuditEntry]:
    for text in log.texts(after):
        try:
            entry = read_entry(text)
        except ValueError:
            continue
        if wanted.takes(entry):
            yield entry


def _lines(entry: AuditEntry) -> Iterator[str]:
    """What was done to what and when; below it, by whom, and what more there is."""
    when = rfc3339(entry.time_us, fraction=False)
    yield f"{entry.sequence:>6}  {when}  {entry.action}  {entry.subject}".rstrip()
    who = f"{entry.actor.account or '-'} {entry.actor.credential}".rstrip()
    more = msgspec.json.encode(entry.data).decode() if entry.data else ""
    told = f"by {who}" if who != "-" else ""
    told += f"  {more[:_MOST_OF_DATA]}{'…' if len(more) > _MOST_OF_DATA else ''}"
    if told.strip():
        yield f"        {told.strip()}"
