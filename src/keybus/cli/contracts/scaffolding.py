"""``keybus contracts new``."""

from pathlib import Path

import click

from keybus.cli.contracts.reading import FOLDER, JSON, print_json
from keybus.contracts.rules_events import CLASSIFICATIONS
from keybus.contracts.scaffold import scaffold


@click.command()
@click.argument("event_type", metavar="TYPE")
@FOLDER
@click.option(
    "--owner",
    default="",
    help="The account that answers for it.  [default: the owner of all types with its first word]",
)
@click.option(
    "--classification",
    default="internal",
    show_default=True,
    type=click.Choice(CLASSIFICATIONS),
    help="What kind of data it carries.",
)
@JSON
def new(event_type: str, folder: Path, owner: str, classification: str, *, as_json: bool) -> None:
    """Write a contract for TYPE into FOLDER, which passes as it is; and FOLDER, if it is not there.

    Fill it in, then: keybus contracts lint, check and release.
    """
    files = scaffold(folder, event_type, owner=owner, classification=classification)
    if as_json:
        print_json([file.as_posix() for file in files])
        return
    for file in files:
        click.echo(f"wrote {file}")
