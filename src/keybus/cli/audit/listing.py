"""``keybus audit list``: who did what."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import click
import msgspec
from rich.table import Table
from rich.text import Text

from keybus.cli.audit.source import Source, printable, source, source_options
from keybus.cli.terminal import console
from keybus.clock import rfc3339
from keybus.governance.audit import AuditEntry, Filter, read_entry

_MOST_OF_DATA = 200


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
    table = Table(box=None)
    for name in ("entry", "time", "account", "credential", "action", "subject", "more"):
        table.add_column(name, overflow="fold")  # nothing of an entry is left out
    for entry in entries:
        table.add_row(*(Text(printable(cell)) for cell in _row(entry)))
    console().print(table)


def _entries(log: Source, after: int, wanted: Filter) -> Iterator[AuditEntry]:
    for text in log.texts(after):
        try:
            entry = read_entry(text)
        except ValueError:
            continue
        if wanted.takes(entry):
            yield entry


def _row(entry: AuditEntry) -> tuple[str, ...]:
    more = msgspec.json.encode(entry.data).decode() if entry.data else ""
    return (
        str(entry.sequence),
        rfc3339(entry.time_us, fraction=False),
        entry.actor.account,
        entry.actor.credential,
        entry.action,
        entry.subject,
        more if len(more) <= _MOST_OF_DATA else f"{more[:_MOST_OF_DATA]}…",
    )
