"""What `deprecate`, `activate`, `sunset` and `retire` share: options, the plan as it is shown, and the writing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from keybus.cli.contracts.reading import print_json, repository_folder
from keybus.cli.contracts.who import now, somebody
from keybus.contracts.folder import Folder, RepositorySettings
from keybus.contracts.hints import clip
from keybus.contracts.migrations import Migrations
from keybus.contracts.releases import RELEASES, Releases
from keybus.contracts.releases.passage import Passage, carry_out
from keybus.contracts.releases.reference import Reference
from keybus.errors import BrokenContracts, ContractError
from keybus.governance.affected import Affected, affected
from keybus.topology import load_apart

_PLATFORM_FILE = "platform.yaml"
_MOST_OBJECTIONS = 1_000  # characters of them in an entry of a ledger
_Command = TypeVar("_Command", bound=Callable[..., Any])

REFERENCE = click.argument("reference", metavar="TYPE@MAJOR|TYPE@VERSION")
PLATFORM = click.option(
    "--platform",
    "platform_file",
    type=click.Path(path_type=Path, exists=True),
    help="Name who is affected by this one.  [default: platform.yaml beside FOLDER, if it is there]",
)
_OPTIONS = (
    click.option("--why", default="", help="Why, in a sentence; it stands in the ledger."),
    click.option("--by", default="", help="Who does it.  [default: the user of this machine]"),
    click.option("--plan", "--dry-run", "only_plan", is_flag=True, help="Only show what it means."),
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON for programs."),
)


def passing(command: _Command) -> _Command:
    """The options of every command that changes a status."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class Given(msgspec.Struct, frozen=True):
    """How a command was asked for.

    Attributes:
        folder: The repository's folder.
        why: Why, in a sentence.
        by: Who does it; empty: the user of this machine.
        only_plan: Whether nothing is to be written.
        yes: Whether not to ask.
        as_json: Whether a program reads it.
        despite: Why objections do not count; empty where they do.
    """

    folder: Path
    why: str
    by: str
    only_plan: bool
    yes: bool
    as_json: bool
    despite: str = ""


class Concerned(msgspec.Struct, frozen=True):
    """Who is affected, as far as that is known.

    Attributes:
        platform: The platform file in which they were looked for; None where there is none.
        found: They, by name.
    """

    platform: Path | None
    found: Sequence[Affected] = ()


def releases_in(folder: Path) -> Releases:
    """A repository's releases, read and verified.

    Raises:
        ContractError: There is no repository, or nothing of it was released.
        BrokenContracts: The releases have faults.
    """
    found = Releases.load(repository_folder(folder) / RELEASES)
    if not found:
        raise ContractError(f"nothing was released in {folder}", hint="keybus contracts release")
    return found


def argument(folder: Path) -> str:
    """How a command is told of a folder; nothing where it is the one that is meant anyway."""
    return "" if folder == Path("contracts") else f" {folder}"


def settings_of(folder: Path) -> RepositorySettings:
    """A repository's settings.

    Raises:
        BrokenContracts: They have a fault.
    """
    read = Folder.read(folder)
    if read.settings is None:
        raise BrokenContracts(f"the contracts in {folder}", read.faults)
    return read.settings


def concerned(folder: Path, platform_file: Path | None, planned: Passage) -> Concerned:
    """Who is affected by what is planned.

    Args:
        folder: The repository's folder; a platform file may stand beside it.
        platform_file: The platform's file, or its folder; None: that one.
        planned: What is about to happen.

    Raises:
        TopologyError: The platform has faults of its own.
    """
    beside = folder.absolute().parent / _PLATFORM_FILE
    if platform_file is None and not beside.is_file():
        return Concerned(None)
    place = platform_file or folder.parent / _PLATFORM_FILE
    platform = load_apart(place)
    return Concerned(place, affected(platform, planned, migrated=_migrated(folder, planned)))


def _migrated(folder: Path, planned: Passage) -> bool:
    """Whether the repository's migrations lead from the replacement to what is to be left."""
    if not planned.steps or not planned.steps[-1].replaced_by:
        return False
    instead = Reference.parse(planned.steps[-1].replaced_by)
    if instead.type != planned.type or instead.major is None:
        return False
    found, _ = Migrations.read(folder)
    return found.path(planned.type, instead.major, planned.major) is not None


def carry(releases: Releases, planned: Passage, about: Concerned, given: Given) -> None:
    """Show what is planned, ask, and write it down.

    Raises:
        ContractError: Something speaks against it, and no reason was given to do it despite that;
            or it cannot be written.
    """
    if not given.as_json or not (given.yes or given.only_plan):
        _show(planned, about, given)
    if given.only_plan or not planned.steps:
        if given.as_json:
            _print_json(planned, about, written=False)
        return
    if planned.objections and not given.despite:
        raise ContractError(
            f"{planned.reference} cannot be {planned.after} now: {'; '.join(planned.objections)}",
            hint='if it has to be, say --despite "the reason": it stands in the ledger',
        )
    if not given.yes:
        click.confirm(f"{planned.command.capitalize()} {planned.reference}?", abort=True, err=True)
    made = carry_out(
        releases, planned, by=given.by or somebody(), time=now(), why=_why(planned, given)
    )
    if given.as_json:
        _print_json(planned, about, written=True)
        return
    for each in made:
        click.echo(f"{planned.type} {each.version}: {each.status}")


def _why(planned: Passage, given: Given) -> str:
    """What the ledger says, with what was overruled."""
    if not planned.objections:
        return given.why
    why = "; ".join(filter(None, (given.why, given.despite)))
    return f"{why} (despite: {clip('; '.join(planned.objections), _MOST_OBJECTIONS)})"


def _show(planned: Passage, about: Concerned, given: Given) -> None:
    """The plan, on standard error where something is written after it."""
    err = not given.only_plan
    if not planned.steps:
        click.echo(f"{planned.reference} is {planned.after} already", err=given.as_json)
        return
    for step in planned.steps:
        click.echo(f"{planned.type} {step.version}: {step.before} → {step.after}", err=err)
    if planned.left and planned.after != "active":
        left = ", ".join(planned.left)
        click.echo(f"{planned.type}@{planned.major} goes on with {left}", err=err)
    for line in [*_path(planned, given.folder), *_who(planned, about), *_against(planned)]:
        click.echo(line, err=err)


def _path(planned: Passage, folder: Path) -> list[str]:
    """What comes when, where there is more to come."""
    last = planned.steps[-1]
    where = argument(folder)
    retire = f"then:       retired   keybus contracts retire {planned.reference}{where}"
    if planned.after == "sunset":
        return [retire]
    if planned.after != "deprecated":
        return []
    return [
        f"now:        deprecated, use {last.replaced_by}; whoever uses it is warned",
        f"{last.sunset}: sunset    keybus contracts sunset {planned.reference}{where}",
        retire,
    ]


def _who(planned: Passage, about: Concerned) -> list[str]:
    if planned.after == "active" or planned.left:
        return []
    if about.platform is None:
        return ["affected: nobody can be named without a platform file (--platform)"]
    if not about.found:
        return [f"affected: nobody in {about.platform}"]
    return [
        f"affected, in {about.platform}:",
        *(f"  {each}: {each.todo}" for each in about.found),
    ]


def _against(planned: Passage) -> list[str]:
    return [f"against it: {each}" for each in planned.objections]


def _print_json(planned: Passage, about: Concerned, *, written: bool) -> None:
    print_json(
        {
            **msgspec.to_builtins(planned),
            "platform": None if about.platform is None else about.platform.as_posix(),
            "affected": msgspec.to_builtins(about.found),
            "written": written,
        }
    )
