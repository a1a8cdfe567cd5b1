"""``keybus contracts pending``, ``approve`` and ``reject``."""

import click
import msgspec

from keybus.cli.contracts.publishing import URL, registry_of, tell_migrations
from keybus.cli.contracts.reading import JSON, print_json, printable
from keybus.contracts.releases.exchange import ProposalInfo

_ID = click.argument("proposal", metavar="ID")
_WHY = click.option("--why", default="", help="Why, in a sentence.")


@click.command()
@URL
@JSON
def pending(url: str | None, *, as_json: bool) -> None:
    """List releases that wait for an approval: one's own, and those to be decided on."""
    found = registry_of(url).pending()
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    for each in found:
        click.echo(printable(_line(each)))
        for reason in each.reasons:
            click.echo(printable(f"  {reason}"))
    if not found:
        click.echo("nothing waits for an approval")


@click.command()
@_ID
@_WHY
@URL
@JSON
def approve(proposal: str, why: str, url: str | None, *, as_json: bool) -> None:
    """Approve the release ID, which releases it; the bus judges it once more."""
    made = registry_of(url).approve(proposal, why)
    if as_json:
        print_json(msgspec.to_builtins(made))
        return
    click.echo(f"{made.type} {made.version}: {made.status}, {made.digest}")
    tell_migrations(made.type, made.migrations, made.left)


@click.command()
@_ID
@_WHY
@URL
@JSON
def reject(proposal: str, why: str, url: str | None, *, as_json: bool) -> None:
    """Let the release ID wait no longer; nothing is released. Whoever proposed it may, too."""
    info = registry_of(url).reject(proposal, why)
    if as_json:
        print_json(msgspec.to_builtins(info))
        return
    click.echo(f"{info.type} {info.version}: rejected")


def _line(each: ProposalInfo) -> str:
    by = each.account or "anybody"
    why = f": {each.why}" if each.why else ""
    approvers = " or ".join(each.approvers)
    more = f" with {', '.join(each.migrations)}" if each.migrations else ""
    return (
        f"{each.id}  {each.type} {each.version}{more} by {by} at {each.proposed}{why}"
        f" (waits for {approvers})"
    )
