"""``keybus contracts``: check, list, show and generate from a contract repository."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from keybus.contracts.bindings import generate_python
from keybus.contracts.contract import Contract
from keybus.contracts.repository import ContractRepository
from keybus.contracts.view import DeclaredProperty
from keybus.errors import BrokenContracts, ContractError, Fault

_encode = msgspec.json.Encoder(decimal_format="number").encode

LANGUAGES = {"python": generate_python}

_FOLDER = click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("contracts")
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group()
def contracts() -> None:
    """Event contracts: what events look like, and who owns them."""


@contracts.command()
@_FOLDER
@_JSON
def lint(folder: Path, *, as_json: bool) -> None:
    """Check the repository in FOLDER and print every fault."""
    faults = ContractRepository.lint(folder)
    if faults or as_json:
        _print_faults(faults, as_json=as_json)
    else:
        count = len(ContractRepository.load(folder))
        click.echo(f"{folder}: {count} contract{'' if count == 1 else 's'}, no faults")
    if faults:
        sys.exit(1)


@contracts.command(name="list")
@_FOLDER
@_JSON
def list_(folder: Path, *, as_json: bool) -> None:
    """List the contracts in FOLDER."""
    repository = _load(folder, as_json=as_json)
    if as_json:
        _print_json([_summary(contract) for contract in repository.values()])
        return
    rows = [("TYPE", "VERSION", "OWNER", "CLASSIFICATION")]
    rows += [(c.type, c.version, c.owner, c.classification) for c in repository.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@contracts.command()
@click.argument("event_type", metavar="TYPE")
@_FOLDER
@_JSON
def show(event_type: str, folder: Path, *, as_json: bool) -> None:
    """Show the contract of TYPE: its metadata, digest and every declared property."""
    contract = _load(folder, as_json=as_json)[event_type]
    declared = contract.declared()
    if as_json:
        rows = [_row(found) for found in declared]
        _print_json({**_summary(contract), "schema": contract.schema, "declared": rows})
        return
    click.echo(f"{contract.type} {contract.version}  ({contract.title})")
    for name, value in list(_summary(contract).items())[3:]:
        if value is not None:
            click.echo(f"  {name}: {value}")
    click.echo("")
    width = max(len(found.pointer) for found in declared)
    for found in declared:
        needed = "required" if found.required else "optional"
        values = f" {_values(found)}" if found.enum is not None else ""
        kinds = " | ".join(found.types)
        click.echo(f"  {found.pointer.ljust(width)}  {needed}  {kinds}{values}".rstrip())


@contracts.command()
@_FOLDER
@click.option("--language", required=True, help="The language of the bindings: python.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the generated package; what was generated there before is replaced.",
)
def generate(folder: Path, language: str, out: Path) -> None:
    """Generate typed event classes from the contracts in FOLDER."""
    generator = LANGUAGES.get(language)
    if generator is None:
        raise ContractError(
            f"there are no bindings for {language!r}", hint=f"supported: {', '.join(LANGUAGES)}"
        )
    repository = _load(folder)
    files = generator(repository, out)
    click.echo(f"{out}: {len(repository)} events, {len(files)} files")


def _load(folder: Path, *, as_json: bool = False) -> ContractRepository:
    """The repository; where it is broken, its faults as `lint` prints them, and the end."""
    try:
        return ContractRepository.load(folder)
    except BrokenContracts as broken:
        _print_faults(broken.faults, as_json=as_json, err=not as_json)
        sys.exit(1)


def _print_faults(faults: Iterable[Fault], *, as_json: bool, err: bool = False) -> None:
    if as_json:
        _print_json([_fault(fault) for fault in faults])
        return
    for fault in faults:
        click.echo(_printable(f"{fault} [{fault.code}]"), err=err)


def _summary(contract: Contract) -> dict[str, Any]:
    return {
        "type": contract.type,
        "title": contract.title,
        "version": contract.version,
        "owner": contract.owner,
        "classification": contract.classification,
        "key": contract.key,
        "file": contract.file,
        "digest": contract.digest,
    }


def _row(found: DeclaredProperty) -> dict[str, Any]:
    row: dict[str, Any] = {
        "pointer": found.pointer,
        "types": found.types,
        "required": found.required,
    }
    if found.enum is not None:
        row["enum"] = found.enum
    if found.description:
        row["description"] = found.description
    return row


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "code": fault.code,
        "message": _printable(fault.message),
        "file": _printable(fault.file),
        "line": fault.line,
        "pointer": _printable(fault.pointer),
        "hint": _printable(fault.hint),
    }


def _values(found: DeclaredProperty) -> str:
    return ", ".join(_encode(value).decode() for value in found.enum or ())


def _print_json(value: Any) -> None:
    click.echo(msgspec.json.format(_encode(value), indent=2))


def _printable(text: str) -> str:
    """The text without what UTF-8 cannot carry, as names of files may have it."""
    return text.encode("utf-8", "backslashreplace").decode()
