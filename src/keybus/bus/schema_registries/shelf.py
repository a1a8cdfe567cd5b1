"""What stands in the store of all accounts' registries."""

import hashlib
from typing import Final

import msgspec

from keybus.bus.engine import Documents
from keybus.bus.schema_registries.errors import NoSuchSchema
from keybus.bus.schema_registries.records import Place, Registry, Schema, SchemaVersion
from keybus.errors import EngineError

CONTENTS: Final = "schema-registry-contents"
"""The collection of texts, one for each version."""
_registry = msgspec.json.Decoder(Registry)
_schema = msgspec.json.Decoder(Schema)


def registries_of(account: str) -> str:
    """The collection of an account's registries: whoever lists them reads nobody else's."""
    return f"schema-registries/{account}"


def schemas_of(account: str, registry: str) -> str:
    """The collection of a registry's schemas, without their texts."""
    return f"schema-registry-schemas/{account}/{registry}"


class Shelf:
    """Reads registries; nothing of them is kept in memory.

    Args:
        documents: The engine's.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def all(self, account: str) -> list[Registry]:
        """An account's registries, by name."""
        listed = self._documents.list(registries_of(account))
        found = [_registry.decode(each.value) async for each in listed]
        return sorted(found, key=lambda each: each.name)

    async def find(self, account: str, name: str) -> Registry:
        """A registry.

        Raises:
            NoSuchSchema: The account has none of that name.
        """
        document = await self._documents.get(registries_of(account), f"{account}/{name}")
        found = None if document is None else _registry.decode(document.value)
        if found is None or (found.account, found.name) != (account, name):
            raise NoSuchSchema(f"Registry with name {name[:100]} does not exist.")
        return found

    async def schemas(self, account: str, registry: str) -> list[Schema]:
        """The schemas of a registry, by name."""
        listed = self._documents.list(schemas_of(account, registry))
        found = [_schema.decode(each.value) async for each in listed]
        return sorted(found, key=lambda each: each.name)

    async def size(self, account: str) -> int:
        """Bytes of all texts of an account."""
        registries = await self.all(account)
        held = [await self.schemas(account, each.name) for each in registries]
        return sum(each.size for schemas in held for each in schemas)

    async def schema(self, place: Place) -> Schema:
        """A schema.

        Raises:
            NoSuchSchema: There is no such registry, or none of that name in it.
        """
        await self.find(place.account, place.registry)
        document = await self._documents.get(schemas_of(place.account, place.registry), place.key)
        found = None if document is None else _schema.decode(document.value)
        if found is None or found.place != place:
            raise NoSuchSchema(f"Schema with name {place.name[:400]} does not exist.")
        return found

    async def content(self, schema: Schema, version: SchemaVersion) -> str:
        """A version's text.

        Raises:
            NoSuchSchema: It was deleted meanwhile.
            EngineError: It is not as it was written.
        """
        document = await self._documents.get(CONTENTS, schema.content_key(version))
        if document is None:
            raise NoSuchSchema(f"Version {version.number} of {schema.name} does not exist.")
        if digest_of(document.value) != version.digest:
            raise EngineError(f"{document.key} in the store is not what was written")
        return document.value.decode()


def version_of(schema: Schema, number: str) -> SchemaVersion:
    """A version by its number; the newest where none is named.

    Raises:
        NoSuchSchema: There is none.
    """
    if not number:
        return schema.newest
    for each in schema.versions:
        if str(each.number) == number:
            return each
    raise NoSuchSchema(f"Version {number[:100]} of {schema.name} does not exist.")


def digest_of(value: bytes) -> str:
    """``sha256:`` and the hexadecimal SHA-256 of a text."""
    return f"sha256:{hashlib.sha256(value).hexdigest()}"
