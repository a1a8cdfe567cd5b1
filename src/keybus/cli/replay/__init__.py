"""``keybus replay``: events of the log are sent once more."""

import click

from keybus.cli.replay.standing import cancel, list_, show
from keybus.cli.replay.start import start


@click.group()
def replay() -> None:
    """Events that the bus has taken are sent once more, to a subscription or to the bus."""


for command in (cancel, list_, show, start):
    replay.add_command(command)

__all__ = ["replay"]
