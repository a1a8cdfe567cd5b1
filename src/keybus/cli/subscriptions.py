"""`keybus subscriptions`: how the subscriptions of a running bus stand."""

import click
import msgspec
from rich.table import Table

from keybus.cli.api import get
from keybus.cli.queue import told_breaker, told_pause
from keybus.cli.terminal import console
from keybus.protocol import SubscriptionInfo
from keybus.settings import Settings

_NUMBERS = ("consumers", "acknowledged", "waiting", "in_flight", "delayed", "held", "dead")


@click.command()
@click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def subscriptions(url: str | None, as_json: bool) -> None:
    """List a running bus's subscriptions and how they stand."""
    found = get(Settings.from_environment().bus(url), "/subscriptions", list[SubscriptionInfo])
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    table = Table("subscription", "account", box=None)
    for name in _NUMBERS:
        table.add_column(name.replace("_", " "), justify="right")
    for info in found:
        table.add_row(info.name, info.account, *(f"{getattr(info, name):,}" for name in _NUMBERS))
    console().print(table)
    for info in found:
        if info.paused is not None:
            click.echo(f"{info.name} is {told_pause(info.paused)}")
        if info.breaker is not None:
            click.echo(f"{info.name} {told_breaker(info.breaker)}")
        for reason in info.holding:
            click.echo(f"{info.name} is held: {reason}")
        if info.target is not None and info.target.state != "delivering":
            why = f": {info.target.reason}" if info.target.reason else ""
            verb = "sends" if info.target.kind == "queue" else "posts"
            click.echo(f"{info.name} {verb} nothing ({info.target.state}){why}")
