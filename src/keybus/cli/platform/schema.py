"""``keybus platform schema`` and ``footings``: what a platform file may say."""

import click
from rich.table import Table

from keybus.cli.platform.declared import print_json
from keybus.cli.terminal import console
from keybus.topology import editor_schema, team_schema
from keybus.topology.footings import FOOTINGS, capability_matrix


@click.command()
@click.option("--team", is_flag=True, help="The schema of a team's own file.")
def schema(team: bool) -> None:
    """Print the JSON Schema of platform.yaml, for editors.

    Save it beside the file, and begin that with: # yaml-language-server: $schema=platform.schema.json
    """
    print_json(team_schema() if team else editor_schema())


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def footings(as_json: bool) -> None:
    """List what each footing can do; `plan` refuses what the platform's own lacks."""
    matrix = capability_matrix()
    if as_json:
        print_json(
            [
                {"id": each.id, "words": each.words, "footings": dict(each.standings)}
                for each in matrix
            ]
        )
        return
    table = Table("capability", "what it is", *FOOTINGS, box=None)
    for each in matrix:
        standings = [each.standings[footing] for footing in FOOTINGS]
        cells = [f"{'yes' if s.has else 'no'}{f': {s.note}' if s.note else ''}" for s in standings]
        table.add_row(each.id, each.words, *cells)
    console().print(table)
