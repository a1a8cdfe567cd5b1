"""``keybus contracts migrate`` and ``migrations``."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from keybus.cli.contracts.reading import FOLDER, JSON, load, print_json, printable
from keybus.contracts.documents import canonical_json
from keybus.contracts.migrations import MigrationError, Migrations
from keybus.contracts.migrations.trial import Trial, Trouble, try_migrations
from keybus.contracts.releases import RELEASES, Releases
from keybus.contracts.repository import ContractRepository
from keybus.errors import InvalidEvent

_BROKEN = 1
_MOST_SHOWN = 600  # characters of an event in a line


@click.command()
@click.argument("event_type", metavar="TYPE")
@click.argument("event", type=click.File("rb"), metavar="[EVENT]", default="-")
@click.option(
    "--from", "source", type=click.IntRange(0), metavar="MAJOR", required=True, help="Its major."
)
@click.option(
    "--to", "target", type=click.IntRange(0), metavar="MAJOR", required=True, help="The other one."
)
@click.option(
    "--contracts",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("contracts"),
    show_default=True,
    help="The repository's folder.",
)
def migrate(event_type: str, event: BinaryIO, source: int, target: int, folder: Path) -> None:
    """Print an event of TYPE (its detail, as JSON) in the form of another major.

    EVENT is a file, or - for standing input. Both contracts judge it: an event that the one refuses,
    or an outcome that the other does, is an error.
    """
    repository = load(folder)
    old, new = (_contract(repository, event_type, major) for major in (source, target))
    translation = repository.migrations.translation(event_type, source, target, new.version)
    if translation is None:
        there = _ways(repository.migrations, event_type)
        raise MigrationError(
            f"no migration leads from {event_type}@{source} to {event_type}@{target}",
            hint=f"there is {there}" if there else "write one: docs/migrations.md says how",
        )
    detail = _detail(event)
    if faults := old.faults(detail):
        raise InvalidEvent(f"{event_type} {old.version}", faults)
    made = translation(detail)
    if faults := new.faults(made):
        raise InvalidEvent(f"the outcome, {event_type} {new.version},", faults)
    print_json(made)


@click.command()
@FOLDER
@JSON
def migrations(folder: Path, *, as_json: bool) -> None:
    """List the migrations in FOLDER, after each was tried on events that its contracts allow.

    The exit code is 1 if one makes what its contract refuses.
    """
    repository = load(folder, as_json=as_json)
    trials = try_migrations(repository.migrations, repository.at)
    if as_json:
        releases = Releases.load(folder / RELEASES)
        print_json([_row(each, releases) for each in trials])
    else:
        for line in _lines(trials):
            click.echo(printable(line))
    sys.exit(_BROKEN if any(each.is_broken for each in trials) else 0)


def _contract(repository: ContractRepository, event_type: str, major: int) -> Any:
    own = repository[event_type]
    found = repository.at(event_type, major)
    if found is None:
        there = ", ".join(map(str, repository.editions[own.type]))
        raise MigrationError(f"{event_type} has no major {major}", hint=f"it has {there}")
    return found


def _ways(migrations: Migrations, event_type: str) -> str:
    return ", ".join(f"{each.source} to {each.target}" for each in migrations.of(event_type))


def _detail(event: BinaryIO) -> dict[str, Any]:
    try:
        return msgspec.json.decode(event.read(), type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise MigrationError(
            f"that is no event: {error}", hint="an event's detail is a JSON object"
        ) from error


def _row(trial: Trial, releases: Releases) -> dict[str, Any]:
    migration = trial.migration
    ledger = releases.get(migration.type)
    known = None if ledger is None else ledger.migrations.get(migration.name)
    return {
        "type": migration.type,
        "from": migration.source,
        "to": migration.target,
        "file": migration.file,
        "digest": migration.digest,
        "released": known is not None and known.text == migration.digest,
        "source": trial.source,
        "target": trial.target,
        "events": trial.events,
        "broken": trial.is_broken,
        "findings": msgspec.to_builtins(trial.troubles),
    }


def _lines(trials: list[Trial]) -> Iterator[str]:
    for trial in trials:
        migration = trial.migration
        name = f"{migration.type} {migration.source} to {migration.target}"
        tried = f"{trial.source} to {trial.target}, tried on {trial.events} events"
        said = "broken" if trial.is_broken else "in order"
        yield f"{name}: {said} ({tried})" if trial.events else f"{name}: not tried"
        for each in trial.troubles:
            yield from _of_trouble(each)
    count = len(trials)
    broken = sum(each.is_broken for each in trials)
    yield f"{count} migration{'' if count == 1 else 's'}, {broken or 'none'} broken"


def _of_trouble(trouble: Trouble) -> Iterator[str]:
    place = f"{trouble.pointer}: " if trouble.pointer else ""
    hint = f" ({trouble.hint})" if trouble.hint else ""
    yield f"  {place}{trouble.message}{hint} [{trouble.rule}]"
    if trouble.example is not msgspec.UNSET:
        yield f"    event: {_shown(trouble.example)}"
    if trouble.translation is not msgspec.UNSET:
        yield f"    becomes: {_shown(trouble.translation)}"


def _shown(event: Any) -> str:
    text = canonical_json(event).decode()
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
