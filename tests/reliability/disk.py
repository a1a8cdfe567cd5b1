"""A disk that knows what was synced: what may be left of each file when the power fails."""

import random
import threading
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import apsw
import msgspec

SECTOR = 512
"""Bytes that a disk writes as a whole, or not at all."""

Verb = Literal["write", "truncate", "sync", "delete", "create", "read"]
Loss = Literal["nothing kept", "everything kept", "cut short", "scattered"]
LOSSES: tuple[Loss, ...] = ("nothing kept", "everything kept", "cut short", "scattered")
"""What becomes of what was not synced."""


class PowerIsOff(apsw.IOError):
    """Nothing can be read or written any more: the power is off, or the process was killed."""


class Write(NamedTuple):
    offset: int
    data: bytes


class Truncate(NamedTuple):
    size: int


class Fault(msgspec.Struct):
    """Something that goes wrong from some moment on.

    Attributes:
        verb: What fails.
        error: Makes the error that SQLite is given.
        suffix: Of files whose name ends so.
        after: So many of them succeed first.
        times: So many fail then.
        growing: Only writes beyond the file's end fail: what is written over needs no room.
    """

    verb: Verb
    error: Callable[[], apsw.Error]
    suffix: str = ""
    after: int = 0
    times: float = float("inf")
    growing: bool = False

    def strikes(self, verb: Verb, name: str, *, grows: bool) -> bool:
        """Whether this one fails."""
        if verb != self.verb or not name.endswith(self.suffix) or (self.growing and not grows):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


class _File:
    """What is durable of a file, and what was changed since."""

    def __init__(self, content: bytes = b"") -> None:
        self.durable = bytearray(content)
        self.changes: list[Write | Truncate] = []
        self.size = len(content)

    def change(self, change: Write | Truncate) -> None:
        self.changes.append(change)
        if isinstance(change, Truncate):
            self.size = change.size
        else:
            self.size = max(self.size, change.offset + len(change.data))

    def read(self) -> bytes:
        content = bytearray(self.durable)
        for change in self.changes:
            _apply(content, change)
        return bytes(content)

    def sync(self) -> None:
        for change in self.changes:
            _apply(self.durable, change)
        self.changes.clear()

    def forget(self, draw: random.Random) -> None:
        """A sync failed: some of it is never tried again, although it can still be read."""
        self.changes = [change for change in self.changes if draw.random() < 0.5]

    def left(self, loss: Loss, draw: random.Random) -> bytes:
        content = bytearray(self.durable)
        changes = self.changes if loss != "nothing kept" else []
        if loss == "cut short":
            changes = changes[: draw.randint(0, len(changes))]
        share = 1.0 if loss == "everything kept" else draw.choice((0.1, 0.5, 0.9))
        for number, change in enumerate(changes, 1):
            torn = loss == "scattered" or (loss == "cut short" and number == len(changes))
            if not torn:
                _apply(content, change)
            elif isinstance(change, Write):
                _tear(content, change, share, draw)
            elif draw.random() < share:
                _apply(content, change)
        return bytes(content)


def _apply(content: bytearray, change: Write | Truncate) -> None:
    if isinstance(change, Write):
        if len(content) < change.offset:
            content += bytes(change.offset - len(content))
        content[change.offset : change.offset + len(change.data)] = change.data
    elif change.size < len(content):
        del content[change.size :]
    else:
        content += bytes(change.size - len(content))


def _tear(content: bytearray, write: Write, share: float, draw: random.Random) -> None:
    """Some of its sectors; where the file was only made longer, something or other."""
    start, end = write.offset, write.offset + len(write.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        if draw.random() < share:
            if len(content) < start:
                gap = start - len(content)
                content += draw.randbytes(gap) if draw.random() < share else bytes(gap)
            _apply(content, Write(start, write.data[start - write.offset : stop - write.offset]))
        start = stop


class Disk:
    """One folder's files. Safe for any thread.

    A name that was made or deleted is durable once the folder was synced. As SQLite's file system
    for Unix has it, that is with the first sync of a journal or WAL that was opened to be made
    where it is not there, and with a delete that asks for it.

    Attributes:
        acts: Writes, truncations, syncs, creations and deletions so far.
        last: The last act, such as ``sync store.db-wal``.
        faults: What fails.
        left: After the power cut: what the next start finds, by name.
    """

    def __init__(
        self,
        left: Mapping[str, bytes],
        draw: random.Random,
        *,
        cut_at: int = 0,
        kill: bool = False,
    ) -> None:
        """A disk on which the power fails in the middle of an act.

        Args:
            left: What is on it, durably.
            draw: What chance is made from.
            cut_at: The number of the act; 0: never.
            kill: Then it is not the power that fails: whoever uses the disk is killed.
        """
        self._draw, self._cut_at, self._kill = draw, cut_at, kill
        self._killed = False
        self._files = {name: _File(content) for name, content in left.items()}
        self._named = dict(self._files)
        self._unnamed: set[str] = set()
        self._lock = threading.Lock()
        self.acts = 0
        self.last = ""
        self.faults: list[Fault] = []
        self.left: dict[str, bytes] | None = None

    @property
    def off(self) -> bool:
        """Whether the power has failed, or whoever used it was killed."""
        return self._killed or self.left is not None

    @property
    def contents(self) -> dict[str, bytes]:
        """What the next start finds, by name."""
        if self.left is not None:
            return self.left
        return {name: file.read() for name, file in self._files.items()}

    def next(self, *, cut_at: int, kill: bool = False) -> "Disk":
        """The disk of the next start: after a kill, what was not synced still is not."""
        disk = Disk(self.left or {}, self._draw, cut_at=cut_at, kill=kill)
        if self.left is None:
            disk._files, disk._named = self._files, self._named
            disk._unnamed = self._unnamed
        return disk

    def read(self, name: str) -> None:
        """Somebody reads: that can fail, too."""
        with self._lock:
            self._check("read", name)

    def open(self, name: str, *, create: bool) -> None:
        """A file is opened, and made where it may be."""
        with self._lock:
            self._check("create", name)
            if create:
                self._unnamed.add(name)
            if name not in self._files:
                self._files[name] = _File()
                self._act("create", name)

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Bytes are handed over; nobody knows when they are written."""
        with self._lock:
            file = self._files[name]
            self._check("write", name, grows=offset + len(data) > file.size)
            file.change(Write(offset, data))
            self._act("write", name)

    def truncate(self, name: str, size: int) -> None:
        """A file is to end there."""
        with self._lock:
            self._check("truncate", name)
            self._files[name].change(Truncate(size))
            self._act("truncate", name)

    def sync(self, name: str) -> None:
        """What was changed in the file is durable on return."""
        with self._lock:
            file = self._files[name]
            try:
                self._check("sync", name)
            except apsw.Error:
                file.forget(self._draw)
                raise
            self._act("sync", name)
            file.sync()
            if name in self._unnamed:
                self._sync_names()

    def delete(self, name: str, *, sync: bool) -> None:
        """A name is taken away."""
        with self._lock:
            self._check("delete", name)
            self._files.pop(name, None)
            self._unnamed.discard(name)
            self._act("delete", name)
            if sync:
                self._sync_names()

    def cut(self) -> None:
        """The power fails now, where it has not yet."""
        with self._lock:
            if not self.off:
                self._fail()

    def _sync_names(self) -> None:
        self._named = dict(self._files)
        self._unnamed.clear()

    def _check(self, verb: Verb, name: str, *, grows: bool = False) -> None:
        if self.off:
            raise PowerIsOff("the power is off")
        for fault in self.faults:
            if fault.strikes(verb, name, grows=grows):
                raise fault.error()

    def _act(self, verb: Verb, name: str) -> None:
        self.acts += 1
        self.last = f"{verb} {name}"
        if self.acts == self._cut_at and self._kill:
            self._killed = True
            raise PowerIsOff("the process is killed")
        if self.acts == self._cut_at:
            self._fail()
            raise PowerIsOff("the power fails")

    def _fail(self) -> None:
        loss = self._draw.choice(LOSSES)
        self.left = {}
        for name in sorted(self._files.keys() | self._named.keys()):
            file = self._draw.choice((self._files.get(name), self._named.get(name)))
            if file is not None:
                self.left[name] = file.left(loss, self._draw)
