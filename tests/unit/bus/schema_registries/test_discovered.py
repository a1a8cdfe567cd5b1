"""What discoverers have found: kept over restarts, and within bounds."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from keybus.bus.audit.log import AuditLog
from keybus.bus.schema_registries.discovered import LONGEST, REGISTRY, DiscoveredSchemas, name_of
from keybus.bus.schema_registries.discoverer import Discoverer
from keybus.bus.schema_registries.records import Place
from keybus.bus.schema_registries.registries import (
    MOST_SCHEMAS,
    MOST_VERSIONS,
    SchemaRegistries,
)
from keybus.clock import SYSTEM
from keybus.engines.memory import MemoryEngine
from keybus.governance import ANYBODY

LOOKS = Discoverer("shop", "events", "arn", own_bus=False, state="STARTED", since=0, roles=())


class Kept:
    """An engine, and what is kept in it."""

    def __init__(self, engine: MemoryEngine, registries: SchemaRegistries) -> None:
        self.engine, self.registries = engine, registries
        self.schemas = self.restarted()

    def restarted(self) -> DiscoveredSchemas:
        """The same store, as another process opens it."""
        self.schemas = DiscoveredSchemas(self.engine.documents, self.registries)
        return self.schemas

    async def see(self, *details: dict[str, Any], event_type: str = "Order Placed") -> None:
        for each in details:
            await self.schemas.see("shop", event_type, "shop.till", each)
        await self.schemas.write(LOOKS)

    async def found(self, name: str = "shop.till@OrderPlaced") -> tuple[int, dict[str, Any]]:
        """The newest version's number, and the detail's schema."""
        schema = await self.registries.shelf.schema(Place("shop", REGISTRY, name))
        text = await self.registries.shelf.content(schema, schema.newest)
        components = json.loads(text)["components"]["schemas"]
        [detail] = [name for name in components if name != "AWSEvent"]
        return schema.newest.number, components[detail]


@pytest.fixture
async def kept() -> AsyncIterator[Kept]:
    engine = MemoryEngine()
    audit = await AuditLog.open(engine.documents, SYSTEM, None)
    yield Kept(engine, SchemaRegistries(engine.documents, audit, SYSTEM))
    await audit.close()
    await engine.close()


async def test_what_was_seen_survives_a_restart(kept: Kept) -> None:
    await kept.see({"a": 1}, {"a": 2, "b": "x"})
    first, schema = await kept.found()
    assert (first, schema["required"]) == (1, ["a"])
    kept.restarted()
    await kept.see({"a": 3})
    assert (await kept.found())[0] == 1  # nothing is new
    await kept.see({"b": "y"})
    number, schema = await kept.found()
    assert (number, "required" in schema, sorted(schema["properties"])) == (2, False, ["a", "b"])


async def test_a_deleted_schema_begins_anew(kept: Kept) -> None:
    await kept.see({"a": 1})
    place = Place("shop", REGISTRY, "shop.till@OrderPlaced")
    await kept.registries.delete_schema(place, ANYBODY)
    await kept.schemas.forget("shop", place.name)
    kept.restarted()
    await kept.see({"b": 1})
    assert list((await kept.found())[1]["properties"]) == ["b"]


@pytest.mark.long
async def test_versions_and_schemas_are_bounded(kept: Kept) -> None:
    for number in range(MOST_VERSIONS + 5):
        await kept.see({f"n{number}": number})
    schema = await kept.registries.shelf.schema(Place("shop", REGISTRY, "shop.till@OrderPlaced"))
    assert (len(schema.versions), schema.newest.number) == (MOST_VERSIONS, MOST_VERSIONS + 5)
    for number in range(MOST_SCHEMAS + 5):
        await kept.schemas.see("shop", f"order.n{number}", "shop.till", {})
    await kept.schemas.write(LOOKS)
    assert len(await kept.registries.shelf.schemas("shop", REGISTRY)) == MOST_SCHEMAS


async def test_a_schema_that_grows_too_long_has_its_first_level(kept: Kept) -> None:
    wide = {f"n{'x' * 90}{n}": {f"m{'y' * 90}{m}": m for m in range(6)} for n in range(150)}
    await kept.see(wide)
    _, schema = await kept.found()
    assert len(schema["properties"]) == 150
    assert all(each == {"type": "object"} for each in schema["properties"].values())
    assert len(json.dumps(schema)) < LONGEST


@pytest.mark.parametrize(
    ("event_type", "source", "name"),
    [
        ("Order Placed", "shop.till", "shop.till@OrderPlaced"),
        ("order.placed", "shop.till", "shop.till@order.placed"),
        ("注文", "a/b c", "a_b_c@Event-266125dd"),
        ("Order/Placed", "shop", "shop@OrderPlaced-2b3ddb1c"),
    ],
)
def test_schemas_are_named_as_eventbridge_names_them(
    event_type: str, source: str, name: str
) -> None:
    assert name_of(event_type, source) == name
