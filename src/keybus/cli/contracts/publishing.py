"""``keybus contracts publish``."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from keybus.cli.api import Refused
from keybus.cli.contracts.reading import FOLDER, JSON, load, print_json, printable
from keybus.cli.contracts.remote import RemoteRegistry
from keybus.cli.contracts.who import somebody
from keybus.contracts import Contract
from keybus.contracts.releases.exchange import Publication, Published
from keybus.contracts.repository import ContractRepository
from keybus.errors import Forbidden, KeybusError
from keybus.settings import Settings

_REFUSED = 1
URL = click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")


def registry_of(url: str | None) -> RemoteRegistry:
    """The registry of the bus that is meant."""
    return RemoteRegistry(Settings.from_environment().bus(url))


@click.command()
@FOLDER
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this one; repeatable.")
@click.option("--owner", default="", metavar="ACCOUNT", help="Only what this account owns.")
@click.option("--why", default="", help="Why, in a sentence; it stands in the ledger.")
@click.option(
    "--approved-by",
    "approvals",
    multiple=True,
    metavar="NAME",
    help="The approver for whom the token speaks; else what breaks somebody waits. Repeatable.",
)
@click.option("--draft", is_flag=True, help="To be tried: nothing is promised.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@URL
@JSON
def publish(
    folder: Path,
    types: tuple[str, ...],
    owner: str,
    why: str,
    approvals: tuple[str, ...],
    url: str | None,
    *,
    draft: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Release contracts in FOLDER in the registry of a running bus.

    The bus judges each as `check` and `release` do. What is compatible is released at once; what
    breaks earlier releases waits until an approver has approved it. The exit code is 1 if one of
    them was refused; the others are published all the same.
    """
    repository, registry = load(folder, as_json=as_json), registry_of(url)
    chosen = _chosen(repository, types, owner)
    new = [each for each in chosen if not _is_there(registry, each)]
    if new and not yes:
        for each in new:
            click.echo(f"{each.type} {each.version}", err=True)
        click.confirm(f"Publish at {registry.url}?", abort=True, err=True)
    texts, by = repository.pack().files, somebody()
    found: list[Published] = []
    failed: list[tuple[Contract, KeybusError]] = []
    for each in new:
        files = {file: texts[file] for file in each.closure}
        asked = Publication(files, why, by, list(approvals), draft)
        try:
            found.append(registry.publish(each.type, asked))
        except (Refused, Forbidden) as error:  # of this one; the next may be fine
            failed.append((each, error))
    _print(found, failed, len(chosen) - len(new), as_json=as_json)
    if failed:
        sys.exit(_REFUSED)


def _chosen(repository: ContractRepository, types: Sequence[str], owner: str) -> list[Contract]:
    found = [repository[each] for each in types] if types else list(repository.values())
    return [each for each in found if owner in ("", each.owner)]


def _is_there(registry: RemoteRegistry, contract: Contract) -> bool:
    detail = registry.detail(contract.type)
    releases = detail.releases if detail else ()
    return any(
        (each.version, each.digest) == (contract.version, contract.digest) for each in releases
    )


def _print(
    found: Sequence[Published],
    failed: Sequence[tuple[Contract, KeybusError]],
    unchanged: int,
    *,
    as_json: bool,
) -> None:
    for contract, error in failed:
        click.echo(printable(f"{contract.type} {contract.version}: {error.with_code}"), err=True)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    for each in found:
        _print_one(each)
    if not found and not failed:
        click.echo(f"nothing to publish: {unchanged} released already")


def _print_one(published: Published) -> None:
    name = f"{published.type} {published.version}"
    proposal = published.proposal
    if proposal is None:
        click.echo(f"{name}: {published.status}, {published.digest}")
        return
    click.echo(f"{name}: {proposal.id} waits for an approval by {' or '.join(proposal.approvers)}")
    for reason in proposal.reasons:
        click.echo(printable(f"  {reason}"))
