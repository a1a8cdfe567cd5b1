"""The options of every command that writes a report in one of several forms."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def report_options(forms: Iterable[str], told: str) -> Callable[[Command], Command]:
    """``--format``, ``--json`` and ``--out``, as ``form``, ``as_json`` and ``out``.

    Args:
        forms: The names of the forms, ``text`` and ``json`` among them.
        told: Which line of it still goes to standard output where it is written to a file.
    """
    options = (
        click.option(
            "--format",
            "form",
            type=click.Choice(list(forms)),
            default="text",
            show_default=True,
            help="How the report is written.",
        ),
        click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
        click.option(
            "--out",
            type=click.Path(path_type=Path, dir_okay=False),
            help=f"Write the report to this file, and its {told} line to standard output.",
        ),
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add
