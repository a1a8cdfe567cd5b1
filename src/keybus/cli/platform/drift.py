"""``keybus platform drift`` and ``prune``: what is on the bus and declared nowhere."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from keybus.bus.control.proposal import Prune, QueueInfo, VersionInfo
from keybus.cli.api import get, send
from keybus.cli.platform.declared import declaration_of, print_json
from keybus.cli.platform.planned import Planned, heading, planned, print_changes
from keybus.clock import SYSTEM
from keybus.governance.compliance import MadeByHand, Running
from keybus.patterns.wording import printable
from keybus.settings import Settings

_URL = click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


class Drift(msgspec.Struct, frozen=True):
    """How a bus differs from what is declared.

    Attributes:
        plan: What would have to change for them to be the same.
        queues: Queues that no declared subscription has.
        credentials: Live credentials of accounts that are not declared, by id.
        consumers: Subscriptions that somebody consumes and that are not declared.
        made: What was made by hand, through AWS's API.
    """

    plan: Planned
    queues: tuple[QueueInfo, ...]
    credentials: tuple[str, ...]
    consumers: tuple[str, ...]
    made: tuple[MadeByHand, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is any."""
        beside = (self.queues, self.credentials, self.consumers, self.made)
        return not self.plan.empty or any(beside)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@_URL
@_JSON
def drift(folder: Path, url: str | None, as_json: bool) -> None:
    """Find what a running bus has that is not declared in FOLDER, and the other way round.

    The exit code is 1 where there is any difference.
    """
    bus = Settings.from_environment().bus(url)
    declaration = declaration_of(folder, as_json=as_json)
    plan = planned(declaration, bus)
    running = get(bus, "/evidence", Running)
    declared = declaration.platform
    now = SYSTEM.time_us()
    found = Drift(
        plan,
        tuple(
            QueueInfo(each.name, each.name in declared.subscriptions, *_counts(each))
            for each in running.queues
            if each.name not in declared.subscriptions and not each.made
        ),
        tuple(
            f"{each.id} ({each.account})"
            for each in running.credentials
            if each.is_live(now) and each.account not in declared.accounts
        ),
        tuple(
            sorted(
                {each.subscription for each in running.consumers} - declared.subscriptions.keys()
            )
        ),
        running.made,
    )
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    if found.any:
        sys.exit(1)


@click.command()
@_URL
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@_JSON
def prune(url: str | None, yes: bool, as_json: bool) -> None:
    """Remove the queues of subscriptions that are gone, with all that waits in them.

    Shows what would be lost, and asks first.
    """
    bus = Settings.from_environment().bus(url)
    queues = get(bus, "/queues", list[QueueInfo])
    left = [each for each in queues if not (each.declared or each.made)]
    if not left:
        if as_json:
            print_json({"removed": []})
        else:
            click.echo("every queue is declared")
        return
    if not as_json:
        for each in left:
            click.echo(f"- {_queue(each)}")
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody can be asked here: say --yes")
        click.confirm("\nremove them for good?", abort=True)
    names = [each.name for each in left]
    removed = send("POST", bus, "/queues/prune", Prune(names), dict[str, list[str]])
    if as_json:
        print_json(removed)
    else:
        click.echo(f"removed {len(names)} queue{'' if len(names) == 1 else 's'}")


def _print(found: Drift) -> None:
    plan = found.plan
    click.echo(heading(plan.url, plan.standing))
    if not found.any:
        click.echo("no drift")
        return
    if not plan.empty:
        last = _said(plan.standing.info) if plan.standing else ""
        click.echo(f"to be as declared, it would have to change{last}:")
        print_changes(plan.difference, plan.contracts)
    for queue in found.queues:
        click.echo(f"  queue that no subscription declares: {_queue(queue)}")
    for credential in found.credentials:
        click.echo(f"  live credential of an account that is not declared: {credential}")
    for consumer in found.consumers:
        click.echo(f"  consumed, and not declared: {consumer}")
    for made in found.made:
        click.echo(f"  made by hand: {_made(made)}")
    if not plan.empty:
        click.echo("`keybus platform apply` makes it so; `versions` says who applied what")
    elif found.queues:
        click.echo("`keybus platform prune` removes such queues")


def _said(info: VersionInfo) -> str:
    return f" (what holds was noted as: {printable(info.note)})" if info.note else ""


def _queue(queue: QueueInfo) -> str:
    return f"{queue.name}: {queue.waiting} waiting, {queue.held} held, {queue.dead} dead letters"


def _made(made: MadeByHand) -> str:
    whose = f" of {made.account}" if made.account else ""
    what = f": {printable(made.what)}" if made.what else ""
    return f"{made.kind} {printable(made.name)}{whose}{what}"


def _counts(queue: Any) -> tuple[int, int, int]:
    return queue.waiting, queue.held, queue.dead


def _document(found: Drift) -> dict[str, Any]:
    return {
        "drift": found.any,
        "changes": found.plan.difference.changes,
        "contracts": found.plan.contracts,
        "queues": found.queues,
        "credentials": found.credentials,
        "consumers": found.consumers,
        "made": found.made,
    }
