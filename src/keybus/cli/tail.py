"""``keybus tail``: events as they become durable."""

from collections.abc import Iterator
from contextlib import suppress

import click
import msgspec
from rich.console import Console
from rich.text import Text

from keybus.bus.tapping.lines import Alive, End, Event, LeftOut, Line
from keybus.bus.tapping.tail import ALIVE_SECONDS
from keybus.cli.api import lines
from keybus.cli.dlq.letters_of import bus, of_a_bus
from keybus.cli.patterns.source import contents, read_pattern, until_nobody_reads
from keybus.cli.terminal import console
from keybus.clock import rfc3339
from keybus.envelope import decode
from keybus.errors import BusUnavailable
from keybus.patterns.wording import printable
from keybus.server.native.tail import TailRequest

_line = msgspec.json.Decoder(Line)


@click.command()
@click.option("-p", "--pattern", default="", help="Only what matches: JSON, @FILE, or -.")
@click.option("--subscription", default="", help="Only what this one is delivered, cut as it is.")
@click.option("--since", default="", help="From this time on, as 2026-01-31T08:00:00Z, then live.")
@click.option("--limit", type=click.IntRange(1), help="End after so many events.")
@of_a_bus
def tail(
    pattern: str, subscription: str, since: str, limit: int | None, url: str | None, as_json: bool
) -> None:
    """Show events as they become durable, until Ctrl-C.

    A tail is for looking: a reader that is too slow is told how many events were left out, and nothing waits for it.
    """
    asked = TailRequest(_checked(pattern), subscription, since, limit)
    show = _Json() if as_json else _Text(console())
    # Ctrl-C is how it ends.
    with suppress(KeyboardInterrupt), until_nobody_reads():
        for line in _lines(bus(url), asked):
            show.line(line)


def _checked(pattern: str) -> msgspec.Raw:
    """The pattern as JSON; ``null`` where there is none."""
    if not pattern:
        return msgspec.Raw(b"null")
    text = contents(pattern)
    read_pattern(text if isinstance(text, str) else text.decode(errors="replace"))
    return msgspec.Raw(text.encode() if isinstance(text, str) else text)


def _lines(url: str, asked: TailRequest) -> Iterator[Event | LeftOut]:
    """What is to be shown.

    Raises:
        BusUnavailable: The tail was ended, by whatever it was.
    """
    with lines(url, "/tail", asked, seconds=3 * ALIVE_SECONDS) as answer:
        for text in answer:
            line = _line.decode(text)
            if isinstance(line, End):
                if line.reason:
                    raise BusUnavailable(f"the tail was ended: {line.reason}")
                return
            if not isinstance(line, Alive):
                yield line
    raise BusUnavailable("the bus ended the connection")


class _Json:
    """A line each, for programs."""

    def line(self, line: Event | LeftOut) -> None:
        text = msgspec.json.encode(line).decode()
        click.echo(text if text.isprintable() else printable(text))


class _Text:
    """A line each, for people."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def line(self, line: Event | LeftOut) -> None:
        if isinstance(line, LeftOut):
            click.secho(f"({line.count:,} left out)", fg="yellow", err=True)
            return
        envelope = decode(line.envelope)
        text = Text(f"{rfc3339(line.ingested_at)} ", style="dim")
        text.append(printable(envelope.detail_type), style="bold green")
        detail = " ".join(bytes(envelope.detail).decode(errors="replace").split())
        text.append(f" {printable(envelope.source)} {envelope.id} ", style="cyan")
        text.append(printable(detail), style="default")
        self._out.print(text, soft_wrap=True)
