"""The discoverers of all accounts: made, changed, deleted, each change written down before it holds."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec.structs import asdict, replace

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Documents
from keybus.bus.legible import Legible
from keybus.bus.schema_registries.changes import check_room
from keybus.bus.schema_registries.discoverer import Discoverer
from keybus.bus.schema_registries.errors import NoSuchSchema, SchemaExists
from keybus.governance import Principal
from keybus.governance.audit import Actor

MOST_DISCOVERERS: Final = 10
"""Discoverers of an account."""
_COLLECTION: Final = "schema-discoverers"


class Discoverers:
    """Who looks at events that have no contract. Belongs to one event loop.

    Args:
        documents: Where they are kept.
        audit: Where every change is written down.

    Attributes:
        all: All of them, by account and id.
        changed: Called when there is one more, or one that looks.
    """

    def __init__(self, documents: Documents, audit: AuditLog) -> None:
        self._documents, self._audit = documents, audit
        self._changing = asyncio.Lock()
        self.all: dict[str, Discoverer] = {}
        self.changed: Callable[[], None] = lambda: None

    async def load(self) -> None:
        """Take over what an earlier run kept."""
        found = Legible(self._documents, _COLLECTION, Discoverer, "discoverer").all()
        self.all = {document.key: each async for document, each in found}

    def of(self, account: str) -> list[Discoverer]:
        """An account's, by their ids."""
        found = [each for each in self.all.values() if each.account == account]
        return sorted(found, key=lambda each: each.id)

    def find(self, account: str, name: str) -> Discoverer:
        """One of them.

        Raises:
            NoSuchSchema: The account has none of that id.
        """
        found = self.all.get(f"{account}/{name}")
        if found is None or (found.account, found.id) != (account, name):
            raise NoSuchSchema(f"Discoverer with id {name[:100]} does not exist.")
        return found

    async def create(self, discoverer: Discoverer, by: Principal) -> Discoverer:
        """Make one.

        Raises:
            SchemaExists: The account has one for that bus.
            TooManySchemas: It has as many as it may.
        """
        async with self._changing:
            own = self.of(discoverer.account)
            if any(each.source_arn == discoverer.source_arn for each in own):
                message = f"A discoverer of {discoverer.source_arn} already exists."
                raise SchemaExists(message)
            check_room("discoverers of an account", len(own), MOST_DISCOVERERS)
            await self._tell(by, "schema-discoverer.created", discoverer)
            await self._keep(discoverer)
        self.changed()
        return discoverer

    async def change(
        self, account: str, name: str, changed: Callable[[Discoverer], Discoverer], by: Principal
    ) -> Discoverer:
        """Change one.

        Args:
            account: The account.
            name: Its id.
            changed: What becomes of it; its account and id stay.
            by: Who asks.

        Raises:
            NoSuchSchema: There is none.
        """
        async with self._changing:
            before = self.find(account, name)
            after = changed(before)
            if after == before:
                return before
            await self._tell(by, "schema-discoverer.changed", after, _difference(before, after))
            await self._keep(after)
        self.changed()
        return after

    async def delete(self, account: str, name: str, by: Principal) -> None:
        """Delete one; what it has found stays.

        Raises:
            NoSuchSchema: There is none.
        """
        async with self._changing:
            discoverer = self.find(account, name)
            await self._tell(by, "schema-discoverer.deleted", discoverer)
            await self._documents.delete(_COLLECTION, discoverer.key)
            del self.all[discoverer.key]

    async def looked(self, discoverer: Discoverer, through: int) -> Discoverer:
        """Keep how far one has looked, where it is still as it was; as it is then."""
        async with self._changing:
            after = replace(discoverer, through=through)
            if self.all.get(discoverer.key) == discoverer:
                await self._keep(after)
            return after

    async def _keep(self, discoverer: Discoverer) -> None:
        value = msgspec.json.encode(discoverer)
        await self._documents.put(_COLLECTION, discoverer.key, value)
        self.all[discoverer.key] = discoverer

    async def _tell(
        self, by: Principal, action: str, of: Discoverer, data: dict[str, Any] | None = None
    ) -> None:
        await self._audit.write(Actor.of(by), action, of.key, data or {"bus": of.source_arn})


def _difference(before: Discoverer, after: Discoverer) -> dict[str, Any]:
    old, new = asdict(before), asdict(after)
    return {name: new[name] for name in new if new[name] != old[name]}
