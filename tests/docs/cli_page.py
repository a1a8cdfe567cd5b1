"""The command line's page, written from the commands themselves.

`python -m tests.docs.cli_page` writes docs/cli.md anew; with `-`, it prints the page.
"""

import sys
from collections.abc import Iterator

import click

from keybus.cli.root import keybus
from tests.running import ROOT

PAGE = ROOT / "docs" / "cli.md"
HEAD = """\
# Command line

Exit codes: 0 done; 1 an error, which is named on standard error with its code, or the faults that
`contracts lint` lists; 2 wrong usage. `patterns` has [its own](patterns.md#on-the-command-line), grep's. Every list has `--json`. This page is written from the commands' own help.
"""


def render() -> str:
    return "\n".join([HEAD, *_sections(keybus, None)])


def _sections(command: click.Command, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(
        command, parent, command.name, max_content_width=100, terminal_width=100
    )
    if parent is not None:
        yield f"## `{context.command_path}`\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _sections(below, context)


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(render())
    else:
        PAGE.write_text(render())
