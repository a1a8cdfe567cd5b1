"""``keybus contracts sunset``, ``retire`` and ``lifecycle``."""

from pathlib import Path

import click
import msgspec

from keybus.cli.contracts.passing import (
    PLATFORM,
    REFERENCE,
    Given,
    argument,
    carry,
    concerned,
    passing,
    releases_in,
)
from keybus.cli.contracts.reading import FOLDER, JSON, print_json
from keybus.cli.contracts.who import today
from keybus.contracts.releases.endings import Ending, endings
from keybus.contracts.releases.passage import ended
from keybus.contracts.releases.reference import Reference

_DESPITE = click.option(
    "--despite",
    metavar="REASON",
    default="",
    help="Do it although something speaks against it; the reason stands in the ledger.",
)


@click.command()
@REFERENCE
@FOLDER
@PLATFORM
@_DESPITE
@passing
def sunset(
    reference: str,
    folder: Path,
    platform_file: Path | None,
    despite: str,
    why: str,
    by: str,
    *,
    only_plan: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Say that the time of deprecated releases in FOLDER is over; they still work.

    Refused before the sunset date, unless --despite says why.
    """
    releases = releases_in(folder)
    asked = Reference.parse(reference)
    planned = ended(releases.of(asked.type), asked, "sunset", today())
    given = Given(folder, why, by, only_plan, yes, as_json, despite.strip())
    carry(releases, planned, concerned(folder, platform_file, planned), given)


@click.command()
@REFERENCE
@FOLDER
@PLATFORM
@_DESPITE
@passing
def retire(
    reference: str,
    folder: Path,
    platform_file: Path | None,
    despite: str,
    why: str,
    by: str,
    *,
    only_plan: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """End releases in FOLDER for good: what is published by them is refused. No way leads back.

    Refused before the sunset date, and while a publisher or a subscription of the platform uses
    them, unless --despite says why. A draft can be retired any time.
    """
    releases = releases_in(folder)
    asked = Reference.parse(reference)
    planned = ended(releases.of(asked.type), asked, "retired", today())
    about = concerned(folder, platform_file, planned)
    left = tuple(str(each) for each in about.found if each.is_left)
    planned = msgspec.structs.replace(planned, objections=(*planned.objections, *left))
    given = Given(folder, why, by, only_plan, yes, as_json, despite.strip())
    carry(releases, planned, about, given)


@click.command()
@FOLDER
@JSON
def lifecycle(folder: Path, *, as_json: bool) -> None:
    """List what is deprecated or sunset in FOLDER, until when, and what is overdue."""
    found = endings(releases_in(folder), today())
    if as_json:
        print_json([_row(each) for each in found])
        return
    for each in found:
        click.echo(str(each))
        if each.is_overdue or each.status == "sunset":
            late = "overdue: " if each.is_overdue else "next: "
            click.echo(f"  {late}{each.next_command}{argument(folder)}")
    if not found:
        click.echo("nothing is deprecated")


def _row(each: Ending) -> dict[str, object]:
    return {
        **msgspec.to_builtins(each),
        "overdue": each.is_overdue,
        "next_command": each.next_command,
    }
