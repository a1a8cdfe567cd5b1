"""``keybus explain``: why an event was delivered to a subscription, or was not."""

import sys
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import click
import msgspec
from rich.console import Console
from rich.text import Text

from keybus.bus.explaining.explanation import (
    EventExplanation,
    ExplainAnswer,
    SubscriptionExplanation,
)
from keybus.cli.api import get
from keybus.cli.dlq.letters_of import bus, of_a_bus, print_json
from keybus.cli.terminal import console
from keybus.clock import rfc3339
from keybus.errors import KeybusError, SubscriptionError, Throttled
from keybus.patterns.wording import printable

_OTHER = "not-subscribed"
_STYLES = {"acknowledged": "green", "in-flight": "green", "dead-letter": "red", "held": "red"}
_NEXT = {
    "dead-letter": "keybus dlq show {subscription} {dead_letter}",
    "held": "its grant has to be renewed, or its account cleared: keybus platform grants",
}


class NoSuchEvent(KeybusError):
    """The log has no event of this id that whoever asks may know of."""

    code = "no-such-event"


@click.command()
@click.argument("event", metavar="EVENT")
@click.option("--subscription", default="", help="Only what became of it in this subscription.")
@click.option("--since", default="", help="Look at nothing older, as 2026-01-31T08:00:00Z.")
@click.option("--all", "everything", is_flag=True, help="Go on looking after it was found.")
@of_a_bus
def explain(
    event: str, subscription: str, since: str, everything: bool, url: str | None, as_json: bool
) -> None:
    """Say what became of an event in each subscription, and why.

    EVENT is the id that the put answered, or the event's own id (`detail.id`). The log is looked through from its end, and the search ends where it was found.
    """
    found: list[EventExplanation] = []
    back_to, before = 0, 0
    for answer in _steps(bus(url), event, since):
        found += [_only(each, subscription) for each in answer.events]
        back_to, before = answer.back_to or back_to, answer.before
        if before and not as_json and sys.stderr.isatty():
            click.echo(f"looked back to {rfc3339(back_to, fraction=False)}", err=True)
        if found and not everything:
            break
    if as_json:
        print_json(ExplainAnswer(found, before, back_to))
        return
    if not found:
        raise _nothing(event, back_to)
    for number, each in enumerate(found):
        click.echo("\n" * bool(number), nl=False)
        _print(each)
    if before:
        when = rfc3339(back_to, fraction=False)
        click.echo(f"(looked back to {when}; older ones of this id may be there: --all)", err=True)


def _only(event: EventExplanation, subscription: str) -> EventExplanation:
    if not subscription:
        return event
    told = [each for each in event.subscriptions if each.subscription == subscription]
    if not told:
        raise SubscriptionError(
            f"there is no subscription {subscription!r}", hint="keybus queue stats lists them"
        )
    return msgspec.structs.replace(event, subscriptions=told)


def _steps(url: str, event: str, since: str) -> Iterator[ExplainAnswer]:
    """What the bus answers, step after step, to where it has looked at everything."""
    asked = {"event": event} | ({"since": since} if since else {})
    before = 0
    while True:
        query = urlencode(asked | ({"before": str(before)} if before else {}))
        try:
            answer = get(url, f"/explain?{query}", ExplainAnswer)
        except Throttled as error:
            time.sleep(error.retry_after)
            continue
        yield answer
        if not (before := answer.before):
            return


def _nothing(event: str, back_to: int) -> NoSuchEvent:
    looked = f", back to {rfc3339(back_to, fraction=False)}" if back_to else ""
    return NoSuchEvent(
        f"no event {printable(event[:60])!r} that you may see is in the log{looked}",
        hint=(
            "one that was refused when it was put has no id and is not in the log: the answer to the"
            " put says why, and `keybus audit list --action exchange.refused` counts them;"
            " dead letters keep their events longer: `keybus dlq list NAME --text ID`"
        ),
    )


def _print(event: EventExplanation) -> None:
    out = console()
    own = f", its own id {printable(event.detail_id)}" if event.detail_id else ""
    kind, source = printable(event.event_type), printable(event.source)
    click.echo(f"{event.event_id}: {kind} from {source}{own}")
    when = rfc3339(event.ingested_at, fraction=False)
    click.echo(f"taken at {when}, position {event.position} of the log")
    others = [each for each in event.subscriptions if each.outcome == _OTHER]
    if len(others) == 1:
        others = []
    for each in event.subscriptions:
        if each not in others:
            _print_one(out, each)
    if others:
        names = ", ".join(printable(each.subscription) for each in others)
        out.print(Text(f"  {_OTHER:<17}{names}"), soft_wrap=True)
    if not event.subscriptions:
        click.echo("  no subscription that you may see")
    if not event.everything:
        click.echo("  (only your account's subscriptions are shown)")


def _print_one(out: Console, told: SubscriptionExplanation) -> None:
    head = Text(f"  {told.outcome:<17}", style=_STYLES.get(told.outcome, "yellow"))
    out.print(head + Text(printable(told.subscription)), soft_wrap=True)
    for line in _lines(told):
        out.print(Text(f"{'':19}{line}"), soft_wrap=True)


def _lines(told: SubscriptionExplanation) -> Iterator[str]:
    yield printable(told.message)
    for field in told.fields:
        hint = f"; {printable(field.hint)}" if field.hint else ""
        reason = field.reason or f"is not what is asked for: {field.expected}"
        yield f"✗ {printable(field.path)}: {printable(reason)}{hint}"
    for note in told.notes:
        yield printable(note)
    if (following := _NEXT.get(told.outcome)) is not None:
        yield f"→ {following.format(**msgspec.structs.asdict(told))}"
