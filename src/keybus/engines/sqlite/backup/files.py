"""Files that are there whole, or not at all."""

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

_BLOCK: Final = 1 << 20
Done = Callable[[int], None]
"""Told how many bytes are done."""


def create(path: Path) -> IO[bytes]:
    """A new file for this user alone.

    Raises:
        OSError: It is there already, or cannot be made.
    """
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def sync(path: Path) -> None:
    """What was written to a file survives a power cut."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """So do the names in a folder."""
    if sys.platform == "win32":
        return  # where a folder cannot be opened
    with contextlib.suppress(PermissionError):  # one that may not be read; SQLite does the same
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def digest(path: Path, done: Done, to: IO[bytes] | None = None) -> tuple[str, int]:
    """The SHA-256 of a file in hexadecimal digits, and its bytes; copied on the way, if asked."""
    found, count = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
            count += len(block)
            if to is not None:
                to.write(block)
            done(count)
    return found.hexdigest(), count
