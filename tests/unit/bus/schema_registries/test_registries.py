"""Registries of accounts: kept durably, written down first, each account's its own."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from keybus.bus import Bus
from keybus.bus.schema_registries.errors import (
    BrokenSchema,
    NoSuchSchema,
    SchemaExists,
    SchemasRefused,
    TooManySchemas,
)
from keybus.bus.schema_registries.records import Draft, Place, Registry, Schema
from keybus.bus.schema_registries.registries import MOST_REGISTRIES, SchemaRegistries, tagged
from keybus.bus.schema_registries.shelf import CONTENTS, version_of
from keybus.engines.memory import MemoryEngine
from keybus.errors import EngineError, StorageFailed
from keybus.testing import ManualClock
from tests.unit.bus.failing import Store
from tests.unit.bus.registry.publishing import DESK, SHOP
from tests.unit.bus.schema_registries.conftest import Restart

STILL = Place("shop", "tills", "sold")


@pytest.fixture
def kept(bus: Bus) -> SchemaRegistries:
    return bus.schema_registries


async def make(kept: SchemaRegistries, place: Place = STILL, text: str = "{}") -> Schema:
    """A registry with a schema."""
    await kept.create(Registry(place.account, place.registry), SHOP)
    return await add(kept, place, text)


async def add(kept: SchemaRegistries, place: Place, text: str = "{}") -> Schema:
    """A schema."""
    schema = Schema(*place, versions=(), last=0, modified_us=0)
    return await kept.create_schema(schema, Draft("JSONSchemaDraft4", text), SHOP)


async def told(bus: Bus) -> list[tuple[str, str, Any]]:
    """What the audit log says of registries and schemas."""
    found = [each async for each in bus.audit.entries()]
    return [
        (each.action, each.subject, each.data) for each in found if each.action.startswith("schema")
    ]


def version(text: str, token: str = "") -> Draft:
    return Draft("JSONSchemaDraft4", text, token)


async def test_versions_are_counted_and_keep_what_they_say(
    kept: SchemaRegistries, clock: ManualClock
) -> None:
    first = await make(kept, text='{"title": "1"}')
    clock.advance(1)
    second = await kept.add_version(STILL, version('{"title": "2"}'), SHOP, "newer")
    assert (first.newest.number, second.newest.number) == (1, 2)
    assert second.modified_us == second.newest.created_us == first.modified_us + 1_000_000
    assert second.description == "newer"
    texts = [await kept.shelf.content(second, each) for each in second.versions]
    assert texts == ['{"title": "1"}', '{"title": "2"}']
    await kept.delete_version(STILL, "2", SHOP)
    third = await kept.add_version(STILL, version('{"title": "3"}'), SHOP)
    assert [each.number for each in third.versions] == [1, 3]
    with pytest.raises(NoSuchSchema, match="Version 2"):
        version_of(third, "2")


async def test_the_same_request_again_makes_no_other_version(kept: SchemaRegistries) -> None:
    await make(kept)
    made = await kept.add_version(STILL, version('{"title": "2"}', "token"), SHOP)
    again = await kept.add_version(STILL, version('{"title": "2"}', "token"), SHOP)
    assert again == made
    with pytest.raises(SchemasRefused, match="another content"):
        await kept.add_version(STILL, version('{"title": "3"}', "token"), SHOP)


async def test_every_change_is_written_down(kept: SchemaRegistries, bus: Bus) -> None:
    made = await make(kept)
    await kept.change("shop", "tills", lambda it: tagged(it, {"a": "b"}), SHOP)
    await kept.change_schema(STILL, lambda it: tagged(it, {"c": "d"}), SHOP)
    await kept.change_schema(STILL, lambda it: it, SHOP)  # which changes nothing
    added = await kept.add_version(STILL, version('{"title": "2"}'), SHOP)
    await kept.delete_version(STILL, "1", SHOP)
    await kept.delete_schema(STILL, SHOP)
    await kept.delete("shop", "tills", SHOP)
    assert await told(bus) == [
        ("schema-registry.created", "shop/tills", {}),
        ("schema.created", "shop/tills/sold", {"digest": made.newest.digest}),
        ("schema-registry.changed", "shop/tills", {"tags": {"a": "b"}}),
        ("schema.changed", "shop/tills/sold", {"tags": {"c": "d"}}),
        ("schema.changed", "shop/tills/sold", {"added": {"2": added.newest.digest}}),
        ("schema.changed", "shop/tills/sold", {"deleted": [1]}),
        ("schema.deleted", "shop/tills/sold", {}),
        ("schema-registry.deleted", "shop/tills", {}),
    ]


async def test_what_is_refused_changes_nothing_and_is_not_written_down(
    kept: SchemaRegistries, bus: Bus
) -> None:
    made, before = await make(kept), await told(bus)
    refused: list[tuple[type[Exception], Awaitable[Any]]] = [
        (SchemaExists, kept.create(Registry("shop", "tills"), SHOP)),
        (SchemaExists, add(kept, STILL)),
        (BrokenSchema, add(kept, Place("shop", "tills", "other"), "{")),
        (BrokenSchema, kept.add_version(STILL, version("[]"), SHOP)),
        (NoSuchSchema, add(kept, Place("shop", "none", "sold"))),
        (NoSuchSchema, kept.add_version(Place("shop", "tills", "no"), version("{}"), SHOP)),
        (NoSuchSchema, kept.delete_version(STILL, "7", SHOP)),
        (NoSuchSchema, kept.delete_schema(Place("shop", "tills", "no"), SHOP)),
        (NoSuchSchema, kept.delete("shop", "none", SHOP)),
        (SchemasRefused, kept.delete_version(STILL, "1", SHOP)),
        (SchemasRefused, kept.delete("shop", "tills", SHOP)),
    ]
    for kind, asked in refused:
        with pytest.raises(kind):
            await asked
    assert await kept.shelf.schema(STILL) == made
    assert await told(bus) == before


async def test_accounts_see_their_own_alone(kept: SchemaRegistries) -> None:
    await make(kept)
    assert await kept.shelf.all("desk") == []
    assert await kept.shelf.schemas("desk", "tills") == []
    for place in (Place("desk", "tills", "sold"), Place("", "shop/tills", "sold")):
        with pytest.raises(NoSuchSchema):
            await kept.shelf.schema(place)
        with pytest.raises(NoSuchSchema):
            await kept.delete_schema(place, DESK)
    await kept.create(Registry("desk", "tills"), DESK)  # the name is free there
    assert [each.name for each in await kept.shelf.all("desk")] == ["tills"]


async def test_a_name_with_a_slash_is_nobody_elses(kept: SchemaRegistries) -> None:
    await kept.create(Registry("shop/north", "tills"), SHOP)
    with pytest.raises(NoSuchSchema):
        await kept.shelf.find("shop", "north/tills")


async def test_an_account_has_so_many_and_no_more(
    kept: SchemaRegistries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MOST_REGISTRIES):
        await kept.create(Registry("shop", f"r{number}"), SHOP)
    with pytest.raises(TooManySchemas, match="10 registries"):
        await kept.create(Registry("shop", "more"), SHOP)
    room = "keybus.bus.schema_registries.registries"
    monkeypatch.setattr(f"{room}.MOST_SCHEMAS", 2)
    monkeypatch.setattr(f"{room}.MOST_VERSIONS", 2)
    monkeypatch.setattr(f"{room}.MOST_BYTES", 40)
    for name in ("a", "b"):
        await add(kept, Place("shop", "r0", name))
    with pytest.raises(TooManySchemas, match="2 schemas"):
        await add(kept, Place("shop", "r0", "c"))
    place = Place("shop", "r0", "a")
    await kept.add_version(place, version("{}"), SHOP)
    with pytest.raises(TooManySchemas, match="2 versions"):
        await kept.add_version(place, version("{}"), SHOP)
    with pytest.raises(TooManySchemas, match="40 bytes"):
        await add(kept, Place("shop", "r1", "a"), '{"title": "' + "x" * 30 + '"}')


async def test_registries_outlive_a_restart(another: Restart) -> None:
    bus = await another()
    made = await make(bus.schema_registries)
    await bus.stop()
    bus = await another()
    schema = await bus.schema_registries.shelf.schema(STILL)
    assert schema == made
    assert await bus.schema_registries.shelf.content(schema, schema.newest) == "{}"


async def test_what_the_store_refuses_does_not_hold(another: Restart, store: Store) -> None:
    bus = await another()
    await bus.schema_registries.create(Registry("shop", "tills"), SHOP)
    store.fails = lambda call: CONTENTS in call
    with pytest.raises(StorageFailed):
        await add(bus.schema_registries, STILL)
    store.fails = lambda _call: False
    with pytest.raises(NoSuchSchema):
        await bus.schema_registries.shelf.schema(STILL)
    assert (await add(bus.schema_registries, STILL)).newest.number == 1


async def test_a_text_that_was_changed_in_the_store_is_not_told(
    kept: SchemaRegistries, engine: MemoryEngine
) -> None:
    made = await make(kept)
    await engine.documents.put(CONTENTS, made.content_key(made.newest), b'{"x": 1}')
    with pytest.raises(EngineError, match="not what was written"):
        await kept.shelf.content(made, made.newest)


async def test_of_many_that_make_the_same_one_has_made_it(kept: SchemaRegistries) -> None:
    made = await asyncio.gather(
        *(kept.create(Registry("shop", "tills"), SHOP) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(each, Registry) for each in made) == 1
    assert sum(isinstance(each, SchemaExists) for each in made) == 4
