"""``keybus platform plan``: what would change on a running bus, and what speaks against it."""

import sys
from pathlib import Path

import click

from keybus.cli.platform.declared import declaration_of, print_json
from keybus.cli.platform.planned import plan_document, planned, print_plan
from keybus.errors import BusUnavailable
from keybus.settings import Settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
@click.option("--offline", is_flag=True, help="Ask no bus: compare with an empty one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def plan(folder: Path, url: str | None, offline: bool, as_json: bool) -> None:
    """Show what applying the platform declared in FOLDER would change, and what speaks against it.

    Nothing is changed. The exit code is 0 where it may be applied, also if there is nothing to do,
    and 1 where it may not.
    """
    if offline and url:
        raise click.UsageError("--offline asks no bus, so --url has no use")
    declaration = declaration_of(folder, as_json=as_json)
    try:
        found = planned(declaration, "" if offline else Settings.from_environment().bus(url))
    except BusUnavailable as error:
        hint = f"{error.hint}; --offline asks no bus"
        raise BusUnavailable(str(error.args[0]), hint=hint) from error
    if as_json:
        print_json(plan_document(found))
    else:
        print_plan(found)
        if found.refused:
            click.echo("\nit may not be applied as it is", err=True)
    if found.refused:
        sys.exit(1)
