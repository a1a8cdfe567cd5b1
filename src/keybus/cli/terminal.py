"""The console that commands print on."""

from rich.console import Console

_WIDTH = 110


def console(*, stderr: bool = False) -> Console:
    """A console wide enough for tables also where there is no terminal to ask."""
    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=_WIDTH)
