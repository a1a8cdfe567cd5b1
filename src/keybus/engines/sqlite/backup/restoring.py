"""A backup becomes a store again, where none stands."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from keybus.engines.sqlite.backup.files import Done, create, digest, sync, sync_folder
from keybus.engines.sqlite.backup.manifest import MESSAGES, STORE, Manifest, Progress, read_manifest
from keybus.engines.sqlite.backup.taking import Told
from keybus.engines.sqlite.lock import StoreLock
from keybus.engines.sqlite.migrations import migrations
from keybus.errors import StorageFailed

_BESIDE: Final = ("", "-wal", "-shm", "-journal")
Prepare = Callable[[Path, Manifest], None]


def _nothing(_copy: Path, _manifest: Manifest) -> None:
    """The copy is put in place as it is."""


def check_backup(folder: Path, told: Told) -> Manifest:
    """Whether a backup is what it says.

    Args:
        folder: The backup.
        told: Told how far it is.

    Raises:
        StorageFailed: It is no backup, it was changed, or it is a newer release's.
    """
    manifest = _readable(folder)
    try:
        for name, size, sha256 in _parts(manifest):
            _compare(folder, (sha256, size), digest(folder / name, _telling(told, size)))
    except OSError as error:
        raise StorageFailed(f"the backup {folder} cannot be read: {error}") from error
    return manifest


def restore(folder: Path, store: Path, told: Told, prepare: Prepare = _nothing) -> Manifest:
    """Make a store of a backup; it is there whole when this returns, or not at all.

    Args:
        folder: The backup.
        store: The store's file, where none stands; its folder is made as well.
        told: Told how far it is.
        prepare: Called with the copy's path and what the backup said of itself, before the copy is
            put in place; where it raises, nothing is. It may open the copy, and has to close it.

    Raises:
        StorageFailed: It is no backup, it was changed, it is a newer release's; or a store stands
            there, or a bus runs on it.
    """
    manifest = _readable(folder)
    try:
        store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_standing(store)
        lock = StoreLock(store)
        try:
            _refuse_standing(store)
            _restore(folder, store, manifest, told, prepare)
        finally:
            lock.release()
    except (OSError, apsw.Error) as error:
        raise StorageFailed(f"{folder} could not be restored to {store}: {error}") from error
    return manifest


def _restore(folder: Path, store: Path, manifest: Manifest, told: Told, prepare: Prepare) -> None:
    """Put the copies in place: the store last, since without it there is none."""
    places: list[tuple[Path, Path]] = []
    put = list[Path]()
    try:
        for name, size, sha256 in _parts(manifest):
            place = store if name == STORE else store.with_name(name)
            partial = place.with_name(place.name + ".restoring")
            _forget(partial)  # of a restore that was killed: the lock is ours
            places.append((partial, place))
            with create(partial) as file:
                found = digest(folder / name, _telling(told, size), file)
            _compare(folder, (sha256, size), found)
        prepare(places[0][0], manifest)
        for partial, place in reversed(places):
            _refuse_open(partial)
            sync(partial)
            partial.rename(place)
            put.append(place)
        sync_folder(store.parent)
    except BaseException:
        for place in put:
            place.unlink(missing_ok=True)
        raise
    finally:
        for partial, _ in places:
            _forget(partial)


def _parts(manifest: Manifest) -> list[tuple[str, int, str]]:
    """The copies of a backup: their names, sizes and digests; the store's first."""
    parts = [(STORE, manifest.size, manifest.sha256)]
    if manifest.messages is not None:
        parts.append((MESSAGES, manifest.messages.size, manifest.messages.sha256))
    return parts


def _refuse_open(partial: Path) -> None:
    """What was written to the copy has to be in the file that is put in place."""
    wal = partial.with_name(partial.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        raise StorageFailed(f"{partial} was not closed", hint="restore once more")


def _forget(partial: Path) -> None:
    """Nothing of it stays, nor of what SQLite and the lock make beside it."""
    for beside in (*_BESIDE, ".lock"):
        partial.with_name(partial.name + beside).unlink(missing_ok=True)


def _telling(told: Told, size: int) -> Done:
    return lambda done: told(Progress("digesting", done, size))


def _readable(folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    newest = max(migrations())
    if manifest.schema > newest:
        raise StorageFailed(
            f"the backup {folder} has schema version {manifest.schema}, newer than this program's"
            f" {newest}",
            hint=f"use Keybus {manifest.keybus}, which made it, or a later one",
        )
    return manifest


def _compare(folder: Path, said: tuple[str, int], found: tuple[str, int]) -> None:
    if found != said:
        raise StorageFailed(
            f"the backup {folder} was changed since it was made: {found[1]:,} bytes with the"
            f" SHA-256 {found[0]}, not {said[1]:,} with {said[0]}",
            hint="fetch it once more, or take another backup",
        )


def _refuse_standing(store: Path) -> None:
    for name in (store.name, MESSAGES):
        _refuse_file(store.with_name(name))


def _refuse_file(store: Path) -> None:
    for beside in _BESIDE:
        standing = store.with_name(store.name + beside)
        if standing.exists() or standing.is_symlink():
            hint = "name another folder with --data, or move the old store away"
            if store.name == MESSAGES:
                hint += f": {STORE} and {MESSAGES} belong together"
            raise StorageFailed(
                f"{standing} stands already, and a restore replaces nothing", hint=hint
            )
