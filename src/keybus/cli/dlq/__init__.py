"""``keybus dlq``: dead letters, looked at, redriven and purged."""

import click

from keybus.cli.dlq.clear import purge, redrive
from keybus.cli.dlq.listing import list_, show
from keybus.cli.dlq.redrives import redrives


@click.group()
def dlq() -> None:
    """Dead letters: deliveries of a subscription that gave up."""


for command in (list_, purge, redrive, redrives, show):
    dlq.add_command(command)

__all__ = ["dlq"]
