"""``keybus contracts can-remove``."""

import re
import sys
from pathlib import Path

import click
import msgspec

from keybus.cli.contracts.reading import FOLDER, JSON, load, print_json
from keybus.cli.contracts.users import PLATFORM, line_of, lines_of, platform_of
from keybus.governance.usage import EXIT_CODES, Removal
from keybus.governance.usage import can_remove as judge

_AT = re.compile(r"(.+)@(0|[1-9][0-9]{0,8})")


@click.command("can-remove")
@click.argument("event_type", metavar="TYPE[@MAJOR]")
@click.argument("pointer")
@FOLDER
@PLATFORM
@JSON
def can_remove(
    event_type: str, pointer: str, folder: Path, platform_file: Path | None, *, as_json: bool
) -> None:
    """Say whether the field at POINTER can be removed from the contract of TYPE, and who misses it.

    POINTER is as /site/kind; an array's items may be written /stops/*/kind or passed over. The exit
    code is 0 if it is safe, 1 if it breaks somebody, and 3 if it is not known of somebody.
    """
    named = _AT.fullmatch(event_type)
    removal = judge(
        platform_of(folder, platform_file),
        load(folder, as_json=as_json),
        event_type if named is None else named[1],
        pointer,
        major=None if named is None else int(named[2]),
    )
    if as_json:
        print_json(msgspec.to_builtins(removal))
    else:
        _print(removal)
    sys.exit(EXIT_CODES[removal.verdict])


def _print(removal: Removal) -> None:
    click.echo(f"{removal.type} {removal.version} {removal.pointer}: {removal.verdict}")
    for reason in removal.reasons:
        click.echo(f"  {reason.verdict}  the contract: {line_of(reason)}")
    for line in lines_of(removal.users):
        click.echo(line)
    if removal.also:
        click.echo(
            f"what declares it declares {', '.join(removal.also)} as well: ask for these, too"
        )
    if removal.types:
        many = f"{len(removal.types)} other contract{'' if len(removal.types) == 1 else 's'}"
        share = "shares" if len(removal.types) == 1 else "share"
        click.echo(f"{removal.file} declares it, which {many} {share}: ask for these, too")
