"""Shapes that several operations share."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from keybus.bus.schema_registries.records import Kind
from keybus.server.aws.shapes import Answer, Request, between, length
from keybus.server.schemas.places import query, uri

Description = Annotated[str, length(0, 256)]
Content = Annotated[str, length(1, 100_000)]
ClientToken = Annotated[str, length(0, 36)]
Limit = Annotated[int, between(1, 100), query("limit")]
"""The model has a shape ``Limit`` with these bounds, which its lists' members do not use."""
NextToken = Annotated[str, query("nextToken")]
RegistryName = Annotated[str, uri("registryName")]
SchemaName = Annotated[str, uri("schemaName")]
AnyVersion = Annotated[str, query("schemaVersion")]
Type = Kind
JSON_SCHEMA: Final = "JSONSchemaDraft4"
REGISTRY: Final = "/v1/registries/name/{registryName}"
SCHEMA: Final = f"{REGISTRY}/schemas/name/{{schemaName}}"


class OfRegistry(Request, frozen=True):
    """What names a registry, and says nothing else."""

    registry_name: RegistryName


class OfSchema(Request, frozen=True):
    """What names a schema, and says nothing else."""

    registry_name: RegistryName
    schema_name: SchemaName


class OfVersion(Request, frozen=True):
    """What names a schema, and perhaps a version."""

    registry_name: RegistryName
    schema_name: SchemaName
    schema_version: AnyVersion | None = None


class SchemaAnswer(Answer, frozen=True):
    """CreateSchemaResponse and UpdateSchemaResponse; a date that nobody knows is left out."""

    schema_arn: str
    schema_name: str
    schema_version: str
    type: str
    description: str | None = None
    last_modified: str | None = None
    tags: Mapping[str, str] | None = msgspec.field(default=None, name="tags")
    version_created_date: str | None = None


class DescribedSchema(SchemaAnswer, frozen=True, kw_only=True):
    """DescribeSchemaResponse."""

    content: str
