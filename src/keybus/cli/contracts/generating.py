"""``keybus contracts generate``."""

from collections.abc import Iterator
from pathlib import Path

import click

from keybus.cli.contracts.reading import FOLDER
from keybus.cli.contracts.sources import FROM_FOLDER, source_of
from keybus.contracts.bindings import LANGUAGES
from keybus.contracts.bindings import generate as generate_package
from keybus.contracts.pinning import (
    LOCK_FILE,
    Choice,
    ContractSource,
    Lock,
    LockedPackage,
    choose,
    choose_locked,
    differences,
    lags,
)
from keybus.contracts.releases import RELEASES
from keybus.contracts.releases.reference import Reference
from keybus.errors import ContractError


@click.command()
@FOLDER
@click.option(
    "--language", required=True, help=f"The language of the bindings: {', '.join(LANGUAGES)}."
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the generated package; what was generated there before is replaced.",
)
@click.option(
    "--package",
    default="",
    metavar="NAME",
    help="The package's name, where that is not OUT's own: for Java and Go.",
)
@click.option(
    "--from",
    "origin",
    default="",
    metavar="folder|releases|URL",
    help="The contracts as FOLDER has them, what was released of them, or the registry of the bus"
    " at URL.  [default: folder; releases with --locked]",
)
@click.option(
    "--event",
    "events",
    multiple=True,
    metavar="TYPE[@MAJOR]",
    help="Only this one, of this major or version. Repeatable.",
)
@click.option("--locked", is_flag=True, help=f"Generate exactly what {LOCK_FILE} beside OUT pins.")
@click.option("--include-retired", is_flag=True, help="Take what is retired as well.")
def generate(
    folder: Path,
    language: str,
    out: Path,
    package: str,
    origin: str,
    events: tuple[str, ...],
    *,
    locked: bool,
    include_retired: bool,
) -> None:
    """Generate typed event classes from the contracts in FOLDER.

    A package has one major of each event: by default the one that FOLDER has or, from releases, the
    newest. What is not generated from FOLDER itself is pinned by digest in keybus.lock beside OUT.
    """
    if locked and events:
        raise click.UsageError("--locked generates what is pinned: leave --event out")
    origin = origin or (RELEASES if locked else FROM_FOLDER)
    source = source_of(origin, folder)
    place, name = out.absolute().parent / LOCK_FILE, out.absolute().name
    lock = Lock.read(place)
    if locked:
        before = _pinned(lock, name, language, out.parent / LOCK_FILE)
        choice = choose_locked(source, before, include_retired=include_retired)
    else:
        asked = [Reference.parse(each) for each in events]
        choice = choose(source, asked, include_retired=include_retired)
    for line in _warnings(choice):
        click.echo(f"warning: {line}", err=True)
    files = generate_package(language, choice.contracts, out, choice.warnings, package)
    count = len(choice.editions)
    click.echo(f"{out}: {count} event{'' if count == 1 else 's'}, {len(files)} files")
    if locked:
        _tell_lag(before, source, out)
    elif origin != FROM_FOLDER or name in lock.packages:
        _pin(lock, place, name, LockedPackage.of(language, choice.editions))


def _pinned(lock: Lock, name: str, language: str, place: Path) -> LockedPackage:
    """What is pinned of a package.

    Raises:
        ContractError: Nothing is, or it is of another language.
    """
    if name not in lock.packages:
        raise ContractError(
            f"{place} pins no package {name!r}",
            hint="generate it once without --locked, --from releases",
        )
    found = lock.packages[name]
    if found.language != language:
        raise ContractError(
            f"{place} pins {name!r} for {found.language}", hint=f"--language {found.language}"
        )
    return found


def _pin(lock: Lock, place: Path, name: str, after: LockedPackage) -> None:
    """Write the lock, and say what it pins otherwise than before."""
    lock.with_package(name, after).write(place)
    for line in differences(lock.packages.get(name), after):
        click.echo(f"  {line}")


def _tell_lag(locked: LockedPackage, source: ContractSource, out: Path) -> None:
    """One line, where the package is behind."""
    behind = [each for each in lags(locked, source) if each.is_behind]
    if behind:
        count = f"{len(behind)} of {len(locked.events)} events"
        click.echo(
            f"warning: {count} of {out} lag behind {source.name} (keybus contracts outdated)",
            err=True,
        )


def _warnings(choice: Choice) -> Iterator[str]:
    """A line for each contract that is to be left, or was left out."""
    yield from choice.warnings.values()
    for event_type, why in choice.left_out.items():
        yield f"{event_type} is left out: {why}"
