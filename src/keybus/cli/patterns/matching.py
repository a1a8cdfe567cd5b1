"""``keybus patterns test``: does it match; a grep for events."""

import sys
from typing import Final

import click
import msgspec

from keybus.cli.patterns.source import (
    LONGEST,
    Unusable,
    contents,
    lines,
    pattern_option,
    read_pattern,
    standard_input,
    standard_output,
    until_nobody_reads,
)
from keybus.errors import EnvelopeError
from keybus.patterns import Pattern
from keybus.patterns.wording import printable

SELECTED, NONE_SELECTED, WRONG = 0, 1, 2

_LONGEST_MESSAGE: Final = 200
_TOO_LONG: Final = f"the line is longer than {LONGEST:,} bytes"


@click.command()
@pattern_option
@click.option("-e", "--event", help="One event: JSON, @FILE, or - for standard input.")
@click.option("-v", "--invert", is_flag=True, help="Select the events that do not match.")
@click.option("-c", "--count", is_flag=True, help="Print only how many events are selected.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; end at the first selected.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for every event.")
def test(
    pattern: str, event: str | None, invert: bool, count: bool, quiet: bool, as_json: bool
) -> None:
    """Tell whether events match a pattern.

    With --event it prints `match` or `no match`. Without, it reads events from standard input,
    one a line, and prints the lines that match, as grep does; lines that are no events are named
    on standard error.

    The exit code is 0 if any event was selected, 1 if none was, 2 if something was wrong.
    """
    if count + quiet + as_json > 1:
        raise click.UsageError("--count, --quiet and --json exclude one another")
    if pattern == "-" and event in ("-", None):
        raise click.UsageError("standard input cannot be both the pattern and the events")
    parsed = read_pattern(pattern)
    if event is not None:
        matched = _one(parsed, event)
        selected, wrong = int(matched is not invert), False
        if not (count or quiet):
            said = "match" if matched else "no match"
            with until_nobody_reads():
                click.echo(msgspec.json.encode({"matched": matched}) if as_json else said)
    else:
        if standard_input().isatty():
            click.echo("reading events from standard input, one a line", err=True)
        with until_nobody_reads():
            selected, wrong = _Stream(
                parsed, invert=invert, quiet=quiet, count=count, as_json=as_json
            ).run()
    if count:
        with until_nobody_reads():
            click.echo(f"{selected}")
    if wrong and not (quiet and selected):
        sys.exit(WRONG)
    sys.exit(SELECTED if selected else NONE_SELECTED)


def _one(pattern: Pattern, event: str) -> bool:
    try:
        return pattern.matches(contents(event))
    except EnvelopeError as error:
        raise Unusable(error.with_code) from error


class _Stream:
    """Events from standard input, one a line; never more than one of them in memory."""

    def __init__(
        self, pattern: Pattern, *, invert: bool, quiet: bool, count: bool, as_json: bool
    ) -> None:
        self._pattern = pattern
        self._invert = invert
        self._quiet = quiet
        self._as_json = as_json
        self._lines = not (quiet or count or as_json)
        self._out = standard_output().buffer

    def run(self) -> tuple[int, bool]:
        """How many events were selected, and whether a line was none."""
        selected, wrong = 0, False
        for number, line in lines(standard_input().buffer):
            matched = self._matched(number, line)
            wrong |= matched is None
            if matched is None or matched is self._invert:
                continue
            selected += 1
            if self._lines and line:
                self._print(line)
            if self._quiet:
                break
        return selected, wrong

    def _matched(self, number: int, line: bytes | None) -> bool | None:
        """Whether a line matches, None for one that is no event."""
        error = _TOO_LONG
        try:
            matched = None if line is None else self._pattern.matches(line)
        except EnvelopeError as found:
            # A parser's message goes on with the text that it has read.
            matched, error = None, printable(str(found).splitlines()[0])[:_LONGEST_MESSAGE]
        if matched is None:
            click.echo(f"line {number}: {error}", err=True)
        if self._as_json:
            what = {"error": error} if matched is None else {"matched": matched}
            self._print(msgspec.json.encode({"line": number, **what}))
        return matched

    def _print(self, line: bytes) -> None:
        self._out.write(line if line.endswith(b"\n") else line + b"\n")
        self._out.flush()
