"""``keybus contracts pull``."""

from pathlib import Path

import click

from keybus.cli.contracts.publishing import URL, registry_of
from keybus.cli.contracts.reading import JSON, print_json
from keybus.cli.contracts.remote import RemoteRegistry
from keybus.contracts.releases import RELEASES, Releases
from keybus.errors import Forbidden


@click.command()
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this one; repeatable.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("contracts"),
    show_default=True,
    help="The repository's folder; its `releases` is written.",
)
@URL
@JSON
def pull(types: tuple[str, ...], out: Path, url: str | None, *, as_json: bool) -> None:
    """Copy released contracts and migrations from the registry of a running bus into a folder's `releases`.

    Every chain and every digest is verified. What the folder has stays as it is, and is gone on
    with; a ledger that says something else than the registry's is not overwritten.
    """
    registry = registry_of(url)
    releases = Releases.load(out / RELEASES)
    rows, kept_back = list[dict[str, object]](), list[str]()
    for event_type in types or [each.type for each in registry.list()]:
        try:
            added = _pull(registry, releases, event_type)
        except Forbidden:
            if types:
                raise
            kept_back.append(event_type)
            continue
        rows.append({"type": event_type, "entries": added})
    if as_json:
        print_json(rows)
    else:
        _print(rows, out)
    for event_type in kept_back:
        click.echo(f"{event_type} is public, and who did what with it may not be read", err=True)


def _pull(registry: RemoteRegistry, releases: Releases, event_type: str) -> int:
    """Follow a type's ledger; how many entries are new."""
    ledger = registry.ledger(event_type)
    before = releases.get(event_type)
    known = len(before.entries) if before is not None else 0
    releases.follow(
        ledger,
        lambda digest: registry.contract(event_type, digest),
        lambda digest: registry.migration(event_type, digest),
    )
    return max(0, len(ledger.entries) - known)


def _print(rows: list[dict[str, object]], out: Path) -> None:
    for row in rows:
        if row["entries"]:
            many = "" if row["entries"] == 1 else "s"
            click.echo(f"{row['type']}: {row['entries']} new entr{'ies' if many else 'y'}")
    count = len(rows)
    click.echo(f"{out / RELEASES}: {count} type{'' if count == 1 else 's'}, verified")
