"""Grants and their end: who has which, and telling both sides when one expires."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator

from keybus.bus.engine import Documents
from keybus.clock import Clock
from keybus.contracts import ContractRepository
from keybus.protocol import GrantInfo
from keybus.topology import Platform
from keybus.topology.model import Grant

_log = logging.getLogger(__name__)
_COLLECTION, _KEY = "grant-watch", "looked"
_LONGEST_SLEEP = 3600.0
"""Seconds after which the wall clock is looked at again: it may have been set."""
_FAILURE_PAUSE = 30.0
"""Seconds after which what could not be told, or written down, is tried again."""

Expired = Callable[[str, Grant], Awaitable[None]]
"""Told of a grant, by its name, that no longer holds."""


def owners_of(grant: Grant, platform: Platform, contracts: ContractRepository) -> list[str]:
    """The accounts whose events a grant is about."""
    owners = {contracts[each].owner for each in grant.events if each in contracts}
    owners |= {
        publisher.account
        for name, publisher in platform.publishers.items()
        if set(publisher.sources or [name]) & set(grant.sources)
    }
    return sorted(owners)


def grant_infos(
    platform: Platform, contracts: ContractRepository, now_us: int
) -> Iterator[GrantInfo]:
    """All grants, and whether they hold."""
    for name, grant in platform.grants.items():
        yield GrantInfo(
            name=name,
            account=grant.account,
            owners=owners_of(grant, platform, contracts),
            events=grant.events,
            sources=grant.sources,
            reason=grant.reason,
            approver=grant.approver,
            expires=grant.expires,
            holds=now_us < grant.expires_us,
        )


class GrantWatch:
    """Notices when a grant expires, also one that did while the bus was down.

    Args:
        documents: Where is kept up to when it looked.
        clock: Time.
        expired: Told of each, once.
    """

    def __init__(self, documents: Documents, clock: Clock, expired: Expired) -> None:
        self._documents, self._clock, self._expired = documents, clock, expired
        self._grants: dict[str, Grant] = {}
        self._told: set[tuple[str, int]] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def watch(self, platform: Platform) -> None:
        """Look at these grants from now on."""
        self._grants = platform.grants
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="grant watch")

    async def close(self) -> None:
        """Look no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        looked: int | None = None
        while True:
            self._changed.clear()
            now, longest = self._clock.time_us(), _LONGEST_SLEEP
            try:
                looked = await self._look(await self._read() if looked is None else looked, now)
            except Exception:  # noqa: BLE001 - logged; the watch must go on
                _log.exception("cannot tell of grants that expired; trying again")
                longest = _FAILURE_PAUSE
            await self._sleep(now, longest)

    async def _look(self, since: int, now: int) -> int:
        due = [
            (name, grant) for name, grant in self._grants.items() if since < grant.expires_us <= now
        ]
        for name, grant in due:
            if (name, grant.expires_us) not in self._told:
                await self._expired(name, grant)
                self._told.add((name, grant.expires_us))
        if due:
            await self._documents.put(_COLLECTION, _KEY, str(now).encode())
        self._told.clear()
        return now

    async def _sleep(self, now: int, longest: float) -> None:
        """Until the next grant expires, or there are others."""
        ahead = [each.expires_us - now for each in self._grants.values() if each.expires_us > now]
        seconds = min(min(ahead, default=0) / 1_000_000 or longest, longest)
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait([timer, changed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            changed.cancel()

    async def _read(self) -> int:
        """Up to when it has looked; on a new store, up to now: what had expired is no news."""
        found = await self._documents.get(_COLLECTION, _KEY)
        if found is None:
            now = self._clock.time_us()
            await self._documents.put(_COLLECTION, _KEY, str(now).encode())
            return now
        return int(found.value)
