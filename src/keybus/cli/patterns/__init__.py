"""``keybus patterns``: try event patterns out, and ask why an event does not match."""

import click

from keybus.cli.patterns.explain import explain
from keybus.cli.patterns.lint import lint
from keybus.cli.patterns.matching import test
from keybus.cli.patterns.validate import validate


@click.group()
def patterns() -> None:
    """Event patterns: which events they match, and why."""


patterns.add_command(explain)
patterns.add_command(lint)
patterns.add_command(test)
patterns.add_command(validate)

__all__ = ["patterns"]
