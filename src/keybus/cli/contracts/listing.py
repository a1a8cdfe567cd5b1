"""``keybus contracts list`` and ``show``."""

from pathlib import Path
from typing import Any

import click
import msgspec

from keybus.cli.contracts.reading import FOLDER, JSON, load, print_json
from keybus.contracts.contract import Contract
from keybus.contracts.view import DeclaredProperty

_encode = msgspec.json.Encoder(decimal_format="number").encode


@click.command(name="list")
@FOLDER
@JSON
def list_(folder: Path, *, as_json: bool) -> None:
    """List the contracts in FOLDER."""
    repository = load(folder, as_json=as_json)
    if as_json:
        print_json([_summary(contract) for contract in repository.values()])
        return
    rows = [("TYPE", "VERSION", "OWNER", "CLASSIFICATION")]
    rows += [(c.type, c.version, c.owner, c.classification) for c in repository.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@click.command()
@click.argument("event_type", metavar="TYPE")
@FOLDER
@JSON
def show(event_type: str, folder: Path, *, as_json: bool) -> None:
    """Show the contract of TYPE: its metadata, digest and every declared property."""
    contract = load(folder, as_json=as_json)[event_type]
    declared = contract.declared()
    if as_json:
        rows = [_row(found) for found in declared]
        print_json({**_summary(contract), "schema": contract.schema, "declared": rows})
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
    if found.extensible:
        row["extensible"] = True
    if found.description:
        row["description"] = found.description
    return row


def _values(found: DeclaredProperty) -> str:
    values = [_encode(value).decode() for value in found.enum or ()]
    return ", ".join([*values, "…"] if found.extensible else values)
