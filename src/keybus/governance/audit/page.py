"""A page of the log, and the log as a file of JSON lines: the same bytes as are kept."""

import base64
from collections.abc import Iterable, Iterator

import msgspec

from keybus.governance.audit.entry import AuditEntry, read_entry
from keybus.governance.audit.head import Head, read_head

MAX_PAGE = 1_000
"""Entries of one page."""


class AuditPage(msgspec.Struct, frozen=True):
    """``GET /api/v1/audit``.

    Attributes:
        entries: In order, each as the bytes that are kept; one that is damaged beyond reading is
            a `Damaged`.
        next: What to ask for as ``after`` to read on; None at the end of the log.
        head: Where the log ended when the page was read.
    """

    entries: list[msgspec.Raw]
    next: int | None
    head: Head


class Damaged(msgspec.Struct, frozen=True):
    """What stands for an entry that cannot be read, so that its bytes are not lost.

    Attributes:
        sequence: Its number, by the place where it is kept.
        unreadable: Its bytes, in base64.
    """

    sequence: int
    unreadable: str


class Filter(msgspec.Struct, frozen=True):
    """Which entries are asked for.

    Attributes:
        action: ``credential.revoked``, or ``credential`` for all of the kind; empty: any.
        account: Whose acts; empty: anybody's.
    """

    action: str = ""
    account: str = ""

    def takes(self, entry: AuditEntry) -> bool:
        """Whether the entry is asked for."""
        if self.account and entry.actor.account != self.account:
            return False
        action = entry.action
        return not self.action or action == self.action or action.startswith(f"{self.action}.")


EVERYTHING = Filter()


def as_kept(sequence: int, text: bytes) -> msgspec.Raw:
    """An entry's bytes as a page and a file have them."""
    try:
        read_entry(text)
    except ValueError:
        kept = Damaged(sequence, base64.b64encode(text).decode())
        return msgspec.Raw(msgspec.json.encode(kept))
    return msgspec.Raw(text)


def split_head(lines: Iterable[bytes]) -> Iterator[bytes | Head]:
    """The entries of exported lines, and the head where it stands last.

    A head that is damaged is taken for an entry that cannot be read.
    """
    held: bytes | None = None
    for line in lines:
        if held is not None:
            yield held
        held = line[:-1] if line.endswith(b"\n") else line
    if held is not None:
        yield _head_of(held) or held


def head_line(head: Head) -> bytes:
    """The last line of an exported log; before it stands an entry a line, as `as_kept` has it."""
    return b'{"head":' + head.encode() + b"}\n"


def _head_of(line: bytes) -> Head | None:
    prefix = b'{"head":'
    if not (line.startswith(prefix) and line.endswith(b"}")):
        return None
    try:
        return read_head(line[len(prefix) : -1])
    except ValueError:
        return None
