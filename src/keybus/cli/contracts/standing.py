"""``keybus contracts status``."""

import click
import msgspec

from keybus.cli.contracts.publishing import URL, registry_of
from keybus.cli.contracts.reading import JSON, print_json
from keybus.contracts.releases.exchange import StatusChange
from keybus.contracts.releases.lifecycle import MEANINGS
from keybus.contracts.releases.reference import Reference
from keybus.errors import ContractError


@click.command()
@click.argument("reference", metavar="TYPE@MAJOR|TYPE@VERSION")
@click.argument("status", type=click.Choice([each for each in MEANINGS if each != "draft"]))
@click.option("--replaced-by", default="", metavar="TYPE@MAJOR", help="What is to be used instead.")
@click.option("--sunset", default="", metavar="DATE", help="The day on which its time is over.")
@click.option("--why", default="", help="Why, in a sentence; it stands in the ledger.")
@click.option(
    "--despite",
    metavar="REASON",
    default="",
    help="Do it although something speaks against it; the reason stands in the ledger.",
)
@URL
@JSON
def status(
    reference: str,
    status: str,
    replaced_by: str,
    sunset: str,
    why: str,
    despite: str,
    url: str | None,
    *,
    as_json: bool,
) -> None:
    """Give releases in the registry of a running bus another status, by the rules of a folder's.

    As `deprecate`, `sunset`, `retire` and `activate` do in a folder: TYPE@MAJOR means all releases
    of a major that somebody may rely on, TYPE@VERSION one.
    """
    asked = Reference.parse(reference)
    if asked.major is None:
        raise ContractError(f"{reference} names no release", hint=f"for example {reference}@1")
    release = asked.version or str(asked.major)
    change = msgspec.convert(
        {
            "release": release,
            "status": status,
            "replaced_by": replaced_by,
            "sunset": sunset,
            "why": why,
            "despite": despite,
        },
        StatusChange,
    )
    made = registry_of(url).change(asked.type, change)
    if as_json:
        print_json(msgspec.to_builtins(made))
        return
    for each in made.releases:
        click.echo(f"{made.type} {each.version}: {each.status}")
    if not made.releases:
        click.echo(f"{reference} is {status} already")
