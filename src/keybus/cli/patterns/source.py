"""What the commands read: a pattern, an event, or a stream of events, one a line."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, TextIO, TypeVar

import click
import msgspec

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
        with _readable("standard input"):
            return _bounded(standard_input().buffer, "standard input")
    if not source.startswith("@"):
        return source
    name = source[1:]
    if not name:
        raise Unusable("@ stands before the name of a file: @FILE")
    with _readable(name), Path(name).open("rb") as file:
        return _bounded(file, name)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror or error}") from error


def standard_input() -> TextIO:
    """Standard input, which a program may have been started without.

    Raises:
        Unusable: It is closed.
    """
    return _open(sys.stdin, "standard input")


def standard_output() -> TextIO:
    """Standard output, which a program may have been started without.

    Raises:
        Unusable: It is closed.
    """
    return _open(sys.stdout, "standard output")


def _open(stream: TextIO | None, name: str) -> TextIO:
    if stream is None:
        raise Unusable(f"{name} is closed")
    return stream


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
    while line := _line(stream, LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            while line and not line.endswith(b"\n"):
                line = _line(stream, LONGEST)
            yield number, None
        elif not line.isspace():
            yield number, line


def _line(stream: BinaryIO, most: int) -> bytes:
    with _readable("standard input"):
        return stream.readline(most)


@contextmanager
def until_nobody_reads() -> Iterator[None]:
    """Ends the command quietly when standard output is a pipe whose reader has gone.

    Raises:
        Unusable: Standard output takes no more for another reason, such as a full disk.
    """
    try:
        yield
    except OSError as error:
        # Python flushes standard output once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            sys.exit(128 + signal.SIGPIPE)
        raise Unusable(f"standard output cannot be written: {error.strerror or error}") from error


def as_text(value: object) -> str:
    """A value as JSON for programs, in which nothing acts on a terminal either."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return "".join(
        one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text
    )
