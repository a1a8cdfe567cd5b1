"""What the commands share: the folder, and how its faults and values are printed."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from keybus.contracts.folder import SETTINGS_FILE
from keybus.contracts.repository import ContractRepository
from keybus.errors import BrokenContracts, ContractError, Fault

_encode = msgspec.json.Encoder(decimal_format="number").encode

FOLDER = click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("contracts")
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def load(folder: Path, *, as_json: bool = False) -> ContractRepository:
    """The repository; where it is broken, its faults as `lint` prints them, and the end."""
    try:
        return ContractRepository.load(folder)
    except BrokenContracts as broken:
        print_faults(broken.faults, as_json=as_json, err=not as_json)
        sys.exit(1)


def repository_folder(folder: Path) -> Path:
    """The folder, where it is a repository's.

    Raises:
        ContractError: It has no settings.
    """
    if not (folder / SETTINGS_FILE).is_file():
        raise ContractError(
            f"there are no contracts in {folder}", hint=f"name the folder with {SETTINGS_FILE}"
        )
    return folder


def print_faults(faults: Iterable[Fault], *, as_json: bool, err: bool = False) -> None:
    """Print faults, one a line, or as JSON."""
    if as_json:
        print_json([as_row(fault) for fault in faults])
        return
    for fault in faults:
        click.echo(printable(f"{fault} [{fault.code}]"), err=err)


def as_row(fault: Fault, severity: str = "error") -> dict[str, Any]:
    """A fault as JSON has it."""
    return {
        "severity": severity,
        "code": fault.code,
        "message": printable(fault.message),
        "file": printable(fault.file),
        "line": fault.line,
        "pointer": printable(fault.pointer),
        "hint": printable(fault.hint),
    }


def print_json(value: Any) -> None:
    """Print a value as JSON, its numbers exact."""
    click.echo(msgspec.json.format(_encode(value), indent=2))


def printable(text: str) -> str:
    """The text without what UTF-8 cannot carry, as names of files may have it."""
    return text.encode("utf-8", "backslashreplace").decode()
