"""``keybus platform``: the declared platform, and the bus that runs it."""

import click

from keybus.cli.platform.apply import apply, rollback
from keybus.cli.platform.check import check
from keybus.cli.platform.drift import drift, prune
from keybus.cli.platform.exporting import export
from keybus.cli.platform.grants import grants
from keybus.cli.platform.importing import import_
from keybus.cli.platform.plan import plan
from keybus.cli.platform.report import report
from keybus.cli.platform.schema import footings, schema
from keybus.cli.platform.versions import versions


@click.group()
def platform() -> None:
    """The platform: what is declared, what runs, and what must not be."""


for command in (
    apply,
    check,
    drift,
    export,
    footings,
    grants,
    import_,
    plan,
    prune,
    report,
    rollback,
    schema,
    versions,
):
    platform.add_command(command)

__all__ = ["platform"]
