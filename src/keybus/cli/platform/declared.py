"""The declaration that a command is about, or its faults and the end."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from keybus.errors import Fault
from keybus.topology import Declaration, read_declaration

_encode = msgspec.json.Encoder(decimal_format="number").encode


def declaration_of(folder: Path, *, as_json: bool) -> Declaration:
    """The declaration in a folder; where it has faults, they are printed, and the command ends."""
    declaration, faults = read_declaration(folder)
    if declaration is None or faults:
        if as_json:
            print_json({"faults": faults})
        else:
            count = len(faults)
            click.echo(f"{folder}: {count} fault{'' if count == 1 else 's'}", err=True)
            print_faults(faults, err=True)
        sys.exit(1)
    return declaration


def print_faults(faults: Iterable[Fault], *, err: bool = False) -> None:
    """A line each, with file, line, pointer, what to do, and the code."""
    for fault in faults:
        click.echo(_printable(f"  {fault} [{fault.code}]"), err=err)


def print_json(value: Any) -> None:
    """A value as indented JSON."""
    click.echo(msgspec.json.format(_encode(value), indent=2))


def _printable(text: str) -> str:
    """The text without what UTF-8 cannot carry, as names of files may have it."""
    return text.encode("utf-8", "backslashreplace").decode()
