"""What was appended within the last minutes, by a digest, in little memory."""

from bisect import bisect_right
from collections.abc import Sequence
from struct import Struct
from typing import Final

KEY_BYTES: Final = 8
"""Bytes of a digest that are remembered; whoever asks compares the rest with the log."""
_RECORD: Final = Struct(f"={KEY_BYTES}sQ")
_POSITION: Final = Struct("=Q")
_SIZE: Final = _RECORD.size
_NOW_AND_THEN: Final = 8 * _SIZE - 1
"""A row is looked at for what is old when it has a multiple of eight records."""


class Recent:
    """Positions by digest, for as long as a window of log positions.

    Records of 16 bytes lie one behind another in 65,536 rows: twelve million of them take 260 MB,
    and a look-up reads 3 KB. An addition drops what its own row has of before the window, so
    that nobody has to go through all rows. Which row a digest is in is this process's secret
    (Python's hash of bytes), so that nobody can fill one on purpose. Belongs to one event loop.

    Args:
        rows: How many rows; a power of two.
    """

    def __init__(self, rows: int = 1 << 16) -> None:
        # A row that nothing was added to costs its place in the list only.
        self._rows: list[bytes | bytearray] = [b""] * rows
        self._mask = rows - 1
        self._floor = 0
        self._count = 0

    def __len__(self) -> int:
        """How many records are kept; some may be of before the window."""
        return self._count

    def forget(self, until: int) -> None:
        """Let the window begin behind a position; it never moves back."""
        self._floor = max(self._floor, until)

    def add(self, digests: Sequence[bytes], positions: Sequence[int]) -> None:
        """Remember digests.

        Args:
            digests: Of more than `KEY_BYTES`, evenly distributed.
            positions: Where each stands in the log; growing, also from one call to the next.
        """
        rows, mask, floor = self._rows, self._mask, self._floor
        pack, position_of = _RECORD.pack, _POSITION.unpack_from
        for digest, position in zip(digests, positions, strict=True):
            number = hash(digest) & mask
            row = rows[number]
            record = pack(digest, position)  # of the digest, its first bytes
            if not row:
                rows[number] = bytearray(record)
                continue
            if not len(row) & _NOW_AND_THEN and position_of(row, KEY_BYTES)[0] <= floor:
                self._trim(row)
            row += record
        self._count += len(digests)

    def knows_any(self, digests: Sequence[bytes]) -> bool:
        """Whether one of them may be remembered: fast, and seldom wrong."""
        rows, mask = self._rows, self._mask
        for digest in digests:  # noqa: SIM110 - any() takes twice as long, and this is asked of all
            if rows[hash(digest) & mask].find(digest[:KEY_BYTES]) >= 0:
                return True
        return False

    def find(self, digest: bytes) -> list[int]:
        """The positions within the window at which a digest may stand, the oldest first."""
        key, row, found = digest[:KEY_BYTES], self._rows[hash(digest) & self._mask], []
        at = row.find(key)
        while at >= 0:
            if at % _SIZE == 0:
                [position] = _POSITION.unpack_from(row, at + KEY_BYTES)
                if position > self._floor:
                    found.append(position)
            at = row.find(key, at + 1)
        return found

    def _trim(self, row: bytes | bytearray) -> None:
        """Drop what a row has of before the window."""
        assert isinstance(row, bytearray)
        with memoryview(row) as whole, whole.cast("Q") as words, words[1::2] as positions:
            old = bisect_right(positions, self._floor)
        del row[: old * _SIZE]
        self._count -= old
