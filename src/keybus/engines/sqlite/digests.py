"""The digests of the log's newest events, and single events of it."""

from collections.abc import Sequence
from typing import Final

import apsw

from keybus.bus.engine import DIGEST_BYTES, Digests, Stored
from keybus.engines.sqlite.log import segment_holding
from keybus.engines.sqlite.operation import Operation, Transaction

NO_DIGEST: Final = bytes(DIGEST_BYTES)


class Barrier(Operation[None]):
    """Changes nothing: when it is answered, so is everything that was submitted before it."""

    def apply(self, transaction: Transaction) -> None:
        """Nothing."""

    def landed(self) -> None:
        """It was its turn."""

    def failed(self) -> None:
        """It was its turn, and the store fails."""


def unpack_digests(first: int, ingested_at: int, packed: bytes, after: int) -> Digests | None:
    """The digests of a segment's events after a position; None where they have none."""
    start = max(0, after + 1 - first)
    digests = [
        packed[at : at + DIGEST_BYTES]
        for at in range(start * DIGEST_BYTES, len(packed), DIGEST_BYTES)
    ]
    positions: Sequence[int] = range(first + start, first + start + len(digests))
    if NO_DIGEST in digests:
        pairs = zip(positions, digests, strict=True)
        known = [(position, digest) for position, digest in pairs if digest != NO_DIGEST]
        positions, digests = [each for each, _ in known], [each for _, each in known]
    return Digests(ingested_at, positions, digests) if digests else None


def events_at(connection: apsw.Connection, positions: Sequence[int]) -> dict[int, Stored]:
    """The events at some positions that the log has, within the transaction that is open.

    Raises:
        StorageFailed: A segment is damaged.
    """
    found: dict[int, Stored] = {}
    segment = None
    for position in sorted(positions):
        if segment is None or position > segment.last:
            segment = segment_holding(connection, position)
        if segment is not None:
            event = segment.at(position)
            found[position] = Stored(position, event.ingested_at, event.envelope)
    return found
