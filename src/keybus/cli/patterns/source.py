"""What the commands read: a pattern, an event, or a stream of events, one a line."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, TypeVar

import click

from keybus.errors import PatternError
from keybus.patterns import Pattern
from keybus.patterns.wording import printable

#: How long a pattern, an event or a line may be, in bytes.
LONGEST: Final = 16 * 1024 * 1024

_OPERATORS: Final = (
    *("anything-but", "cidr", "equals-ignore-case", "exactly", "exists"),
    *("numeric", "prefix", "suffix", "wildcard"),
)
_JSON: Final = ("Unexpected", "Unrecognized token", "Illegal", "Invalid", "Filter is not")

_Function = TypeVar("_Function", bound=Callable[..., Any])


def pattern_option(function: _Function) -> _Function:
    """``--pattern``, the same for every command."""
    return click.option(
        "-p",
        "--pattern",
        required=True,
        help="The pattern: JSON, @FILE, or - for standard input.",
    )(function)


class Unusable(click.ClickException):
    """A pattern or event that cannot be used; it ends a command as wrong usage does."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it the way `keybus` prints all its errors."""
        click.secho("error: ", fg="red", err=True, nl=False, file=file)
        click.echo("\n".join(map(printable, self.message.splitlines())), err=True, file=file)


def read_pattern(source: str) -> Pattern:
    """The pattern that an option names.

    Raises:
        Unusable: It cannot be read, or it is not valid.
    """
    try:
        return Pattern.parse(contents(source))
    except PatternError as error:
        reason = str(error)
        raise Unusable(
            f"Event pattern is not valid. Reason: {reason} ({_next(reason)}) [{error.code}]"
        ) from error


def _next(reason: str) -> str:
    """What to do about a refusal."""
    if reason.startswith(_JSON):
        return "a pattern is JSON; in a shell, put it in single quotes or name a file: @FILE"
    if reason.startswith("Unrecognized match type "):
        name = reason.removeprefix("Unrecognized match type ")
        near = get_close_matches(name.lower(), _OPERATORS, n=1)
        return f'did you mean "{near[0]}"?' if near else f"operators: {', '.join(_OPERATORS)}"
    if reason.endswith("must be an object or an array"):
        return 'values stand in an array: {"field": ["value"]}'
    return "docs/patterns.md shows every operator"


def contents(source: str) -> str | bytes:
    """What an option means: JSON itself, ``@FILE``, or ``-``.

    Raises:
        Unusable: The file cannot be read, or it is too long.
    """
    if source == "-":
        return _bounded(sys.stdin.buffer, "standard input")
    if not source.startswith("@"):
        return source
    name = source[1:]
    try:
        with Path(name).open("rb") as file:
            return _bounded(file, name)
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror or error}") from error


def _bounded(stream: BinaryIO, name: str) -> bytes:
    read = stream.read(LONGEST + 1)
    if len(read) > LONGEST:
        raise Unusable(f"{name} is longer than {LONGEST:,} bytes")
    return read


def lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """The lines of a stream that are not blank, as they come.

    Yields:
        The line's number, from 1, and the line with its end; None for one that is too long.
    """
    number = 0
    while line := stream.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST)
            yield number, None
        elif not line.isspace():
            yield number, line


@contextmanager
def until_nobody_reads() -> Iterator[None]:
    """Ends the command quietly when standard output is a pipe whose reader has gone."""
    try:
        yield
    except BrokenPipeError:
        # Python flushes standard output once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
