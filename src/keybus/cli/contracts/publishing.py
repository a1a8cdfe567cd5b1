"""``keybus contracts publish``."""

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import click
import msgspec
from msgspec.structs import replace

from keybus.cli.api import Refused
from keybus.cli.contracts.reading import FOLDER, JSON, load, print_json, printable
from keybus.cli.contracts.remote import RemoteRegistry
from keybus.cli.contracts.who import somebody
from keybus.contracts import Contract
from keybus.contracts.migrations import Migration
from keybus.contracts.releases.exchange import (
    MigrationInfo,
    MigrationsPublication,
    Publication,
    Published,
)
from keybus.contracts.repository import ContractRepository
from keybus.errors import ContractError, Forbidden, KeybusError
from keybus.settings import Settings

_REFUSED = 1


class _Wanted(NamedTuple):
    """What of one type is to be sent.

    Attributes:
        contract: Its contract.
        is_new: Whether that was not released yet.
        migrations: Those that were not yet, as they are.
    """

    contract: Contract
    is_new: bool
    migrations: tuple[Migration, ...]

    @property
    def name(self) -> str:
        """What is sent, in words."""
        names = ", ".join(each.name for each in self.migrations)
        if not self.is_new:
            return f"{self.contract.type} {names}"
        version = f"{self.contract.type} {self.contract.version}"
        return f"{version} with {names}" if names else version

    def send(self, registry: RemoteRegistry, asked: Publication) -> Published:
        """Send it: the contract with its migrations, or these alone.

        Args:
            registry: Where to.
            asked: How it is meant, with the contract's files.
        """
        event_type, texts = self.contract.type, {each.name: each.text for each in self.migrations}
        if self.is_new:
            return registry.publish(event_type, replace(asked, migrations=texts))
        alone = MigrationsPublication(texts, asked.why, asked.by)
        made, same = registry.migrate(event_type, alone), self.contract
        found = Published("unchanged", event_type, same.version, same.digest)
        return replace(found, migrations=made.migrations, left=made.left)


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
    """Release contracts and migrations in FOLDER in the registry of a running bus.

    The bus judges each as `check` and `release` do. What is compatible is released at once; what
    breaks earlier releases waits until an approver has approved it. The exit code is 1 if one of
    them was refused; the others are published all the same.
    """
    repository, registry = load(folder, as_json=as_json), registry_of(url)
    chosen = _chosen(repository, types, owner)
    wanted = [_wanted(registry, each, repository.migrations.of(each.type)) for each in chosen]
    new = [each for each in wanted if each.is_new or each.migrations]
    if new and not yes:
        for each in new:
            click.echo(each.name, err=True)
        click.confirm(f"Publish at {registry.url}?", abort=True, err=True)
    texts, by = repository.pack().files, somebody()
    found: list[Published] = []
    failed: list[tuple[str, KeybusError]] = []
    for each in new:
        files = {file: texts[file] for file in each.contract.closure}
        asked = Publication(files, why, by, list(approvals), draft)
        try:
            found.append(each.send(registry, asked))
        except (Refused, Forbidden) as error:  # of this one; the next may be fine
            failed.append((each.name, error))
    _print(found, failed, len(chosen) - len(new), as_json=as_json)
    if failed:
        sys.exit(_REFUSED)


def _chosen(repository: ContractRepository, types: Sequence[str], owner: str) -> list[Contract]:
    found = [repository[each] for each in types] if types else list(repository.values())
    owners = sorted({each.owner for each in repository.values()})
    if owner and owner not in owners:
        near = get_close_matches(owner, owners, n=1)
        raise ContractError(
            f"{owner!r} owns none of these contracts",
            hint=f"did you mean {near[0]!r}?" if near else f"owners are {', '.join(owners)}",
        )
    return [each for each in found if owner in ("", each.owner)]


def _wanted(
    registry: RemoteRegistry, contract: Contract, migrations: Sequence[Migration]
) -> _Wanted:
    """What of a type the registry has not yet."""
    detail = registry.detail(contract.type)
    releases = {(each.version, each.digest) for each in detail.releases} if detail else set()
    known = {(each.name, each.digest) for each in detail.migrations} if detail else set()
    due = tuple(each for each in migrations if (each.name, each.digest) not in known)
    return _Wanted(contract, (contract.version, contract.digest) not in releases, due)


def _print(
    found: Sequence[Published],
    failed: Sequence[tuple[str, KeybusError]],
    unchanged: int,
    *,
    as_json: bool,
) -> None:
    for name, error in failed:
        click.echo(printable(f"{name}: {error.with_code}"), err=True)
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
        if published.outcome == "released":
            click.echo(f"{name}: {published.status}, {published.digest}")
        tell_migrations(published.type, published.migrations, published.left)
        return
    name += f" with {', '.join(proposal.migrations)}" if proposal.migrations else ""
    click.echo(f"{name}: {proposal.id} waits for an approval by {' or '.join(proposal.approvers)}")
    for reason in proposal.reasons:
        click.echo(printable(f"  {reason}"))


def tell_migrations(
    event_type: str, made: Sequence[MigrationInfo], left: Mapping[str, str]
) -> None:
    """Say what became of migrations.

    Args:
        event_type: Whose they are.
        made: Those that were written down.
        left: Those that were not, and why.
    """
    for each in made:
        click.echo(f"{event_type} {each.name}: of {each.version}, {each.digest}")
    for name, why in left.items():
        click.echo(printable(f"{event_type} {name} was left out: {why}"), err=True)
