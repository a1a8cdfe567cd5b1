"""``keybus contracts release`` and ``releases``."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from keybus.cli.contracts.reading import FOLDER, JSON, load, print_json, repository_folder
from keybus.cli.contracts.who import now, somebody
from keybus.contracts.migrations import Migration
from keybus.contracts.releases import RELEASES, Ledger, LedgerEntry, Releases
from keybus.contracts.releases.judging import Judgement
from keybus.contracts.releases.migrating import check_replaced, to_write, write
from keybus.contracts.releases.releasing import (
    Intent,
    NotReleasable,
    check_approvals,
    to_release,
)
from keybus.contracts.releases.releasing import release as write_down
from keybus.contracts.releases.report import Released, check_repository

_REFUSED = 1


@click.command()
@FOLDER
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this one; repeatable.")
@click.option("--why", default="", help="Why, in a sentence; it stands in the ledger.")
@click.option("--by", default="", help="Who releases.  [default: the user of this machine]")
@click.option(
    "--approved-by",
    "approvals",
    multiple=True,
    metavar="NAME",
    help="Who approved it; asked for where it breaks somebody. Repeatable.",
)
@click.option("--draft", is_flag=True, help="To be tried: nothing is promised.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
def release(
    folder: Path,
    types: tuple[str, ...],
    why: str,
    by: str,
    approvals: tuple[str, ...],
    *,
    draft: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Release contracts and migrations in FOLDER that are new or changed; a release never changes.

    Each is kept whole, with all that it refers to, under its digest, and its type's ledger says
    who released it, when and why. Commit the folder `releases` with the contracts. What cannot be
    released as it is is refused before anything is written.
    """
    repository = load(folder, as_json=as_json)
    releases = Releases.load(folder / RELEASES)
    checked = check_repository(repository, Released(releases))
    try:
        judgements = to_release(checked, types)
        migrations = to_write(repository.migrations, releases, checked, judgements, types)
    except NotReleasable as error:
        for finding in error.findings:
            click.echo(f"{finding.file}: {finding.message} [{finding.rule}]", err=True)
        sys.exit(_REFUSED)
    if not judgements and not migrations:
        click.echo("[]" if as_json else "nothing changed since the last release")
        return
    check_approvals(judgements, repository.settings, approvals)
    check_replaced(migrations, releases, repository, approvals)
    if not yes:
        _ask(judgements, migrations)
    intent = Intent(by=by or somebody(), time=now(), why=why, approvals=approvals, draft=draft)
    made = write_down(repository, releases, judgements, intent)
    entries = write(migrations, releases, intent)
    if as_json:
        print_json([msgspec.to_builtins(each) for each in (*(one.made for one in made), *entries)])
        return
    for each in made:
        click.echo(f"{each.made.type} {each.version}: {each.status}, {each.digest}")
    for entry in entries:
        click.echo(f"{entry.type} {entry.migration}: of {entry.version}, {entry.text}")


@click.command()
@FOLDER
@click.option("--type", "event_type", metavar="TYPE", help="All that happened to this one.")
@JSON
def releases(folder: Path, event_type: str | None, *, as_json: bool) -> None:
    """List the releases in FOLDER, after every chain and digest was verified."""
    found = Releases.load(repository_folder(folder) / RELEASES)
    if event_type is not None:
        _history(found.of(event_type), as_json=as_json)
        return
    rows = [
        _row(each.made.type, each) for ledger in found.values() for each in ledger.releases.values()
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['type']} {row['version']}  {row['status']}  {row['digest']}")
    click.echo(
        f"{len(rows)} release{'' if len(rows) == 1 else 's'} of {len(found)} types, verified"
    )


def _history(ledger: Ledger, *, as_json: bool) -> None:
    if as_json:
        print_json([msgspec.to_builtins(each) for each in ledger])
        return
    for each in ledger:
        why = f": {each.why}" if each.why else ""
        approved = f", approved by {', '.join(each.approvals)}" if each.approvals else ""
        click.echo(
            f"{each.sequence}  {each.time}  {each.version} {_what(each)} by {each.by}{approved}{why}"
        )


def _row(event_type: str, each: Any) -> dict[str, Any]:
    return {
        "type": event_type,
        "version": each.version,
        "status": each.status,
        "digest": each.digest,
        "released": each.made.time,
        "by": each.made.by,
    }


def _what(entry: LedgerEntry) -> str:
    return f"migration {entry.migration}" if entry.action == "migration" else entry.status


def _ask(judgements: list[Judgement], migrations: list[Migration]) -> None:
    for each in judgements:
        breaks = f", not compatible with {', '.join(each.breaks)}" if each.broken else ""
        click.echo(
            f"{each.contract.type} {each.contract.version} ({each.standing}{breaks})", err=True
        )
    for migration in migrations:
        click.echo(f"{migration.type} {migration.name}", err=True)
    click.confirm("Release?", abort=True, err=True)
