"""``keybus platform apply`` and ``rollback``: let another platform hold on a running bus."""

import sys
from pathlib import Path

import click

from keybus.bus.control.proposal import Proposal, VersionContent, VersionInfo
from keybus.cli.api import send
from keybus.cli.platform.declared import declaration_of, print_json
from keybus.cli.platform.planned import (
    contract_changes,
    heading,
    planned,
    print_changes,
    print_plan,
    standing_on,
)
from keybus.contracts import ContractRepository
from keybus.settings import Settings
from keybus.topology.difference import difference

_URL = click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
_YES = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
_DESPITE = click.option(
    "--despite",
    metavar="REASON",
    default="",
    help="Apply it although compliance finds something; the reason stands in the audit log.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@_URL
@_YES
@click.option("--note", default="", help="What to say of it in the list of versions.")
@_DESPITE
@_JSON
def apply(folder: Path, url: str | None, yes: bool, note: str, despite: str, as_json: bool) -> None:
    """Let the platform declared in FOLDER hold on a running bus.

    Shows the plan and asks first. It holds as a whole, or not at all; another change that came in
    between is refused. Queues of subscriptions that are gone are kept; see `prune`.
    """
    bus = Settings.from_environment().bus(url)
    declaration = declaration_of(folder, as_json=as_json)
    plan = planned(declaration, bus)
    assert plan.standing is not None
    if not as_json:
        print_plan(plan)
    plan.objections.refuse(declaration.platform.footing, despite)
    if not plan.empty:
        _confirm(yes)
    proposal = Proposal(
        declaration.platform,
        declaration.contracts.pack(),
        expected=plan.standing.info.version,
        note=note,
        despite=despite,
    )
    _propose(bus, proposal, plan.standing, as_json=as_json)


@click.command()
@click.argument("version", type=click.IntRange(min=1), required=False)
@_URL
@_YES
@_DESPITE
@_JSON
def rollback(version: int | None, url: str | None, yes: bool, despite: str, as_json: bool) -> None:
    """Let an earlier VERSION hold again: the one before the present one, where none is named.

    It becomes a new version, so that a rollback can be rolled back. `versions` lists them.
    """
    bus = Settings.from_environment().bus(url)
    standing = standing_on(bus)
    wanted = version if version is not None else standing.info.version - 1
    if wanted < 1:
        raise click.UsageError("there is no version before the first")
    earlier = standing_on(bus, str(wanted))
    if not as_json:
        click.echo(heading(bus, standing))
        before = ContractRepository.unpack(standing.contracts)
        after = ContractRepository.unpack(earlier.contracts)
        changes = tuple(contract_changes(before, after))
        found = difference(standing.platform, earlier.platform)
        print_changes(found, changes)
        if not found and not changes:
            click.echo("nothing to change")
    _confirm(yes)
    proposal = Proposal(
        earlier.platform,
        earlier.contracts,
        expected=standing.info.version,
        note=f"rolled back to version {wanted}",
        despite=despite,
    )
    _propose(bus, proposal, standing, as_json=as_json)


def _confirm(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: look at the plan, then say --yes")
    click.confirm("\napply this?", abort=True)


def _propose(bus: str, proposal: Proposal, standing: VersionContent, *, as_json: bool) -> None:
    applied = send("PUT", bus, "/platform", proposal, VersionInfo)
    if as_json:
        print_json(applied)
    elif applied.version == standing.info.version:
        click.echo(f"version {applied.version} holds already")
    else:
        click.echo(f"version {applied.version} holds")
