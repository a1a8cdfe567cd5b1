"""All event buses that accounts have made for themselves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Documents
from keybus.bus.event_bus.custom_bus import (
    MOST_BUSES,
    BusExists,
    BusHasRules,
    CustomBus,
    NoSuchBus,
    TooManyBuses,
    key_of,
)
from keybus.bus.legible import Damaged, Legible
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.governance.audit import Actor

_COLLECTION: Final = "event-buses"


class CustomBuses:
    """What is made, changed and deleted of buses. Belongs to one event loop.

    Each change is in the audit log before it is in the store.

    Args:
        documents: Where they are kept.
        audit: Where every change is written down.
        clock: Time.
    """

    def __init__(self, documents: Documents, audit: AuditLog, clock: Clock) -> None:
        self._documents, self._audit, self._clock = documents, audit, clock
        self._legible = Legible(documents, _COLLECTION, CustomBus, "event bus")
        self._known: dict[str, CustomBus] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read all of them; one that is damaged is left out, and logged.

        Raises:
            StorageFailed: The store could not be read.
        """
        async for document, bus in self._legible.all():
            self._known[document.key] = bus

    def find(self, account: str, name: str) -> CustomBus | None:
        """A bus of an account, by the names of both; None where there is none."""
        found = self._known.get(key_of(account, name))
        # An account's name may have a slash, so that one key has several readings.
        return (
            found if found is not None and (found.account, found.name) == (account, name) else None
        )

    def of(self, account: str) -> list[CustomBus]:
        """An account's buses, by name."""
        return [each for each in self.all() if each.account == account]

    def all(self) -> list[CustomBus]:
        """Every account's buses, by account and name."""
        return sorted(self._known.values(), key=lambda each: (each.account, each.name))

    async def create(self, wanted: CustomBus, by: Principal) -> CustomBus:
        """Make a bus.

        Args:
            wanted: What it is to be; its times are not looked at.
            by: Who makes it.

        Raises:
            BusExists: The account has one of that name.
            TooManyBuses: It has as many as it may.
            StorageFailed: It is unknown whether it was made.
        """
        async with self._changing:
            if await self._read(wanted.account, wanted.name) is not None:
                raise BusExists(wanted.name)
            if len(self.of(wanted.account)) >= MOST_BUSES:
                raise TooManyBuses(f"an account has at most {MOST_BUSES} buses of its own")
            now = self._clock.time_us()
            bus = replace(wanted, created_us=now, changed_us=now)
            said = {"description": bus.description, "tags": dict(bus.tags)}
            await self._keep(bus, "event-bus.created", said, by)
            return bus

    async def describe(self, account: str, name: str, description: str, by: Principal) -> CustomBus:
        """Give a bus another description.

        Raises:
            NoSuchBus: The account has none of that name.
            StorageFailed: It is unknown whether it was kept.
        """
        async with self._changing:
            bus = await self._standing(account, name)
            if bus.description == description:
                return bus
            bus = replace(bus, description=description)
            return await self._keep(bus, "event-bus.described", {"description": description}, by)

    async def tag(
        self, account: str, name: str, tags: Mapping[str, str], by: Principal
    ) -> CustomBus:
        """Give a bus other tags, in place of those it has.

        Raises:
            NoSuchBus: The account has none of that name.
            StorageFailed: It is unknown whether they were kept.
        """
        async with self._changing:
            bus = replace(await self._standing(account, name), tags=dict(tags))
            return await self._keep(bus, "event-bus.tagged", {"tags": dict(tags)}, by)

    @contextlib.asynccontextmanager
    async def standing(self, account: str, name: str) -> AsyncIterator[None]:
        """The account's bus stays until this ends, as it has to while a rule is made on it.

        Raises:
            NoSuchBus: The account has none of that name.
        """
        async with self._changing:
            if self.find(account, name) is None:
                raise NoSuchBus(f"Event bus {name} does not exist.")
            yield

    async def delete(
        self, account: str, name: str, by: Principal, *, has_rules: Callable[[], bool]
    ) -> None:
        """Let a bus go, also one that is damaged; nothing, where there is none.

        Args:
            account: The name of its account.
            name: Its name.
            by: Who asks.
            has_rules: Whether it has rules; asked while none can be made on it.

        Raises:
            BusHasRules: It has.
            StorageFailed: It is unknown whether it went.
        """
        async with self._changing:
            try:
                found = await self._read(account, name)
            except Damaged:
                found = CustomBus(account, name)
            if found is None:
                return
            if has_rules():
                raise BusHasRules(name)
            await self._audit.write(Actor.of(by), "event-bus.deleted", found.key)
            await self._documents.delete(_COLLECTION, found.key)
            self._known.pop(found.key, None)
            self._legible.damaged.discard(found.key)

    async def _read(self, account: str, name: str) -> CustomBus | None:
        """What the store has: after a write that failed nobody knows which of the two."""
        if "/" in name:
            return None
        key = key_of(account, name)
        document = await self._documents.get(_COLLECTION, key)
        if document is None:
            self._known.pop(key, None)
            return None
        self._known[key] = found = self._legible.read(document)
        return found

    async def _standing(self, account: str, name: str) -> CustomBus:
        found = await self._read(account, name)
        if found is None:
            raise NoSuchBus(f"Event bus {name} does not exist.")
        return found

    async def _keep(
        self, bus: CustomBus, action: str, said: dict[str, Any], by: Principal
    ) -> CustomBus:
        bus = replace(bus, changed_us=self._clock.time_us())
        await self._audit.write(Actor.of(by), action, bus.key, said)
        await self._documents.put(_COLLECTION, bus.key, msgspec.json.encode(bus))
        self._known[bus.key] = bus
        return bus
