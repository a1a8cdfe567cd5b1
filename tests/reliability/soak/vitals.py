"""What a process takes at one moment, as the system tells it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_KIBIBYTE: Final = 1024
_PRIVATE: Final = ("Private_Clean:", "Private_Dirty:")


class Vitals(msgspec.Struct, frozen=True):
    """A process.

    Attributes:
        resident: Bytes of its memory that are in RAM.
        private: Of these, such as no other process shares.
        files: Files and sockets that it has open.
        threads: Its threads.
    """

    resident: int
    private: int
    files: int
    threads: int


def vitals(process: int) -> Vitals:
    """Look at a process.

    Args:
        process: Its id.

    Raises:
        OSError: There is none of that id, or this system has no ``/proc`` of Linux's kind.
    """
    of = Path("/proc") / str(process)
    resident = int((of / "statm").read_text().split()[1]) * _PAGE
    return Vitals(
        resident=resident,
        private=sum(_private((of / "smaps_rollup").read_text())),
        files=len(list((of / "fd").iterdir())),
        threads=len(list((of / "task").iterdir())),
    )


def is_told() -> bool:
    """Whether this system tells."""
    return Path("/proc/self/smaps_rollup").exists()


def _private(rollup: str) -> Iterator[int]:
    """Source: proc(5), /proc/pid/smaps."""
    for line in rollup.splitlines():
        name, _, size = line.partition(" ")
        if name in _PRIVATE:
            yield int(size.split()[0]) * _KIBIBYTE
