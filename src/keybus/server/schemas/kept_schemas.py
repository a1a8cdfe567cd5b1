"""Schemas in registries of an account: made, changed and deleted.

Source: EventBridge Schemas API reference, "Schemas" and "Schema versions".
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from keybus.bus.schema_registries.records import Draft, Place, Schema, SchemaVersion
from keybus.server.aws import Call
from keybus.server.aws.shapes import Request
from keybus.server.schemas.errors import NOT_FOUND, bad_request
from keybus.server.schemas.keepers import DISCOVERED, check_own, found_of
from keybus.server.schemas.names import check_schema_name, check_tags
from keybus.server.schemas.operation import WRITE, Operation
from keybus.server.schemas.places import uri
from keybus.server.schemas.shapes import (
    SCHEMA,
    ClientToken,
    Content,
    Description,
    OfSchema,
    RegistryName,
    SchemaAnswer,
    SchemaName,
    Type,
)


class CreateSchema(Request, frozen=True):
    """CreateSchemaRequest."""

    registry_name: RegistryName
    schema_name: SchemaName
    content: Content
    type: Type
    description: Description | None = None
    tags: dict[str, str] = msgspec.field(default_factory=dict, name="tags")


class UpdateSchema(Request, frozen=True):
    """UpdateSchemaRequest."""

    registry_name: RegistryName
    schema_name: SchemaName
    client_token_id: ClientToken | None = None
    content: Content | None = None
    description: Description | None = None
    type: Type | None = None


class DeleteSchemaVersion(Request, frozen=True):
    """DeleteSchemaVersionRequest."""

    registry_name: RegistryName
    schema_name: SchemaName
    schema_version: Annotated[str, uri("schemaVersion")]


async def create_schema(call: Call, asked: CreateSchema) -> SchemaAnswer:
    """Answer CreateSchema."""
    check_own(asked.registry_name)
    check_schema_name(asked.schema_name)
    check_tags(asked.tags)
    schema = Schema(
        call.account,
        asked.registry_name,
        asked.schema_name,
        versions=(),
        last=0,
        modified_us=0,
        description=asked.description or "",
        tags=asked.tags,
    )
    draft = Draft(asked.type, asked.content)
    made = await call.bus.schema_registries.create_schema(schema, draft, call.principal)
    return _told(call, made, made.newest)


async def update_schema(call: Call, asked: UpdateSchema) -> SchemaAnswer:
    """Answer UpdateSchema: with a content it makes a version, else it changes the description."""
    check_own(asked.registry_name)
    place = Place(call.account, asked.registry_name, asked.schema_name)
    before = await call.bus.schema_registries.shelf.schema(place)
    kind = asked.type or before.newest.kind
    if asked.content is None:
        if kind != before.newest.kind:
            raise bad_request(f"The content is {before.newest.kind}; send one that is {kind}.")
        return await _described(call, place, asked.description)
    draft = Draft(kind, asked.content, asked.client_token_id or "")
    made = await call.bus.schema_registries.add_version(
        place, draft, call.principal, asked.description
    )
    return _told(call, made, _version_of(made, draft))


async def _described(call: Call, place: Place, description: str | None) -> SchemaAnswer:
    def changed(before: Schema) -> Schema:
        said = before.description if description is None else description
        return replace(before, description=said)

    schema = await call.bus.schema_registries.change_schema(place, changed, call.principal)
    return _told(call, schema, schema.newest)


async def delete_schema(call: Call, asked: OfSchema) -> None:
    """Answer DeleteSchema; one that was discovered begins anew with the next event."""
    check_own(asked.registry_name, deleting=True)
    place = Place(call.account, asked.registry_name, asked.schema_name)
    await call.bus.schema_registries.delete_schema(place, call.principal)
    if asked.registry_name == DISCOVERED:
        await call.bus.discovered_schemas.forget(call.account, asked.schema_name)


async def delete_schema_version(call: Call, asked: DeleteSchemaVersion) -> None:
    """Answer DeleteSchemaVersion; the only one goes with its schema alone."""
    check_own(asked.registry_name, deleting=True)
    place = Place(call.account, asked.registry_name, asked.schema_name)
    number = asked.schema_version
    await call.bus.schema_registries.delete_version(place, number, call.principal)


def _version_of(schema: Schema, draft: Draft) -> SchemaVersion:
    """The version that a request made, now or when it came first."""
    made = (each for each in schema.versions if draft.token and each.token == draft.token)
    return next(made, schema.newest)


def _told(call: Call, schema: Schema, version: SchemaVersion) -> SchemaAnswer:
    found = found_of(call, schema)
    return SchemaAnswer(
        found.arn,
        found.name,
        str(version.number),
        version.kind,
        found.description or None,
        found.modified,
        found.tags,
        found.version(str(version.number)).created,
    )


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateSchema": Operation(
        "POST", SCHEMA, CreateSchema, create_schema, WRITE, SchemaAnswer, 201, frozenset()
    ),
    "UpdateSchema": Operation(
        "PUT",
        SCHEMA,
        UpdateSchema,
        update_schema,
        WRITE,
        SchemaAnswer,
        kinds=frozenset({NOT_FOUND}),
    ),
    "DeleteSchema": Operation("DELETE", SCHEMA, OfSchema, delete_schema, WRITE, status=204),
    "DeleteSchemaVersion": Operation(
        "DELETE",
        f"{SCHEMA}/version/{{schemaVersion}}",
        DeleteSchemaVersion,
        delete_schema_version,
        WRITE,
        status=204,
    ),
}
