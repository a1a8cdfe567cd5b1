"""Grants and their end: who has which, and telling both sides when one expires."""

import asyncio
import logging
from collections.abc import Iterator

from keybus.bus.audit.log import AuditLog
from keybus.bus.control.control import Control
from keybus.bus.engine import Documents
from keybus.clock import Clock, pause
from keybus.contracts import ContractRepository
from keybus.contracts.pointers import pointer_of
from keybus.governance.audit import BUS
from keybus.protocol import GrantInfo, Notice
from keybus.topology import Platform
from keybus.topology.model import Grant

_log = logging.getLogger(__name__)
_COLLECTION, _KEY = "grant-watch", "looked"
_LONGEST_SLEEP = 3600.0
"""Seconds after which the wall clock is looked at again: it may have been set."""
_FAILURE_PAUSE = 30.0
"""Seconds after which what could not be told, or written down, is tried again."""


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
        control: What holds, and whom to tell.
        audit: Where each is written down.
        clock: Time.
    """

    def __init__(
        self, documents: Documents, control: Control, audit: AuditLog, clock: Clock
    ) -> None:
        self._documents, self._clock = documents, clock
        self._control, self._audit = control, audit
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
                await self._tell(name, grant)
                self._told.add((name, grant.expires_us))
        if due:
            await self._documents.put(_COLLECTION, _KEY, str(now).encode())
        self._told.clear()
        return now

    async def _tell(self, name: str, grant: Grant) -> None:
        """Tell both sides that a grant has ended, and write it down.

        Raises:
            StorageFailed: It could not be written down.
        """
        generation = self._control.generation
        owners = owners_of(grant, generation.platform, generation.contracts)
        what = ", ".join([*grant.events, *grant.sources])
        message = f"the grant {name!r} of {what} to {grant.account!r} expired {grant.expires}"
        _log.warning("%s; deliveries under it are held", message)
        for subscription, dispatcher in self._control.dispatchers.items():
            account = generation.subscriptions[subscription].account
            if account == grant.account:
                hint = "what it was for is held, and comes once the grant is renewed"
                dispatcher.tell(Notice("grant-expired", f"{message}; {hint}"))
            elif account in owners:
                hint = "renew it, or remove it, in the platform file"
                dispatcher.tell(Notice("grant-ended", f"{message}; {hint}"))
        await self._audit.write(BUS, "grant.expired", pointer_of("grants", name))

    async def _sleep(self, now: int, longest: float) -> None:
        """Until the next grant expires, or there are others."""
        ahead = [each.expires_us - now for each in self._grants.values() if each.expires_us > now]
        seconds = min(min(ahead, default=0) / 1_000_000 or longest, longest)
        await pause(self._clock, seconds, self._changed)

    async def _read(self) -> int:
        """Up to when it has looked; on a new store, up to now: what had expired is no news."""
        found = await self._documents.get(_COLLECTION, _KEY)
        if found is None:
            now = self._clock.time_us()
            await self._documents.put(_COLLECTION, _KEY, str(now).encode())
            return now
        return int(found.value)
