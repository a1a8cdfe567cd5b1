"""``keybus contracts search``."""

import click
import msgspec

from keybus.cli.contracts.publishing import URL, registry_of
from keybus.cli.contracts.reading import JSON, print_json, printable
from keybus.contracts.releases.lifecycle import MEANINGS


@click.command()
@click.argument("words", nargs=-1)
@click.option("--owner", default="", metavar="ACCOUNT", help="Only what this account owns.")
@click.option("--status", type=click.Choice(tuple(MEANINGS)), help="Only of this status.")
@URL
@JSON
def search(
    words: tuple[str, ...], owner: str, status: str | None, url: str | None, *, as_json: bool
) -> None:
    """Find event types in the registry of a running bus, by words that all occur in them.

    Looked at are the type, its title and description, and the names of properties of its current
    release. Without WORDS, all that one may read.
    """
    asked = {"q": " ".join(words), "owner": owner, **({"status": status} if status else {})}
    found = list(registry_of(url).list(**asked))
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    for each in found:
        told = f"  {each.description}" if each.description else ""
        click.echo(printable(f"{each.type} {each.version}  {each.status}  of {each.owner}{told}"))
    if not found:
        click.echo("nothing is found that may be read with this token")
