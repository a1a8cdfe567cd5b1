"""Ingest: entries become durable events, or are refused one by one with a reason."""

import logging
from collections.abc import Sequence

from keybus.bus.admission import Admission
from keybus.bus.engine import Engine, Record
from keybus.bus.router import Router
from keybus.clock import Clock
from keybus.envelope import Entry, EntryResult, check, encode, seal
from keybus.errors import EnvelopeError, StorageFailed
from keybus.topology import Platform

_log = logging.getLogger(__name__)
_RESERVED = "aws."


class Ingest:
    """Checks, seals, routes and appends.

    Args:
        platform: The declared platform.
        engine: Where events are kept.
        router: The rule set.
        admission: The contract check.
        clock: Time and ids.
    """

    def __init__(
        self,
        platform: Platform,
        engine: Engine,
        router: Router,
        admission: Admission,
        clock: Clock,
    ) -> None:
        self._platform, self._engine, self._router = platform, engine, router
        self._admission, self._clock = admission, clock
        self._accounts: dict[str, str] = {}
        self._warned: set[str] = set()

    async def put(self, entries: Sequence[Entry]) -> list[EntryResult]:
        """Take entries; what is taken is durable on return.

        Returns:
            A result for each entry, in the same order. Entries that fail do not keep the
            others back.
        """
        now = self._clock.time_us()
        results: list[EntryResult] = []
        records: list[Record] = []
        for entry in entries:
            try:
                record = self._record(entry, now)
            except EnvelopeError as error:
                results.append(EntryResult(code=error.reason, message=str(error)))
            else:
                records.append(record)
                results.append(EntryResult(event_id=record.event_id))
        if not records:
            return results
        try:
            await self._engine.append(records)
        except StorageFailed as error:
            _log.exception("%d events are not known to be durable", len(records))
            failed = EntryResult(code="InternalFailure", message=str(error))
            return [failed if result.event_id else result for result in results]
        return results

    def _record(self, entry: Entry, now: int) -> Record:
        detail = check(entry)
        self._admission.check(entry.source, entry.detail_type, detail)
        envelope = seal(
            entry,
            event_id=self._clock.uuid(),
            account=self._account(entry.source),
            region=self._platform.region,
            now_us=now,
        )
        text = encode(envelope)
        return Record(
            envelope=text,
            event_id=envelope.id,
            source=entry.source,
            event_type=entry.detail_type,
            ingested_at=now,
            matched=self._router.match(envelope, text, detail),
        )

    def _account(self, source: str) -> str:
        account = self._accounts.get(source)
        if account is None:
            account = self._platform.account_of_source(source)
            if account != _NOBODY:  # foreign sources are without number and are not kept
                self._accounts[source] = account
        if (
            source.startswith(_RESERVED)
            and source not in self._warned
            and len(self._warned) < _MANY
        ):
            self._warned.add(source)
            _log.warning("source %r is reserved by AWS; it is taken here, but not by AWS", source)
        return account


_NOBODY = "000000000000"
_MANY = 100
