"""``keybus audit verify``: is the log as it was written."""

import base64
import binascii
import sys
from pathlib import Path

import click
import msgspec

from keybus.cli.audit.source import printable, source, source_options
from keybus.errors import SettingsError
from keybus.governance.audit import Anchor, AuditKey, Verification, audit_key

_KEY_BYTES = 32


@click.command()
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@source_options
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="SEQ:HASH",
    help="An entry's number and hash, noted earlier and kept elsewhere. May be given more than once.",
)
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file of the sealing key, to check seals as well.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def verify(
    file: Path | None,
    url: str | None,
    data: Path | None,
    anchors: tuple[str, ...],
    key_file: Path | None,
    as_json: bool,
) -> None:
    """Check the log of a bus, of a data folder or of an exported FILE.

    Names every place that is not as it was written. The exit code is 0 if there is none, 1 if
    there is. What it prints as the end is an anchor: kept where nobody who can write the store can
    change it, it shows later whether the log up to there was rewritten as a whole.
    """
    known = [Anchor.parse(text) for text in anchors]
    key = None if key_file is None else _read_key(key_file)
    found = source(url, data, file).verify(key, known)
    if as_json:
        shown = {**msgspec.to_builtins(found), "ok": found.ok}
        click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
    else:
        _print(found)
    sys.exit(0 if found.ok else 1)


def _print(found: Verification) -> None:
    for damage in found.damages:
        click.echo(printable(f"{damage} [{damage.code}]"))
    if found.more:
        click.echo(f"and {found.more:,} more")
    if not found.ok:
        count = len(found.damages) + found.more
        click.echo(f"{count:,} place{'' if count == 1 else 's'} in {found.entries:,} entries")
        return
    seals = "" if found.seals_checked or not found.sealed else ", their seals not checked"
    click.echo(f"intact: {found.entries:,} entries, {found.sealed:,} of them sealed{seals}")
    if found.beyond_head:
        click.echo(f"{found.beyond_head:,} of them beyond the head: the bus was stopped hard")
    if found.last:
        click.echo(f"end: {found.last}:{found.hash}")


def _read_key(path: Path) -> AuditKey:
    """The log's key from the file of sealing keys: base64 of 32 bytes a line, the newest first.

    Raises:
        SettingsError: It holds none.
    """
    try:
        keys = [base64.b64decode(line, validate=True) for line in path.read_bytes().split()]
    except (OSError, binascii.Error, ValueError):
        keys = []
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise SettingsError(
            f"{path}: no sealing key (base64 of {_KEY_BYTES} bytes)",
            hint="it is the file that KEYBUS_SEALING_KEY_FILE names for the bus",
        )
    return audit_key(*keys)
