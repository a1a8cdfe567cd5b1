"""``keybus patterns explain``: why an event matches, or what keeps it from matching."""

import sys

import click
from rich.text import Text

from keybus.cli.patterns.source import (
    Unusable,
    as_text,
    contents,
    pattern_option,
    read_pattern,
    until_nobody_reads,
)
from keybus.cli.terminal import console
from keybus.errors import EnvelopeError
from keybus.patterns import Explanation

_STYLES = {"✓": "green", "✗": "red", "match": "bold green", "no match": "bold red"}


@click.command()
@pattern_option
@click.option(
    "-e", "--event", required=True, help="The event: JSON, @FILE, or - for standard input."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(pattern: str, event: str, as_json: bool) -> None:
    """Say why an event matches, or why not.

    The exit code is 0 if it matches, 1 if not, 2 if something was wrong.
    """
    if pattern == "-" and event == "-":
        raise click.UsageError("standard input cannot be both the pattern and the event")
    parsed = read_pattern(pattern)
    try:
        explanation = parsed.explain(contents(event))
    except EnvelopeError as error:
        raise Unusable(error.with_code) from error
    with until_nobody_reads():
        if as_json:
            click.echo(as_text(explanation))
        else:
            _print(explanation)
    sys.exit(0 if explanation.matched else 1)


def _print(explanation: Explanation) -> None:
    out = console()
    # rich would end the program itself where nobody reads any more.
    with out.capture() as captured:
        for line in str(explanation).splitlines():
            # What the terminal's encoding cannot say is escaped rather than refused.
            text = Text(line.encode(out.encoding, "backslashreplace").decode(out.encoding))
            for start, style in _STYLES.items():
                if line.lstrip().startswith(start):
                    at = line.index(start)
                    text.stylize(style, at, at + len(start))
            out.print(text, soft_wrap=True)
    click.echo(captured.get(), nl=False)
