"""Schemas, whoever keeps them: described, listed, searched and exported.

Source: EventBridge Schemas API reference, "Schemas", "Search" and "Export".
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from keybus.bus.schema_registries.content import check
from keybus.bus.schema_registries.errors import NoSuchSchema
from keybus.contracts.exchange_formats.openapi import draft_4
from keybus.server.aws import Call
from keybus.server.aws.shapes import Answer, Request
from keybus.server.schemas.errors import bad_request
from keybus.server.schemas.keepers import Found, Version, keeper_of
from keybus.server.schemas.operation import READ, Operation
from keybus.server.schemas.paging import MOST, after_token, page, token_of
from keybus.server.schemas.places import query
from keybus.server.schemas.shapes import (
    JSON_SCHEMA,
    REGISTRY,
    SCHEMA,
    AnyVersion,
    DescribedSchema,
    Limit,
    NextToken,
    OfVersion,
    RegistryName,
    SchemaName,
)

MOST_KEYWORDS: Final = 20
"""Words that are searched for at once."""
_LONGEST_KEYWORDS: Final = 1_000
MOST_SEARCHED: Final = 4 << 20
"""Characters of texts that are looked through for one page; one schema's more may be."""
_encode = msgspec.json.Encoder(decimal_format="number").encode


class ListSchemas(Request, frozen=True):
    """ListSchemasRequest."""

    registry_name: RegistryName
    limit: Limit | None = None
    next_token: NextToken | None = None
    schema_name_prefix: Annotated[str, query("schemaNamePrefix")] = ""


class ListSchemaVersions(Request, frozen=True):
    """ListSchemaVersionsRequest."""

    registry_name: RegistryName
    schema_name: SchemaName
    limit: Limit | None = None
    next_token: NextToken | None = None


class SearchSchemas(Request, frozen=True):
    """SearchSchemasRequest."""

    registry_name: RegistryName
    keywords: Annotated[str, query("keywords")]
    limit: Limit | None = None
    next_token: NextToken | None = None


class ExportSchema(Request, frozen=True):
    """ExportSchemaRequest."""

    registry_name: RegistryName
    schema_name: SchemaName
    type: Annotated[str, query("type")]
    schema_version: AnyVersion | None = None


class SchemaSummary(Answer, frozen=True):
    """SchemaSummary."""

    schema_arn: str
    schema_name: str
    version_count: int
    last_modified: str | None = None
    tags: Mapping[str, str] | None = msgspec.field(default=None, name="tags")


class Schemas(Answer, frozen=True, kw_only=True):
    """ListSchemasResponse."""

    schemas: list[SchemaSummary]
    next_token: str | None = None


class VersionSummary(Answer, frozen=True):
    """SchemaVersionSummary."""

    schema_arn: str
    schema_name: str
    schema_version: str
    type: str


class Versions(Answer, frozen=True, kw_only=True):
    """ListSchemaVersionsResponse."""

    schema_versions: list[VersionSummary]
    next_token: str | None = None


class FoundVersion(Answer, frozen=True):
    """SearchSchemaVersionSummary."""

    schema_version: str
    type: str
    created_date: str | None = None


class FoundSchema(Answer, frozen=True):
    """SearchSchemaSummary."""

    registry_name: str
    schema_arn: str
    schema_name: str
    schema_versions: list[FoundVersion]


class FoundSchemas(Answer, frozen=True, kw_only=True):
    """SearchSchemasResponse."""

    schemas: list[FoundSchema]
    next_token: str | None = None


class Exported(Answer, frozen=True):
    """ExportSchemaResponse."""

    content: str
    schema_arn: str
    schema_name: str
    schema_version: str
    type: str


async def describe_schema(call: Call, asked: OfVersion) -> DescribedSchema:
    """Answer DescribeSchema."""
    found = await _found(call, asked)
    version = found.version(asked.schema_version)
    return DescribedSchema(
        found.arn,
        found.name,
        version.name,
        version.kind,
        found.description or None,
        found.modified,
        found.tags,
        version.created,
        content=await version.text(),
    )


async def list_schemas(call: Call, asked: ListSchemas) -> Schemas:
    """Answer ListSchemas."""
    keeper = await keeper_of(call, asked.registry_name)
    chosen = [each for each in await keeper.all() if each.name.startswith(asked.schema_name_prefix)]
    of = f"schemas {keeper.name} {asked.schema_name_prefix}"
    told, token = page(chosen, _name, of, limit=asked.limit, token=asked.next_token)
    return Schemas(schemas=[_summary(each) for each in told], next_token=token)


async def list_schema_versions(call: Call, asked: ListSchemaVersions) -> Versions:
    """Answer ListSchemaVersions: the oldest first."""
    keeper = await keeper_of(call, asked.registry_name)
    found = await keeper.one(asked.schema_name)
    told, token = page(
        found.versions,
        lambda each: each.name,
        f"versions {keeper.name} {found.name}",
        limit=asked.limit,
        token=asked.next_token,
        order=keeper.order,
    )
    summaries = [VersionSummary(found.arn, found.name, each.name, each.kind) for each in told]
    return Versions(schema_versions=summaries, next_token=token)


async def search_schemas(call: Call, asked: SearchSchemas) -> FoundSchemas:
    """Answer SearchSchemas: schemas of which a version has all the words in its name or its text.

    A page may have fewer than were asked for, or none, and more behind it.
    """
    words = _words(asked.keywords)
    keeper = await keeper_of(call, asked.registry_name)
    of = f"search {keeper.name} {' '.join(words)}"
    after, most = after_token(of, asked.next_token), asked.limit or MOST
    told, searched = list[FoundSchema](), 0
    for each in await keeper.all():
        if after is not None and each.name <= after:
            continue
        if searched > MOST_SEARCHED:
            return FoundSchemas(schemas=told, next_token=token_of(of, after or ""))
        versions, looked = await _search(words, each)
        if versions and len(told) == most:
            return FoundSchemas(schemas=told, next_token=token_of(of, told[-1].schema_name))
        if versions:
            shown = [FoundVersion(one.name, one.kind, one.created) for one in versions]
            told.append(FoundSchema(keeper.name, each.arn, each.name, shown))
        after, searched = each.name, searched + looked
    return FoundSchemas(schemas=told)


def _words(keywords: str) -> list[str]:
    if len(keywords) > _LONGEST_KEYWORDS:
        raise bad_request(f"Keywords has up to {_LONGEST_KEYWORDS} characters.")
    words = list(dict.fromkeys(keywords.casefold().split()))
    if not words:
        raise bad_request("Keywords has to have a word.")
    if len(words) > MOST_KEYWORDS:
        raise bad_request(f"Keywords has {len(words)} words; up to {MOST_KEYWORDS} are searched.")
    return words


async def _search(words: list[str], found: Found) -> tuple[list[Version], int]:
    """The versions that have all the words, and how many characters were looked through."""
    versions, looked = list[Version](), 0
    for each in found.versions:
        try:
            text = await each.text()
        except NoSuchSchema:  # deleted since it was listed
            continue
        looked += len(text)
        if await asyncio.to_thread(_has, words, f"{found.name}\n{text}"):
            versions.append(each)
    return versions, looked


def _has(words: list[str], text: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)


async def export_schema(call: Call, asked: ExportSchema) -> Exported:
    """Answer ExportSchema: as JSONSchemaDraft4, whatever the schema is written in."""
    if asked.type != JSON_SCHEMA:
        raise bad_request(f"Schemas are exported as {JSON_SCHEMA}, not as {asked.type[:100]!r}.")
    found = await _found(call, asked)
    version = found.version(asked.schema_version)
    text = await version.text()
    if version.kind != JSON_SCHEMA:
        text = await asyncio.to_thread(_converted, text)
    return Exported(text, found.arn, found.name, version.name, JSON_SCHEMA)


def _converted(text: str) -> str:
    try:
        return _encode(draft_4(check("OpenApi3", text))).decode()
    except ValueError as error:
        raise bad_request(f"The document cannot be exported: {error}.") from error


async def _found(call: Call, asked: OfVersion | ExportSchema) -> Found:
    return await (await keeper_of(call, asked.registry_name)).one(asked.schema_name)


def _name(found: Found) -> str:
    return found.name


def _summary(found: Found) -> SchemaSummary:
    return SchemaSummary(found.arn, found.name, found.count, found.modified, found.tags)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "DescribeSchema": Operation("GET", SCHEMA, OfVersion, describe_schema, READ, DescribedSchema),
    "ExportSchema": Operation(
        "GET", f"{SCHEMA}/export", ExportSchema, export_schema, READ, Exported
    ),
    "ListSchemaVersions": Operation(
        "GET", f"{SCHEMA}/versions", ListSchemaVersions, list_schema_versions, READ, Versions
    ),
    "ListSchemas": Operation(
        "GET",
        f"{REGISTRY}/schemas",
        ListSchemas,
        list_schemas,
        READ,
        Schemas,
        kinds=frozenset(),
    ),
    "SearchSchemas": Operation(
        "GET",
        f"{REGISTRY}/schemas/search",
        SearchSchemas,
        search_schemas,
        READ,
        FoundSchemas,
        kinds=frozenset(),
    ),
}
