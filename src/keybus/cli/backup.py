"""``keybus backup`` and ``restore``: a copy of the store, taken while the bus runs."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from keybus.cli.dlq.letters_of import print_json
from keybus.clock import rfc3339
from keybus.engines.sqlite.backup import Manifest, check_backup, take_backup
from keybus.engines.sqlite.backup import restore as put_back
from keybus.engines.sqlite.backup.manifest import STORE, Progress
from keybus.server.restored import note_restored

_SECONDS = 0.5
_FOLDER = click.Path(path_type=Path)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.command()
@click.argument("destination", type=_FOLDER)
@click.option(
    "--data",
    type=_FOLDER,
    default=Path(".keybus"),
    show_default=True,
    help="Where the bus keeps its events.",
)
@_json
def backup(destination: Path, data: Path, as_json: bool) -> None:
    """Copy the store of a bus, which may run, into the new folder DESTINATION.

    The copy is one moment of the store, checked, with a manifest of its digest. It has the credentials' hashes and sealed secrets, but not the sealing key: keep that elsewhere.
    """
    manifest = take_backup(data / STORE, destination, _telling(quiet=as_json))
    if as_json:
        print_json(manifest)
        return
    click.echo(f"{destination}: {_said(manifest)}")


@click.command()
@click.argument("source", type=_FOLDER)
@click.option("--data", type=_FOLDER, help="Where the bus is to keep its events; no store yet.")
@click.option("--check", is_flag=True, help="Only say whether the backup is what it says.")
@_json
def restore(source: Path, data: Path | None, check: bool, as_json: bool) -> None:
    """Make a store of the backup SOURCE, where none stands and no bus runs.

    What was settled after the backup is delivered again; what was put after it is gone.
    """
    told = _telling(quiet=as_json)
    if check == (data is not None):
        raise click.UsageError("say where to with --data, or --check")
    if data is None:
        manifest = check_backup(source, told)
    else:
        manifest = put_back(source, data / STORE, told, note_restored)
    if as_json:
        print_json(manifest)
        return
    done = "sound" if data is None else f"restored to {data}"
    click.echo(f"{source}: {done}: {_said(manifest)}")


def _said(manifest: Manifest) -> str:
    when = rfc3339(manifest.made_at, fraction=False)
    messages = manifest.messages
    also = "" if messages is None else f", {messages.size:,} bytes of messages"
    return (
        f"{manifest.size:,} bytes as of {when}, the log up to position {manifest.last_position},"
        f" {manifest.subscriptions} queues{also}"
    )


def _telling(*, quiet: bool) -> Callable[[Progress], None]:
    """Says how far it is, now and then, to people who wait."""
    if quiet or not sys.stderr.isatty():
        return lambda _: None
    last = 0.0

    def tell(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > _SECONDS and progress.total:
            last = now
            percent = 100 * progress.done // progress.total
            click.echo(f"{progress.step}: {percent} %", err=True)

    return tell
