"""The group of commands."""

import click

from keybus.cli.contracts.generating import generate
from keybus.cli.contracts.linting import lint
from keybus.cli.contracts.listing import list_, show


@click.group()
def contracts() -> None:
    """Event contracts: what events look like, and who owns them."""


for command in (lint, list_, show, generate):
    contracts.add_command(command)
