"""All named archives of a bus."""

import asyncio
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
from msgspec.structs import replace

from keybus.bus.archives.archive import (
    MOST_ARCHIVES,
    ArchiveExists,
    NamedArchive,
    NoSuchArchive,
    TooManyArchives,
)
from keybus.bus.archives.counting import Counting
from keybus.bus.archives.tally import Counted
from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Engine
from keybus.bus.legible import Legible
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.governance.audit import Actor
from keybus.patterns import Pattern

_COLLECTION = "archives"


class Archives:
    """What is made, changed and deleted of archives. Belongs to one event loop.

    The archives are the bus's: their documents go by their names. Each change is in the audit log
    before it is in the store.

    Args:
        engine: Where the log and the documents are.
        audit: Where every change is written down.
        clock: Time.
    """

    def __init__(self, engine: Engine, audit: AuditLog, clock: Clock) -> None:
        self._documents, self._audit, self._clock = engine.documents, audit, clock
        self._legible = Legible(engine.documents, _COLLECTION, NamedArchive, "archive")
        self._known: dict[str, NamedArchive] = {}
        self._changing = asyncio.Lock()
        self._counting = Counting(engine, engine.documents, self._known.values, clock)

    async def load(self) -> None:
        """Read what was made in an earlier run, and begin to count.

        One that is damaged is left out, and logged.

        Raises:
            StorageFailed: The store could not be read.
        """
        async for each, archive in self._legible.all():
            self._known[each.key] = archive
        await self._counting.load(self._known.values())
        self._counting.follow()

    async def close(self) -> None:
        """Count no more."""
        await self._counting.close()

    def all(self) -> list[NamedArchive]:
        """All of them, by name."""
        return [self._known[name] for name in sorted(self._known)]

    @property
    def damaged(self) -> AbstractSet[str]:
        """The names of those that cannot be read: all that can be done with them is to delete them."""
        return self._legible.damaged

    def get(self, name: str) -> NamedArchive:
        """One of them.

        Raises:
            NoSuchArchive: There is none of that name.
            Damaged: It cannot be read.
        """
        self._legible.check(name)
        found = self._known.get(name)
        if found is None:
            raise NoSuchArchive(name)
        return found

    def counted(self, archive: NamedArchive) -> Counted:
        """How much it holds, as far as was counted."""
        return self._counting.counted(archive)

    async def create(self, wanted: NamedArchive, by: Principal) -> NamedArchive:
        """Make an archive; it has what the bus takes from now on.

        Args:
            wanted: What it is to be; its times are not looked at.
            by: Who makes it.

        Raises:
            ArchiveExists: There is one of that name.
            TooManyArchives: There are as many as there may be.
            PatternError: The pattern is none.
            StorageFailed: It is unknown whether it was made.
        """
        _check(wanted.pattern)
        async with self._changing:
            if wanted.name in self._known or wanted.name in self.damaged:
                raise ArchiveExists(wanted.name)
            if len(self._known) >= MOST_ARCHIVES:
                raise TooManyArchives
            now = self._clock.time_us()
            archive = replace(wanted, created_us=now, changed_us=now)
            await self._audit.write(Actor.of(by), "archive.created", archive.name, _told(archive))
            await self._keep(archive)
            self._counting.follow()
            return archive

    async def change(
        self,
        name: str,
        by: Principal,
        *,
        pattern: str | None = None,
        retention_days: int | None = None,
        description: str | None = None,
    ) -> NamedArchive:
        """Say other things of an archive; what is None stays.

        Raises:
            NoSuchArchive: There is none of that name.
            PatternError: The pattern is none.
            StorageFailed: It is unknown whether it was changed.
        """
        _check(pattern or "")
        async with self._changing:
            standing = self.get(name)
            changed = replace(
                standing,
                pattern=standing.pattern if pattern is None else pattern,
                retention_days=standing.retention_days
                if retention_days is None
                else retention_days,
                description=standing.description if description is None else description,
            )
            if changed == standing:
                return standing
            changed = replace(changed, changed_us=self._clock.time_us())
            await self._audit.write(Actor.of(by), "archive.changed", name, _told(changed))
            await self._keep(changed)
            return changed

    async def delete(self, name: str, by: Principal) -> None:
        """Delete an archive; the log keeps its events.

        Raises:
            NoSuchArchive: There is none of that name.
            StorageFailed: It is unknown whether it was deleted.
        """
        async with self._changing:
            if name not in self.damaged:
                self.get(name)
            await self._audit.write(Actor.of(by), "archive.deleted", name)
            await self._documents.delete(_COLLECTION, name)
            self._known.pop(name, None)
            self._legible.damaged.discard(name)

    async def _keep(self, archive: NamedArchive) -> None:
        await self._documents.put(_COLLECTION, archive.name, msgspec.json.encode(archive))
        self._known[archive.name] = archive


def _check(pattern: str) -> None:
    if pattern:
        Pattern.parse(pattern)


def _told(archive: NamedArchive) -> dict[str, Any]:
    """What the audit log has of it."""
    return {"pattern": archive.pattern, "retention_days": archive.retention_days}
