"""``keybus contracts lint``."""

import sys
from pathlib import Path

import click

from keybus.cli.contracts.reading import FOLDER, JSON, print_faults
from keybus.contracts.repository import ContractRepository


@click.command()
@FOLDER
@JSON
def lint(folder: Path, *, as_json: bool) -> None:
    """Check the repository in FOLDER and print every fault."""
    faults = ContractRepository.lint(folder)
    if faults or as_json:
        print_faults(faults, as_json=as_json)
    else:
        count = len(ContractRepository.load(folder))
        click.echo(f"{folder}: {count} contract{'' if count == 1 else 's'}, no faults")
    if faults:
        sys.exit(1)
