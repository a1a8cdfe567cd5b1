"""``keybus contracts outdated``."""

import sys
from pathlib import Path

import click
import msgspec

from keybus.cli.contracts.reading import FOLDER, JSON, print_json
from keybus.cli.contracts.sources import source_of
from keybus.contracts.pinning import LOCK_FILE, Lag, Lock, lags
from keybus.contracts.releases import RELEASES
from keybus.errors import ContractError

_BEHIND = 1


@click.command()
@FOLDER
@click.option(
    "--lock",
    "place",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The lock file, or its folder.  [default: the current folder]",
)
@click.option(
    "--from",
    "origin",
    default=RELEASES,
    show_default=True,
    metavar="folder|releases|URL",
    help="What it is compared with.",
)
@click.option("--check", is_flag=True, help="End with 1 if something lags behind.")
@JSON
def outdated(folder: Path, place: Path, origin: str, *, check: bool, as_json: bool) -> None:
    """List what a lock pins and is not the newest release in FOLDER, or is to be left.

    A higher major is told, and is no lag: it is another promise.
    """
    file = place / LOCK_FILE if place.is_dir() else place
    if not file.is_file():
        raise ContractError(
            f"there is no {file}", hint="keybus contracts generate --from releases writes one"
        )
    source = source_of(origin, folder, as_json=as_json)
    lock = Lock.read(file)
    found = {name: lags(package, source) for name, package in sorted(lock.packages.items())}
    if as_json:
        print_json([_row(name, each) for name, all_of in found.items() for each in all_of])
    else:
        _print(found)
    if check and any(each.is_behind for all_of in found.values() for each in all_of):
        sys.exit(_BEHIND)


def _print(found: dict[str, list[Lag]]) -> None:
    for name, all_of in found.items():
        behind = sum(each.is_behind for each in all_of)
        click.echo(f"{name}: {f'{behind} behind' if behind else 'nothing is behind'}")
        for each in all_of:
            click.echo(f"  {each}")


def _row(package: str, each: Lag) -> dict[str, object]:
    return {"package": package, **msgspec.to_builtins(each), "behind": each.is_behind}
