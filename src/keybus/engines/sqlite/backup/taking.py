"""A backup is taken: one moment of the store, copied while the bus goes on.

It reads through a connection of its own, in one transaction: what is committed meanwhile goes to
the WAL and is not in the copy. Nothing waits for it; only the WAL cannot be begun anew until it is
through, and so grows by what is written meanwhile.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

import apsw
import msgspec

from keybus.clock import SYSTEM, Clock
from keybus.engines.sqlite.backup.files import create, digest, sync, sync_folder
from keybus.engines.sqlite.backup.manifest import (
    MANIFEST,
    MESSAGES,
    STORE,
    Manifest,
    Part,
    Progress,
)
from keybus.engines.sqlite.migrations import known_version
from keybus.engines.sqlite.queries import query
from keybus.errors import StorageFailed

_PAGES: Final = 256
"""Pages copied at once: about a megabyte."""
_BUSY_MS: Final = 10_000
_TAIL, _COUNT = query("log_tail"), query("count_subscriptions")
Told = Callable[[Progress], None]


def take_backup(store: Path, folder: Path, told: Told, *, clock: Clock = SYSTEM) -> Manifest:
    """Copy a store into a new folder, check the copy, and say what is in it.

    The message queues' store beside it is copied after it, so that what goes from an event into a
    queue meanwhile is in both, and comes twice rather than never.

    The folder is there whole when this returns, or not at all; it is for this user alone. A bus may
    run on the store meanwhile, or begin to, or end.

    Args:
        store: The store's file.
        folder: Where the backup is to be: a folder that does not exist yet.
        told: Told how far it is.
        clock: Time.

    Raises:
        StorageFailed: There is no store, something stands in the folder's place, there is too
            little room, or the copy is not sound.
    """
    if not store.is_file():
        raise StorageFailed(f"there is no store {store}", hint="name its folder with --data")
    if folder.exists() or folder.is_symlink():
        raise StorageFailed(f"{folder} stands already", hint="name a folder that does not")
    made_at = clock.time_us()
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            manifest = _copy(store, partial, made_at, told)
            if (messages := store.with_name(MESSAGES)).is_file():
                also = _copy_messages(messages, partial / MESSAGES, told)
                manifest = msgspec.structs.replace(manifest, messages=also)
            with create(partial / MANIFEST) as file:
                file.write(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
            sync(partial / MANIFEST)
            sync_folder(partial)
            partial.rename(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        sync_folder(folder.parent)
    except (OSError, apsw.Error) as error:
        raise StorageFailed(f"the backup {folder} could not be made: {error}") from error
    return manifest


def _copy(store: Path, partial: Path, made_at: int, told: Told) -> Manifest:
    copy = partial / STORE
    create(copy).close()
    source = _reading(store)
    try:
        schema = known_version(source, store)
        position, peak, _ = source.execute(_TAIL).fetchone() or (0, 0, 0)
        subscriptions = int(source.execute(_COUNT).get)
        _check_room(source, partial)
        _copy_pages(source, copy, told)
    finally:
        source.close()
    sha256, size = _finished(copy, told)
    return Manifest(
        made_at=made_at,
        keybus=version("keybus"),
        schema=schema,
        size=size,
        sha256=sha256,
        last_position=position,
        last_event_at=peak,
        subscriptions=subscriptions,
    )


def _copy_messages(messages: Path, copy: Path, told: Told) -> Part:
    create(copy).close()
    source = _reading(messages)
    try:
        known_version(source, messages)
        _check_room(source, copy.parent)
        _copy_pages(source, copy, told)
    finally:
        source.close()
    sha256, size = _finished(copy, told)
    return Part(size, sha256)


def _reading(store: Path) -> apsw.Connection:
    """A connection to a store that may be in use, in a transaction that keeps what it reads."""
    source = apsw.Connection(str(store), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        source.set_busy_timeout(_BUSY_MS)
        # Whoever comes last moves the WAL into the file; that is no reader's business.
        source.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        source.execute("PRAGMA query_only = ON")
        source.execute("BEGIN")
    except BaseException:
        source.close()
        raise
    return source


def _finished(copy: Path, told: Told) -> tuple[str, int]:
    """The digest and the size of a copy that was checked, and survives a power cut."""
    size = copy.stat().st_size
    told(Progress("checking", 0, size))
    _check(copy)
    sync(copy)
    return digest(copy, lambda done: told(Progress("digesting", done, size)))


def _check_room(source: apsw.Connection, partial: Path) -> None:
    pages, size = source.execute("PRAGMA page_count").get, source.execute("PRAGMA page_size").get
    needed, free = int(pages) * int(size), shutil.disk_usage(partial).free
    if needed > free:
        raise StorageFailed(
            f"the backup takes {needed:,} bytes, and there are {free:,}",
            hint="make room, or name a folder on another disk",
        )


def _copy_pages(source: apsw.Connection, copy: Path, told: Told) -> None:
    """Page by page; the transaction that is open keeps what is read from changing."""
    target = apsw.Connection(str(copy))
    try:
        # It is synced once, when it is whole; until then it is nothing.
        target.execute("PRAGMA synchronous = OFF")
        with target.backup("main", source, "main") as copying:
            while not copying.done:
                copying.step(_PAGES)
                total = copying.page_count
                told(Progress("copying", total - copying.remaining, total))
    finally:
        target.close()


def _check(copy: Path) -> None:
    """One file that is whole by itself, and sound."""
    connection = apsw.Connection(str(copy))
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        found = [row[0] for row in connection.execute("PRAGMA integrity_check(10)")]
    finally:
        connection.close()
    if found != ["ok"]:
        raise StorageFailed(
            f"the copy is not sound: {'; '.join(map(str, found))}",
            hint="the store itself may be damaged: see what its disk says",
        )
    for extra in (f"{copy}-wal", f"{copy}-shm", f"{copy}-journal"):
        if os.path.exists(extra):  # noqa: PTH110 - names that SQLite makes
            os.unlink(extra)  # noqa: PTH108 - the same
