"""``keybus catalog asyncapi``."""

from pathlib import Path

import click

from keybus.catalog import Catalogue, asyncapi_document
from keybus.catalog.asyncapi import Options, Server, as_json, as_yaml
from keybus.catalog.asyncapi.messages import Payload
from keybus.cli.patterns.source import until_nobody_reads
from keybus.cli.platform.declared import declaration_of
from keybus.errors import SettingsError

_FORMS = {"json": as_json, "yaml": as_yaml}


@click.command()
@click.argument("platform", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to this file; .json or .yaml says how.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_FORMS)),
    help="How it is written.  [default: as --out says, else yaml]",
)
@click.option(
    "--server",
    "servers",
    multiple=True,
    metavar="NAME=URL",
    help="Where a bus is, such as production=https://bus.example.com. Repeatable.",
)
@click.option(
    "--payload",
    type=click.Choice(["envelope", "detail"]),
    default="envelope",
    show_default=True,
    help="What a message is: the whole envelope, as it is delivered, or the event alone.",
)
@click.option("--title", default="", help="The document's title.  [default: the bus's name]")
@click.option(
    "--api-version",
    "version",
    default="",
    help="The document's version.  [default: a digest of what it says]",
)
def asyncapi(
    platform: Path,
    out: Path | None,
    form: str | None,
    servers: tuple[str, ...],
    payload: Payload,
    title: str,
    version: str,
) -> None:
    """Print the AsyncAPI 3.0 document of the platform declared in PLATFORM."""
    try:
        places = tuple(map(Server.parse, servers))
    except SettingsError as error:
        raise click.BadParameter(str(error), param_hint="--server") from error
    declaration = declaration_of(platform, as_json=False)
    catalogue = Catalogue.of(declaration.platform, declaration.contracts)
    options = Options(title=title, version=version, servers=places, payload=payload)
    text = _FORMS[form or _form_of(out)](asyncapi_document(catalogue, options))
    if out is None:
        with until_nobody_reads():
            click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.UsageError(f"{out} cannot be written: {error.strerror}") from error
    click.echo(f"{out}: {len(catalogue.events)} events")


def _form_of(out: Path | None) -> str:
    return "json" if out is not None and out.suffix == ".json" else "yaml"
