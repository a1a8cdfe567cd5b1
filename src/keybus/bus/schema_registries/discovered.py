"""What discoverers have found: merged by the schema's name, and written into ``discovered-schemas``."""

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from keybus.bus.engine import Documents
from keybus.bus.schema_registries.discoverer import Discoverer
from keybus.bus.schema_registries.errors import NoSuchSchema, SchemaExists, TooManySchemas
from keybus.bus.schema_registries.records import Draft, Place, Registry, Schema
from keybus.bus.schema_registries.registries import (
    MOST_SCHEMAS,
    MOST_VERSIONS,
    SchemaRegistries,
)
from keybus.bus.schema_registries.shelf import digest_of
from keybus.contracts.discovery import Limits, Sightings
from keybus.contracts.exchange_formats.discovered import discovered
from keybus.contracts.naming import pascal
from keybus.governance import Principal

REGISTRY: Final = "discovered-schemas"
LIMITS: Final = Limits(values=0, places=1_000)
"""How much is kept of one kind of event: some hundred kilobytes, at most."""
ENOUGH: Final = 1_000
"""Events of one kind after which only one of so many"""
SAMPLED: Final = 10
"""is looked into."""
LONGEST: Final = 100_000
"""Characters of a schema, as EventBridge's are."""
_COLLECTION: Final = "schema-sightings"
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_SOURCE: Final = 250
_LONGEST_NAME: Final = 120
_log = logging.getLogger(__name__)


class Seen(msgspec.Struct):
    """What was seen of the events of one schema.

    Attributes:
        sightings: That.
        source: Where they came from.
        digest: Of the schema as it was written last.
        passed: Events since then that were not looked into.
    """

    sightings: Sightings
    source: str
    digest: str = ""
    passed: int = 0


class DiscoveredSchemas:
    """Schemas of events that have no contract. Belongs to one event loop.

    Args:
        documents: Where it is kept what was seen.
        registries: Where schemas are written.
    """

    def __init__(self, documents: Documents, registries: SchemaRegistries) -> None:
        self._documents, self._registries = documents, registries
        self._seen: dict[str, dict[str, Seen]] = {}
        self._changed: dict[str, set[str]] = {}

    async def see(
        self, account: str, event_type: str, source: str, detail: Mapping[str, Any]
    ) -> None:
        """See an event, for an account; a kind too many is passed over.

        Raises:
            StorageFailed: The store could not be read.
        """
        held = await self._held(account)
        name = name_of(event_type, source)
        seen = held.get(name)
        if seen is None:
            if len(held) >= MOST_SCHEMAS:
                return
            seen = held[name] = Seen(Sightings(event_type), source)
        seen.passed += 1
        if seen.sightings.count >= ENOUGH and seen.passed < SAMPLED:
            return
        seen.passed = 0
        seen.sightings.observe(detail, source, {}, LIMITS)
        self._changed.setdefault(account, set()).add(name)

    async def write(self, discoverer: Discoverer) -> None:
        """Write every schema that is another one now.

        Raises:
            StorageFailed: The store could not be written.
        """
        account = discoverer.account
        held = await self._held(account)
        by = Principal(account, frozenset(), discoverer.id)
        for name in sorted(self._changed.pop(account, set())):
            seen = held.get(name)
            if seen is None:  # forgotten meanwhile
                continue
            try:
                await self._write(Place(account, REGISTRY, name), seen, by)
            except TooManySchemas as error:
                _log.warning("%s/%s is not written: %s", account, name, error)
            value = msgspec.json.encode(seen)
            await self._documents.put(_collection(account), name, value)

    async def forget(self, account: str, name: str) -> None:
        """Forget what was seen of a schema that was deleted: it begins anew."""
        (await self._held(account)).pop(name, None)
        await self._documents.delete(_collection(account), name)

    async def _held(self, account: str) -> dict[str, Seen]:
        """What was seen for an account; read at first use."""
        found = self._seen.get(account)
        if found is None:
            found = {}
            async for each in self._documents.list(_collection(account)):
                try:
                    found[each.key] = msgspec.json.decode(each.value, type=Seen)
                except msgspec.MsgspecError as error:
                    _log.warning("what was seen of %s is left out: %s", each.key, error)
            self._seen[account] = found
        return found

    async def _write(self, place: Place, seen: Seen, by: Principal) -> None:
        """Make another version of a schema, where it is another."""
        content = _content(seen)
        digest = digest_of(content.encode())
        if digest == seen.digest:
            return
        draft = Draft("OpenApi3", content)
        try:
            before = await self._registries.shelf.schema(place)
            if len(before.versions) >= MOST_VERSIONS:
                oldest = str(before.versions[0].number)
                await self._registries.delete_version(place, oldest, by)
            await self._registries.add_version(place, draft, by)
        except NoSuchSchema:
            await self._make(place, draft, by)
        seen.digest = digest

    async def _make(self, place: Place, draft: Draft, by: Principal) -> None:
        try:
            await self._registries.shelf.find(place.account, place.registry)
        except NoSuchSchema:
            registry = Registry(place.account, REGISTRY, "Schemas that were discovered in events.")
            await self._registries.create(registry, by)
        schema = Schema(*place, versions=(), last=0, modified_us=0)
        try:
            await self._registries.create_schema(schema, draft, by)
        except SchemaExists:  # made meanwhile, by a process beside this one
            await self._registries.add_version(place, draft, by)


def name_of(event_type: str, source: str) -> str:
    """What the schema of an event is called, as EventBridge calls it: ``shop.till@OrderPlaced``.

    Where characters of it cannot be in a name, its digest tells it from others.
    """
    wanted = pascal(event_type) if " " in event_type else event_type
    named = _ODD.sub("", wanted)[:_LONGEST_NAME]
    if named != wanted:
        named = f"{named or 'Event'}-{digest_of(event_type.encode()).removeprefix('sha256:')[:8]}"
    return f"{_ODD.sub('_', source)[:_LONGEST_SOURCE]}@{named}"


def _content(seen: Seen) -> str:
    sightings = seen.sightings
    found = discovered(sightings.root, "OpenApi3", detail_type=sightings.type, source=seen.source)
    if len(found) <= LONGEST:
        return found
    sightings.is_coarse = True
    sightings.root.trim(1)
    return discovered(sightings.root, "OpenApi3", detail_type=sightings.type, source=seen.source)


def _collection(account: str) -> str:
    return f"{_COLLECTION}/{account}"
