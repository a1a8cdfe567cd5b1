"""The options that every command which runs a bus has."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from keybus.bus import Mode
from keybus.settings import DEFAULT_PORT

C = TypeVar("C", bound=Callable[..., Any])


def bus_options(*, address: str, admission: Mode) -> Callable[[C], C]:
    """FOLDER, ``--host``, ``--port``, ``--data`` and ``--admission``.

    Args:
        address: What ``--host`` may be.
        admission: The default of ``--admission``.
    """
    options = (
        click.argument(
            "folder",
            type=click.Path(exists=True, path_type=Path),
            default=Path(),
            metavar="[FOLDER]",
        ),
        click.option("--host", default="127.0.0.1", show_default=True, help=address),
        click.option(
            "--port",
            default=DEFAULT_PORT,
            show_default=True,
            help="The port; 0 takes any that is free.",
        ),
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            help="Where events are kept.  [default: .keybus in FOLDER]",
        ),
        click.option(
            "--admission",
            type=click.Choice(["enforce", "observe", "off"]),
            default=admission,
            show_default=True,
            help="What happens to an event that does not fit its contract.",
        ),
    )

    def add(command: C) -> C:
        for option in reversed(options):
            command = option(command)
        return command

    return add
