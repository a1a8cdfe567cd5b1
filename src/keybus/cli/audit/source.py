"""Where the command line reads an audit log: a running bus, a folder of data, an exported file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import click

from keybus.cli.api import get
from keybus.errors import SettingsError
from keybus.governance.audit import (
    MAX_PAGE,
    Anchor,
    AuditKey,
    AuditPage,
    Chain,
    Head,
    Verification,
    split_head,
)
from keybus.settings import Settings


class Source(Protocol):
    """An audit log to read.

    Attributes:
        head: Where the log ends, known once all entries were read; None where it is not known.
    """

    head: Head | None

    def texts(self, after: int = 0) -> Iterator[bytes]:
        """The entries behind a number, as they are kept."""
        ...

    def verify(self, key: AuditKey | None, anchors: list[Anchor]) -> Verification:
        """Check all of them."""
        ...


class FileSource:
    """A file that `keybus audit export` wrote."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.head: Head | None = None

    def texts(self, after: int = 0) -> Iterator[bytes]:
        """The file's lines; entries up to ``after`` are passed over by their place."""
        with self._path.open("rb") as lines:
            for number, found in enumerate(split_head(lines), 1):
                if isinstance(found, Head):
                    self.head = found
                elif number > after:
                    yield found

    def verify(self, key: AuditKey | None, anchors: list[Anchor]) -> Verification:
        """Check the file."""
        if not self._path.stat().st_size:
            raise SettingsError(f"{self._path} is empty", hint="`keybus audit export` writes one")
        return _walk(self, key, anchors)


class BusSource:
    """A running bus."""

    def __init__(self, url: str, query: str = "") -> None:
        self._url, self._query = url, query
        self.head: Head | None = None

    def texts(self, after: int = 0) -> Iterator[bytes]:
        """Page by page."""
        following: int | None = after
        while following is not None:
            query = f"/audit?after={following}&limit={MAX_PAGE}{self._query}"
            page = get(self._url, query, AuditPage)
            yield from map(bytes, page.entries)
            self.head, following = page.head, page.next

    def verify(self, key: AuditKey | None, anchors: list[Anchor]) -> Verification:
        """Check what the bus sends, here: it is not asked whether it is right."""
        return _walk(self, key, anchors)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where the log is read."""
    for option in (
        click.option(
            "--data",
            type=click.Path(exists=True, path_type=Path),
            help="The data folder of a bus that does not run.",
        ),
        click.option("--url", help="The running bus.  [default: KEYBUS_URL, or the local bus]"),
    ):
        command = option(command)
    return command


def source(
    url: str | None, data: Path | None, file: Path | None = None, *, query: str = ""
) -> Source:
    """What the options name.

    Raises:
        SettingsError: The folder has no store, or the address is none.
    """
    if sum(given is not None for given in (url, data, file)) > 1:
        raise click.UsageError("name one of FILE, --data and --url")
    if file is not None:
        return FileSource(file)
    if data is not None:
        from keybus.cli.audit.store import StoreSource  # noqa: PLC0415 - needs the server extra

        return StoreSource(data)
    return BusSource(Settings.from_environment().bus(url), query)


def printable(text: str) -> str:
    """A text as a terminal may have it: some of an entry was chosen by whoever was refused."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _walk(log: Source, key: AuditKey | None, anchors: list[Anchor]) -> Verification:
    chain = Chain(key=key, anchors=anchors)
    for text in log.texts():
        chain.take(text)
    return chain.finish(log.head)
