"""Ingest: entries become durable events, or are refused one by one with a reason."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from keybus.bus.control.generation import Generation
from keybus.bus.control.permission import Permission
from keybus.bus.engine import Record
from keybus.bus.ingest.deduplication import Deduplication
from keybus.bus.ingest.identity import digest_of
from keybus.bus.usage.usage import Usage
from keybus.clock import Clock
from keybus.envelope import Entry, EntryResult, check, encode, seal
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
        self, entries: Sequence[Entry], principal: Principal = ANYBODY
    ) -> list[EntryResult]:
        """Take entries; what is taken is durable on return.

        Args:
            entries: What is offered.
            principal: Who offers it.

        Returns:
            A result for each entry, in the same order: of a contract event that was published
            before, the first one's. Entries that fail do not keep the others back.
        """
        now = self._clock.time_us()
        generation = self.generation
        puts = self._permission.puts(generation.authorizer, principal)
        results: list[EntryResult] = []
        records: list[Record] = []
        for entry in entries:
            try:
                puts.check(entry.source, entry.detail_type)
                record = self._record(entry, generation, now)
            except EnvelopeError as error:
                results.append(EntryResult(code=error.reason, message=str(error)))
            except (UnicodeEncodeError, RecursionError) as error:
                message = f"the entry cannot be written as JSON, or read: {error}"
                results.append(EntryResult(code="MalformedDetail", message=message))
            else:
                records.append(record)
                results.append(EntryResult(event_id=record.event_id))
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
        for (source, event_type), count in Counter(
            (record.source, record.event_type) for record in appended.records
        ).items():
            self._usage.published(generation.account_of(source), event_type, count, now)
        return results

    def _record(self, entry: Entry, generation: Generation, now: int) -> Record:
        detail = check(entry)
        of_contract = generation.admission.check(entry.source, entry.detail_type, detail)
        if entry.source.startswith(_RESERVED):
            self._warn(entry.source)
        account = generation.account_id(entry.source)
        envelope = seal(
            entry,
            event_id=self._clock.uuid(),
            account=account,
            region=generation.platform.region,
            now_us=now,
        )
        text = encode(envelope)
        return Record(
            envelope=text,
            event_id=envelope.id,
            source=entry.source,
            event_type=entry.detail_type,
            ingested_at=now,
            matched=generation.router.match(envelope, text, detail),
            digest=digest_of(account, entry.detail_type, detail) if of_contract else b"",
        )

    def _warn(self, source: str) -> None:
        if source not in self._warned and len(self._warned) < _MANY:
            self._warned.add(source)
            _log.warning("source %r is reserved by AWS; it is taken here, but not by AWS", source)


def _first(result: EntryResult, firsts: Mapping[str, str]) -> EntryResult:
    first = firsts.get(result.event_id)
    return result if first is None else EntryResult(event_id=first)
