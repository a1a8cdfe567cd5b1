"""``keybus audit export``: the log as a file that can be checked anywhere."""

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import click

from keybus.cli.audit.source import source, source_options
from keybus.errors import SettingsError
from keybus.governance.audit import head_line


@click.command()
@source_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A new file.  [default: standard output]",
)
def export(url: str | None, data: Path | None, out: Path | None) -> None:
    """Write the whole log as JSON lines, an entry each, and the head as the last.

    `keybus audit verify FILE` checks such a file without a bus.
    """
    log = source(url, data, query="&export=true")
    with ExitStack() as opened:
        target: BinaryIO = sys.stdout.buffer
        if out is not None:
            target = opened.enter_context(_new_file(out))
        count = _write(target, log.texts())
        if log.head is not None:
            target.write(head_line(log.head))
        target.flush()
    click.echo(f"{count:,} entries", err=True)


def _write(target: BinaryIO, entries: Iterable[bytes]) -> int:
    count = 0
    for entry in entries:
        target.write(entry + b"\n")
        count += 1
    return count


def _new_file(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}", hint="name a new file") from error
