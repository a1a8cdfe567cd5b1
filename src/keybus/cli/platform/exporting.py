"""``keybus platform export``: the platform as templates of CloudFormation."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from keybus.cdk import deployment_of
from keybus.cdk.assembly import MANIFEST, TEMPLATE, assembly_of
from keybus.cdk.deployment import is_region
from keybus.cli.platform.declared import declaration_of, print_json
from keybus.cli.platform.templates import regions_of
from keybus.errors import SettingsError


@click.command()
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default=".", required=False
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["cloudformation"]),
    default="cloudformation",
    show_default=True,
    help="What is written.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the templates; templates that are there already are replaced.",
)
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="[SUBSCRIPTION=]REGION",
    help="The central bus's region on AWS, or a subscription's.",
)
@click.option(
    "--leave-out",
    multiple=True,
    metavar="POINTER",
    help="What AWS lacks and is knowingly done without.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON for programs.")
def export(
    folder: Path,
    form: str,
    out: Path,
    regions: tuple[str, ...],
    leave_out: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Write the platform in FOLDER as templates for every account, with a manifest.

    It is what keybus.cdk's constructs synthesize, without the CDK. `keybus platform check
    --templates` reads the folder.
    """
    del form  # there is one
    central, elsewhere = regions_of(regions)
    declared = declaration_of(folder, as_json=as_json)
    said = declared.platform.region
    if central and is_region(said) and said != central:
        hint = "leave it out, or change the platform; SUBSCRIPTION=REGION puts one elsewhere"
        raise SettingsError(f"--region {central}: the platform declares {said}", hint=hint)
    deployment = deployment_of(declared, region=central, regions=elsewhere, leave_out=leave_out)
    files = assembly_of(deployment)
    _write(out, files)
    stacks = [
        {
            "stack": name,
            "environment": each["environment"].removeprefix("aws://"),
            "file": str(out / each["properties"]["templateFile"]),
            "resources": len(files[each["properties"]["templateFile"]]["Resources"]),
        }
        for name, each in files[MANIFEST]["artifacts"].items()
    ]
    if as_json:
        print_json(stacks)
        return
    for each in stacks:
        click.echo(f"{each['file']}: {each['environment']}, {_counted(each['resources'])}")


def _counted(resources: int) -> str:
    return f"{resources} resource{'' if resources == 1 else 's'}"


def _write(out: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the files, and remove templates of what is no longer declared.

    Raises:
        SettingsError: Something else is in the folder, or it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        there = {each.name for each in out.iterdir()}
        foreign = sorted(n for n in there if n != MANIFEST and not n.endswith(TEMPLATE))
        if foreign:
            raise SettingsError(
                f"{out} holds what was not exported: {', '.join(foreign[:5])}",
                hint="name another --out, or move it away",
            )
        for name in there - files.keys():
            (out / name).unlink()
        for name, document in files.items():
            (out / name).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(
            f"{out} cannot be written: {reason}", hint="name another --out"
        ) from error
