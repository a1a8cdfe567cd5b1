"""The group of commands."""

import click

from keybus.cli.contracts.checking import check, diff
from keybus.cli.contracts.generating import generate
from keybus.cli.contracts.linting import lint
from keybus.cli.contracts.listing import list_, show
from keybus.cli.contracts.releasing import release, releases
from keybus.cli.contracts.scaffolding import new


@click.group()
def contracts() -> None:
    """Event contracts: what events look like, and who owns them."""


for command in (new, lint, list_, show, generate, check, diff, release, releases):
    contracts.add_command(command)
