"""An account's own registries: made, changed and deleted, each change written down before it holds."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Document, Documents
from keybus.bus.schema_registries.changes import check_room, difference, is_made
from keybus.bus.schema_registries.content import check
from keybus.bus.schema_registries.errors import SchemaExists, SchemasRefused, TooManySchemas
from keybus.bus.schema_registries.records import Draft, Place, Registry, Schema, SchemaVersion, Tags
from keybus.bus.schema_registries.shelf import (
    CONTENTS,
    Shelf,
    digest_of,
    registries_of,
    schemas_of,
    version_of,
)
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.governance.audit import Actor

MOST_REGISTRIES: Final = 10
"""Registries of an account."""
MOST_SCHEMAS: Final = 100
"""Schemas of a registry."""
MOST_VERSIONS: Final = 100
"""Versions of a schema. Source: EventBridge user guide, "Amazon EventBridge quotas"."""
MOST_BYTES: Final = 16 << 20
"""Bytes of all texts of an account, which no quota of AWS's says."""
T = TypeVar("T", Registry, Schema)


class SchemaRegistries:
    """The registries of all accounts. Belongs to one event loop.

    Nothing that happens to events depends on them. A text is durable before a
    schema names it, so that a crash leaves a text that nothing names, at worst.

    Args:
        documents: Where they are kept.
        audit: Where every change is written down.
        clock: Time.

    Attributes:
        shelf: What there is.
    """

    def __init__(self, documents: Documents, audit: AuditLog, clock: Clock) -> None:
        self.shelf = Shelf(documents)
        self._documents, self._audit, self._clock = documents, audit, clock
        self._changing: dict[str, asyncio.Lock] = {}

    async def create(self, registry: Registry, by: Principal) -> Registry:
        """Make a registry.

        Raises:
            SchemaExists: The account has one of that name.
            TooManySchemas: It has as many as it may.
        """
        async with self._alone(registry.account):
            others = await self.shelf.all(registry.account)
            if any(each.name == registry.name for each in others):
                raise SchemaExists(f"Registry with name {registry.name} already exists.")
            check_room("registries of an account", len(others), MOST_REGISTRIES)
            await self._tell(by, "schema-registry.created", registry.key)
            value = msgspec.json.encode(registry)
            await self._documents.put(
                registries_of(registry.account), registry.key, value, expected=0
            )
            return registry

    async def change(
        self, account: str, name: str, changed: Callable[[Registry], Registry], by: Principal
    ) -> Registry:
        """Change what is said of a registry.

        Args:
            account: The account.
            name: The registry.
            changed: What becomes of it; its account and name stay.
            by: Who asks.

        Raises:
            NoSuchSchema: There is none.
        """
        async with self._alone(account):
            document = await self._documents.get(registries_of(account), f"{account}/{name}")
            before = await self.shelf.find(account, name)
            return await self._put(registries_of(account), document, before, changed(before), by)

    async def delete(self, account: str, name: str, by: Principal) -> None:
        """Delete a registry that has no schemas.

        Raises:
            NoSuchSchema: There is none.
            SchemasRefused: It has schemas.
        """
        async with self._alone(account):
            registry = await self.shelf.find(account, name)
            if held := await self.shelf.schemas(account, name):
                message = f"Registry with name {name} has {len(held)} schemas; delete them first."
                raise SchemasRefused(message)
            await self._tell(by, "schema-registry.deleted", registry.key)
            await self._documents.delete(registries_of(account), registry.key)

    async def create_schema(self, schema: Schema, draft: Draft, by: Principal) -> Schema:
        """Make a schema with its first version.

        Args:
            schema: What is said of it; its versions are none yet.
            draft: The first version.
            by: Who asks.

        Raises:
            BrokenSchema: The text is no schema.
            NoSuchSchema: There is no such registry.
            SchemaExists: The registry has one of that name.
            TooManySchemas: It has as many as it may, or the account as many bytes.
        """
        await asyncio.to_thread(check, draft.kind, draft.content)
        async with self._alone(schema.account):
            await self.shelf.find(schema.account, schema.registry)
            others = await self.shelf.schemas(schema.account, schema.registry)
            beside = [each.name for each in others]
            if schema.name in beside:
                raise SchemaExists(f"Schema with name {schema.name} already exists.")
            check_room("schemas of a registry", len(beside), MOST_SCHEMAS)
            made = self._with(schema, draft, await self.shelf.size(schema.account))
            await self._tell(by, "schema.created", made.key, {"digest": made.newest.digest})
            await self._keep_content(made, draft)
            value = msgspec.json.encode(made)
            await self._documents.put(_collection(made), made.key, value, expected=0)
            return made

    async def add_version(
        self, place: Place, draft: Draft, by: Principal, description: str | None = None
    ) -> Schema:
        """Make another version of a schema; the same request again makes no other.

        Args:
            place: Which.
            draft: The version.
            by: Who asks.
            description: What is said of the schema from now on; None: what was.

        Raises:
            BrokenSchema: The text is no schema.
            NoSuchSchema: There is no such schema.
            SchemasRefused: The token was another request's.
            TooManySchemas: It has as many versions as it may, or the account as many bytes.
        """
        await asyncio.to_thread(check, draft.kind, draft.content)
        async with self._alone(place.account):
            before = await self.shelf.schema(place)
            if is_made(before, draft):
                return before
            check_room("versions of a schema", len(before.versions), MOST_VERSIONS)
            after = self._with(before, draft, await self.shelf.size(place.account))
            if description is not None:
                after = replace(after, description=description)
            document = await self._documents.get(_collection(before), before.key)
            await self._keep_content(after, draft)
            return await self._put(_collection(before), document, before, after, by)

    async def change_schema(
        self, place: Place, changed: Callable[[Schema], Schema], by: Principal
    ) -> Schema:
        """Change what is said of a schema.

        Raises:
            NoSuchSchema: There is none.
        """
        async with self._alone(place.account):
            before = await self.shelf.schema(place)
            document = await self._documents.get(_collection(before), before.key)
            after = replace(changed(before), modified_us=self._clock.time_us())
            return await self._put(_collection(before), document, before, after, by)

    async def delete_schema(self, place: Place, by: Principal) -> None:
        """Delete a schema with all its versions.

        Raises:
            NoSuchSchema: There is none.
        """
        async with self._alone(place.account):
            schema = await self.shelf.schema(place)
            await self._tell(by, "schema.deleted", schema.key)
            await self._documents.delete(_collection(schema), schema.key)
            for version in schema.versions:
                await self._documents.delete(CONTENTS, schema.content_key(version))

    async def delete_version(self, place: Place, number: str, by: Principal) -> None:
        """Delete one version of several.

        Raises:
            NoSuchSchema: There is none.
            SchemasRefused: It is the only one.
        """
        async with self._alone(place.account):
            before = await self.shelf.schema(place)
            version = version_of(before, number)
            left = tuple(each for each in before.versions if each != version)
            if not left:
                message = f"Version {number} is the only one of {place.name}; delete the schema."
                raise SchemasRefused(message)
            document = await self._documents.get(_collection(before), before.key)
            after = replace(before, versions=left, modified_us=self._clock.time_us())
            await self._put(_collection(before), document, before, after, by)
            await self._documents.delete(CONTENTS, before.content_key(version))

    def _alone(self, account: str) -> asyncio.Lock:
        """For one change of an account at a time; others' wait for none of its."""
        return self._changing.setdefault(account, asyncio.Lock())

    def _with(self, schema: Schema, draft: Draft, size: int) -> Schema:
        """A schema with one version more, where the account has so many bytes."""
        value, now = draft.content.encode(), self._clock.time_us()
        if size + len(value) > MOST_BYTES:
            raise TooManySchemas(
                f"The schemas of an account may have {MOST_BYTES} bytes; delete versions first."
            )
        number = schema.last + 1
        made = SchemaVersion(number, draft.kind, digest_of(value), len(value), now, draft.token)
        versions = (*schema.versions, made)
        return replace(schema, versions=versions, last=number, modified_us=now)

    async def _keep_content(self, schema: Schema, draft: Draft) -> None:
        key = schema.content_key(schema.newest)
        await self._documents.put(CONTENTS, key, draft.content.encode())

    async def _put(
        self, collection: str, document: Document | None, before: T, after: T, by: Principal
    ) -> T:
        """Write a change down, and then keep it, where nobody else changed the same meanwhile."""
        data = difference(before, after)
        if not data or document is None:
            return before
        is_registry = collection == registries_of(before.account)
        kind = "schema-registry" if is_registry else "schema"
        await self._tell(by, f"{kind}.changed", before.key, data)
        value = msgspec.json.encode(after)
        await self._documents.put(collection, document.key, value, expected=document.version)
        return after

    async def _tell(
        self, by: Principal, action: str, subject: str, data: dict[str, Any] | None = None
    ) -> None:
        await self._audit.write(Actor.of(by), action, subject, data)


def tagged(before: T, tags: Tags) -> T:
    """The same with other tags."""
    return replace(before, tags=dict(tags))


def _collection(schema: Schema) -> str:
    return schemas_of(schema.account, schema.registry)
