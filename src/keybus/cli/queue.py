"""``keybus queue``: how subscriptions' queues stand; pausing and resuming them."""

import click
from rich.table import Table

from keybus.cli.api import get, send
from keybus.cli.dlq.letters_of import bus, of_a_bus, path_of, print_json
from keybus.cli.terminal import console
from keybus.clock import rfc3339
from keybus.errors import SubscriptionError
from keybus.patterns.wording import printable
from keybus.protocol import BreakerInfo, PauseInfo, SubscriptionInfo
from keybus.server.native.pauses import PauseRequest, PauseState

_NUMBERS = ("waiting", "in_flight", "delayed", "held", "dead", "consumers")


@click.group()
def queue() -> None:
    """Subscriptions' queues: what waits in them, and whether they deliver."""


@queue.command()
@click.argument("subscription", required=False)
@of_a_bus
def stats(subscription: str | None, url: str | None, as_json: bool) -> None:
    """Show how much waits in the queues, is out, is held, or is dead."""
    found = get(bus(url), "/subscriptions", list[SubscriptionInfo])
    if subscription is not None:
        found = [each for each in found if each.name == subscription]
        if not found:
            raise SubscriptionError(
                f"there is no subscription {subscription!r}", hint="keybus queue stats lists them"
            )
    if as_json:
        print_json(found)
        return
    table = Table("queue", "delivers", box=None)
    for name in _NUMBERS:
        table.add_column(name.replace("_", " "), justify="right")
    for info in found:
        broken = info.breaker.state.upper() if info.breaker is not None else "yes"
        delivers = "PAUSED" if info.paused else "FILLING" if info.filling else broken
        table.add_row(info.name, delivers, *(f"{getattr(info, name):,}" for name in _NUMBERS))
    console().print(table)
    for info in found:
        if info.paused is not None:
            click.echo(f"{info.name} is {told_pause(info.paused)}")
        if info.breaker is not None:
            click.echo(f"{info.name} {told_breaker(info.breaker)}")


@queue.command()
@click.argument("subscription")
@click.option("--reason", default="", help="Why, for whoever looks at it later.")
@of_a_bus
def pause(subscription: str, reason: str, url: str | None, as_json: bool) -> None:
    """Deliver nothing of a subscription until it is resumed; its deliveries wait."""
    asked = PauseRequest(reason)
    found = send("POST", bus(url), path_of(subscription, "pause"), asked, PauseInfo)
    if as_json:
        print_json(found)
    else:
        click.echo(f"{subscription} is {told_pause(found)}")


@queue.command()
@click.argument("subscription")
@of_a_bus
def resume(subscription: str, url: str | None, as_json: bool) -> None:
    """Deliver a subscription again."""
    found = send("POST", bus(url), path_of(subscription, "resume"), None, PauseState)
    if as_json:
        print_json(found)
    else:
        click.echo(f"{subscription} delivers")


def told_pause(info: PauseInfo) -> str:
    """A pause in words."""
    by = f" by {info.by}" if info.by else ""
    reason = f": {info.reason}" if info.reason else ""
    return printable(f"paused since {rfc3339(info.since_us, fraction=False)}{by}{reason}")


def told_breaker(info: BreakerInfo) -> str:
    """Consumers that are left alone, in words."""
    until = f"waits until {rfc3339(info.probe_us, fraction=False)}"
    does = until if info.state == "waiting" else "tries one delivery at a time"
    return printable(f"{does}, as its consumers failed everything: {info.reason}")
