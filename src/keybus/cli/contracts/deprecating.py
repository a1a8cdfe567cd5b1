"""``keybus contracts deprecate`` and ``activate``."""

from pathlib import Path

import click

from keybus.cli.contracts.passing import (
    PLATFORM,
    REFERENCE,
    Concerned,
    Given,
    carry,
    concerned,
    passing,
    releases_in,
    settings_of,
)
from keybus.cli.contracts.reading import FOLDER
from keybus.cli.contracts.who import today
from keybus.contracts.releases.activation import activation
from keybus.contracts.releases.deprecation import deprecation
from keybus.contracts.releases.reference import Reference


@click.command()
@REFERENCE
@FOLDER
@click.option(
    "--replaced-by",
    required=True,
    metavar="TYPE@MAJOR",
    help="What is to be used in its place: active, and released.",
)
@click.option(
    "--sunset", required=True, metavar="DATE", help="The day on which its time is over: 2027-06-30."
)
@PLATFORM
@passing
def deprecate(
    reference: str,
    folder: Path,
    replaced_by: str,
    sunset: str,
    platform_file: Path | None,
    why: str,
    by: str,
    *,
    only_plan: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Say that releases in FOLDER are to be left: for what, and until when.

    TYPE@MAJOR means all releases of a major, TYPE@VERSION one. The plan says what happens when, who
    is affected, and what each of them has to do. What is deprecated works as before; whoever
    generates, publishes or subscribes by it is warned. The same again gives it another date.
    """
    releases = releases_in(folder)
    planned = deprecation(
        releases, Reference.parse(reference), Reference.parse(replaced_by), sunset, today()
    )
    given = Given(folder, why, by, only_plan=only_plan, yes=yes, as_json=as_json)
    carry(releases, planned, concerned(folder, platform_file, planned), given)


@click.command()
@REFERENCE
@FOLDER
@click.option(
    "--approved-by",
    "approvals",
    multiple=True,
    metavar="NAME",
    help="Who approved it; asked for where a draft breaks somebody. Repeatable.",
)
@passing
def activate(
    reference: str,
    folder: Path,
    approvals: tuple[str, ...],
    why: str,
    by: str,
    *,
    only_plan: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Make a draft in FOLDER a promise, or take a deprecation back.

    A draft is named by its version, and judged beside what was released meanwhile.
    """
    releases = releases_in(folder)
    planned = activation(releases, Reference.parse(reference), settings_of(folder), approvals)
    given = Given(folder, why, by, only_plan=only_plan, yes=yes, as_json=as_json)
    carry(releases, planned, Concerned(None), given)
