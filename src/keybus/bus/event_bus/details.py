"""The bus's description and tags: nothing depends on them."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from keybus.bus.audit.log import AuditLog
from keybus.bus.control.generation import Generation
from keybus.bus.control.versions import NoSuchVersion, Versions
from keybus.bus.engine import Documents
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.governance.audit import Actor

_COLLECTION: Final = "event-bus"
_KEY: Final = "details"


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is said of the bus.

    Attributes:
        description: In words.
        tags: Its tags.
        changed_us: When either was changed last, in microseconds since the Unix epoch; 0: never.
    """

    description: str = ""
    tags: Mapping[str, str] = {}
    changed_us: int = 0


class BusDetails:
    """What was said of the bus. Belongs to one event loop.

    Args:
        documents: Where it is kept.
        audit: Where every change is written down.
        clock: Time.

    Attributes:
        said: What holds.
        tagging: Held by whoever gives something other tags, made of those that it has.
    """

    def __init__(self, documents: Documents, audit: AuditLog, clock: Clock) -> None:
        self._documents, self._audit, self._clock = documents, audit, clock
        self._changing, self.tagging = asyncio.Lock(), asyncio.Lock()
        self._created_us = 0
        self.said = Said()

    async def load(self) -> None:
        """Read what an earlier run was told.

        Raises:
            StorageFailed: The store could not be read.
        """
        found = await self._documents.get(_COLLECTION, _KEY)
        if found is not None:
            self.said = msgspec.json.decode(found.value, type=Said)

    async def created_us(self, versions: Versions, generation: Generation) -> int:
        """When the first platform was applied, in microseconds since the Unix epoch."""
        if not self._created_us:
            try:
                self._created_us = (await versions.get(1)).applied_us
            except NoSuchVersion:
                return generation.applied.applied_us
        return self._created_us

    async def describe(self, description: str, by: Principal) -> None:
        """Give the bus another description.

        Raises:
            StorageFailed: It is unknown whether it was kept.
        """
        async with self._changing:
            if description != self.said.description:
                changed = replace(self.said, description=description)
                await self._keep(changed, "bus.described", {"description": description}, by)

    async def tag(self, tags: Mapping[str, str], by: Principal) -> None:
        """Give the bus other tags, in place of those it has.

        Raises:
            StorageFailed: It is unknown whether they were kept.
        """
        async with self._changing:
            if tags != self.said.tags:
                changed = replace(self.said, tags=dict(tags))
                await self._keep(changed, "bus.tagged", {"tags": dict(tags)}, by)

    async def _keep(self, said: Said, action: str, data: dict[str, Any], by: Principal) -> None:
        said = replace(said, changed_us=self._clock.time_us())
        await self._audit.write(Actor.of(by), action, "", data)
        await self._documents.put(_COLLECTION, _KEY, msgspec.json.encode(said))
        self.said = said
