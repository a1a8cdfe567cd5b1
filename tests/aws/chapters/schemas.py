"""Registries, schemas, their versions, and discoverers."""

from typing import Final

from tests.aws.chapters.step import Step

BAD: Final = "BadRequestException"
CONTENT: Final = '{"$$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}'
IN: Final = {"RegistryName": "registry-${run}"}
AT: Final = {**IN, "SchemaName": "schema-${run}"}
REGISTRY: Final = Step(
    "schemas", "CreateRegistry", {**IN, "Description": "doors"}, {"registry": "RegistryArn"}
)
SCHEMA: Final = Step(
    "schemas",
    "CreateSchema",
    {**AT, "Content": CONTENT, "Type": "JSONSchemaDraft4", "Description": "a door"},
    {"schema": "SchemaArn"},
)

CONTRACT: Final = {"RegistryName": "keybus", "SchemaName": "${contract}", "Language": "Python36"}

BINDINGS: Final = (
    Step(
        "schemas",
        "ListSchemas",
        {"RegistryName": "keybus", "Limit": 1},
        {"contract": "Schemas.0.SchemaName"},
    ),
    Step("schemas", "PutCodeBinding", CONTRACT),
    Step("schemas", "DescribeCodeBinding", CONTRACT),
    Step("schemas", "GetCodeBindingSource", CONTRACT),
    Step("schemas", "GetCodeBindingSource", {**CONTRACT, "Language": "Cobol"}, refused=BAD),
)
EVENT: Final = '{"detail-type": "Door Opened", "source": "doors", "detail": {"door": 7}}'
DISCOVERER: Final = {"DiscovererId": "${discoverer}"}
DISCOVERY: Final = (
    Step("schemas", "GetDiscoveredSchema", {"Events": [EVENT], "Type": "OpenApi3"}),
    Step("schemas", "GetDiscoveredSchema", {"Events": ["7"], "Type": "OpenApi3"}, refused=BAD),
    Step("events", "CreateEventBus", {"Name": "seen-${run}"}, {"bus": "EventBusArn"}),
    Step(
        "schemas",
        "CreateDiscoverer",
        {"SourceArn": "${bus}", "Description": "doors"},
        {"discoverer": "DiscovererId"},
    ),
    Step("schemas", "CreateDiscoverer", {"SourceArn": "${bus}"}, refused="ConflictException"),
    Step("schemas", "DescribeDiscoverer", DISCOVERER),
    Step("schemas", "UpdateDiscoverer", {**DISCOVERER, "Description": "gates"}),
    Step("schemas", "ListDiscoverers", {"Limit": 1}),
    Step("schemas", "StopDiscoverer", DISCOVERER),
    Step("schemas", "StartDiscoverer", DISCOVERER),
    Step("schemas", "DeleteDiscoverer", DISCOVERER),
    Step("schemas", "DescribeDiscoverer", DISCOVERER, refused="NotFoundException"),
    Step("events", "DeleteEventBus", {"Name": "seen-${run}"}),
)

REGISTRIES: Final = (
    REGISTRY,
    Step("schemas", "CreateRegistry", IN, refused="ConflictException"),
    Step("schemas", "DescribeRegistry", IN),
    Step("schemas", "ListRegistries", {"RegistryNamePrefix": "registry-${run}", "Limit": 1}),
    Step("schemas", "UpdateRegistry", {**IN, "Description": "gates"}),
    Step("schemas", "TagResource", {"ResourceArn": "${registry}", "Tags": {"team": "doors"}}),
    Step("schemas", "ListTagsForResource", {"ResourceArn": "${registry}"}),
    Step("schemas", "UntagResource", {"ResourceArn": "${registry}", "TagKeys": ["team"]}),
    Step("schemas", "DeleteRegistry", IN),
    Step("schemas", "DescribeRegistry", IN, refused="NotFoundException"),
)

SCHEMAS: Final = (
    REGISTRY,
    SCHEMA,
    Step("schemas", "DescribeSchema", AT),
    Step(
        "schemas",
        "UpdateSchema",
        {**AT, "Content": CONTENT.replace('"object"', '["object"]'), "Type": "JSONSchemaDraft4"},
    ),
    Step("schemas", "ListSchemas", {**IN, "SchemaNamePrefix": "schema-", "Limit": 1}),
    Step("schemas", "ListSchemaVersions", {**AT, "Limit": 1}),
    Step("schemas", "SearchSchemas", {**IN, "Keywords": "schema", "Limit": 1}),
    Step("schemas", "ExportSchema", {**AT, "Type": "JSONSchemaDraft4"}),
    Step("schemas", "DeleteSchemaVersion", {**AT, "SchemaVersion": "1"}),
    Step("schemas", "DeleteSchema", AT),
    Step("schemas", "DescribeSchema", AT, refused="NotFoundException"),
    Step("schemas", "DeleteRegistry", IN),
)
