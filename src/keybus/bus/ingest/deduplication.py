"""De-duplication: a contract event that comes again within five minutes is not appended again."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from keybus.bus.engine import Engine, Record
from keybus.bus.ingest.identity import Identity
from keybus.bus.ingest.once import SECONDS, Once
from keybus.clock import Clock
from keybus.envelope import Envelope, decode

__all__ = ["MOST", "SECONDS", "Appended", "Deduplication", "DeduplicationState"]

MOST: Final = 12_500_000
"""Events that are remembered at most: more than 300 s at 40,000/s, in 270 MB."""
_MANY: Final = 100
_NO_FIRSTS: Final[Mapping[str, str]] = {}
_log = logging.getLogger(__name__)


class Appended(NamedTuple):
    """What became of records.

    Attributes:
        records: Those that were appended, in their order.
        positions: Theirs.
        firsts: The first one's event id, by the event id of each that was not appended.
    """

    records: Sequence[Record]
    positions: Sequence[int]
    firsts: Mapping[str, str]


class DeduplicationState(msgspec.Struct, frozen=True):
    """How de-duplication stands.

    Attributes:
        remembered: How many events are kept in memory.
        reach: For how many seconds events are known again: fewer than 300 where there are more
            than memory is given to.
        duplicates: How many events were not appended since the start, as they had been before,
            by their source.
        differing: How many of these had other content than the first.
    """

    remembered: int
    reach: float
    duplicates: Mapping[str, int]
    differing: int


class Deduplication(Once):
    """Appends events, each contract event once. Belongs to one event loop; made by `open`."""

    most, rows = MOST, 1 << 16

    def __init__(self, engine: Engine, clock: Clock, limit: int | None = None) -> None:
        super().__init__(engine, clock, limit)
        self._duplicates = Counter[str]()
        self._differing = 0
        self._told: set[tuple[str, str]] = set()

    def digest_in(self, envelope: bytes) -> bytes:
        """What an event is known again by."""
        event = decode(envelope)
        return Identity(event.account, event.detail_type, event.event_bus).digest(
            event.decoded_detail()
        )

    async def append(self, records: Sequence[Record]) -> Appended:
        """Append what is new, in its order; everything is durable on return.

        What comes again while the first is on its way waits for what becomes of that.

        Args:
            records: At most `keybus.bus.engine.MAX_RECORDS`.

        Raises:
            EngineError: What is new is not known to be kept.
        """
        added = await self._add(records)
        if not added.again:
            return Appended(added.records, added.positions, _NO_FIRSTS)
        firsts = {
            each.event_id: self._count(each, decode(first.envelope)) for each, first in added.again
        }
        return Appended(added.records, added.positions, firsts)

    def state(self) -> DeduplicationState:
        """How it stands now."""
        now = self._clock.monotonic()
        self._window.move(now)
        reach = self._window.reach(now)
        return DeduplicationState(len(self._recent), reach, dict(self._duplicates), self._differing)

    def _count(self, record: Record, first: Envelope) -> str:
        """Keep book of a duplicate; the first one's event id."""
        self._duplicates[record.source] += 1
        if decode(record.envelope).detail != first.detail:
            self._differing += 1
            key = (record.source, record.event_type)
            if key not in self._told and len(self._told) < _MANY:
                self._told.add(key)
                _log.warning(
                    "an event of type %r from %r came again with the id of event %s, but with other"
                    " content; it was not taken",
                    record.event_type,
                    record.source,
                    first.id,
                )
        return first.id
