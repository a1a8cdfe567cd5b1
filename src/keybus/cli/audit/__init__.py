"""``keybus audit``: who did what on the bus, and whether the log of it is as it was written."""

import click

from keybus.cli.audit.export import export
from keybus.cli.audit.listing import list_
from keybus.cli.audit.verify import verify


@click.group()
def audit() -> None:
    """The audit log: who did what, and the proof that nothing of it was changed."""


audit.add_command(export)
audit.add_command(list_)
audit.add_command(verify)

__all__ = ["audit"]
