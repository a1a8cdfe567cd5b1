"""Ingest: entries become durable events, or are refused one by one with a reason."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from keybus.bus.control.generation import Generation
from keybus.bus.control.permission import Permission
from keybus.bus.engine import Record
from keybus.bus.ingest.deduplication import Deduplication
from keybus.bus.ingest.kinds import Kind
from keybus.bus.usage.majors import major_in
from keybus.bus.usage.usage import Usage
from keybus.clock import Clock
from keybus.envelope import Entry, EntryResult, check, written
from keybus.errors import EngineError, EnvelopeError
from keybus.governance import ANYBODY, Principal

_log = logging.getLogger(__name__)
_RESERVED = "aws."
_MANY = 100
Taken = Callable[[Sequence[Record], Sequence[int]], None]
"""Told of events that became durable, and of their positions."""


class Ingest:
    """Checks, seals, routes and appends.

    Args:
        generation: The rules that hold; replaced when others are applied.
        deduplication: Appends events, each contract event once.
        permission: The authorizer's decisions, as strictly as the bus takes them.
        usage: Where it is counted what is published.
        clock: Time and ids.
        taken: Told of events that became durable.
    """

    def __init__(
        self,
        generation: Generation,
        deduplication: Deduplication,
        permission: Permission,
        usage: Usage,
        clock: Clock,
        *,
        taken: Taken,
    ) -> None:
        self.generation = generation
        self._taken = taken
        self._deduplication, self._permission = deduplication, permission
        self._usage, self._clock = usage, clock
        self._warned: set[str] = set()

    async def put(
        self, entries: Sequence[Entry], principal: Principal = ANYBODY, event_bus: str = ""
    ) -> list[EntryResult]:
        """Take entries; what is taken is durable on return.

        Args:
            entries: What is offered.
            principal: Who offers it.
            event_bus: The ARN of the bus that it is put on; empty: the platform's own.

        Returns:
            A result for each entry, in the same order: of a contract event that was published
            before, the first one's. Entries that fail do not keep the others back.
        """
        now, account_of = self._clock.time_us(), self.generation.account_of
        results, records = self._look_at(entries, principal, now, event_bus)
        if not records:
            return results
        try:
            appended = await self._deduplication.append(records)
        except EngineError as error:  # a queue that it matched may just have been removed
            _log.exception("%d events are not known to be durable", len(records))
            failed = EntryResult(code="InternalFailure", message=str(error))
            return [failed if result.event_id else result for result in results]
        if appended.firsts:
            results = [_first(result, appended.firsts) for result in results]
        if not appended.records:
            return results
        self._taken(appended.records, appended.positions)
        for (source, event_type, major), count in Counter(map(_counted, appended.records)).items():
            self._usage.published(account_of(source), event_type, count, now, major=major)
        return results

    def _look_at(
        self, entries: Sequence[Entry], principal: Principal, now: int, event_bus: str
    ) -> tuple[list[EntryResult], list[Record]]:
        """A result for each, and what may be taken."""
        results, records = list[EntryResult](), list[Record]()
        puts = self._permission.puts(self.generation.authorizer, principal)
        kinds: dict[tuple[str, str], Kind] = {}  # those that may be put
        stamp = written(now)
        for entry in entries:
            try:
                of = entry.source, entry.detail_type
                kind = kinds.get(of)
                if kind is None:
                    puts.check(*of)
                    kind = kinds[of] = self._kind(*of, event_bus)
                record, warning = self._record(entry, kind, now, stamp)
            except EnvelopeError as error:
                results.append(EntryResult(code=error.reason, message=str(error)))
            except (UnicodeEncodeError, RecursionError) as error:
                message = f"the entry cannot be written as JSON, or read: {error}"
                results.append(EntryResult(code="MalformedDetail", message=message))
            else:
                records.append(record)
                results.append(EntryResult(event_id=record.event_id, warning=warning))
        return results, records

    def _kind(self, source: str, event_type: str, event_bus: str) -> Kind:
        kind = self.generation.kinds.of(source, event_type, event_bus)
        if source.startswith(_RESERVED):
            self._warn(source)
        return kind

    def _record(self, entry: Entry, kind: Kind, now: int, stamp: bytes) -> tuple[Record, str]:
        """What is to be taken, and what its publisher has to know."""
        raw = bytes(entry.detail)
        detail = check(entry, raw, kind.size)
        of_contract = kind.gate.check(detail)
        warning = kind.gate.warning(detail) if kind.gate.warns else ""
        event_id = self._clock.uuid()
        time = stamp if entry.time_us is None else written(entry.time_us)
        text = kind.letterhead.write(event_id, time, entry.resources, raw)
        record = Record(
            envelope=text,
            event_id=event_id,
            source=entry.source,
            event_type=entry.detail_type,
            ingested_at=now,
            matched=kind.branch.match(raw, text, detail),
            digest=kind.identity.digest(detail) if of_contract else b"",
        )
        return record, warning

    def _warn(self, source: str) -> None:
        if source not in self._warned and len(self._warned) < _MANY:
            self._warned.add(source)
            _log.warning("source %r is reserved by AWS; it is taken here, but not by AWS", source)


def _counted(record: Record) -> tuple[str, str, int]:
    """What a record is counted as."""
    return record.source, record.event_type, major_in(record.envelope)


def _first(result: EntryResult, firsts: Mapping[str, str]) -> EntryResult:
    first = firsts.get(result.event_id)
    return result if first is None else EntryResult(event_id=first, warning=result.warning)
