"""Whether a text is a schema: of JSON Schema draft-04, or in a document of OpenAPI 3.0."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from keybus.bus.schema_registries.errors import BrokenSchema
from keybus.bus.schema_registries.records import Kind
from keybus.contracts.documents import parse_document
from keybus.contracts.exchange_formats.openapi import (
    COMPONENTS,
    components_of,
    definitions_of,
    references_in,
)
from keybus.contracts.locations import BadReference, schema_at, target_of
from keybus.contracts.validation import DRAFT_04, schema_faults
from keybus.errors import Fault

_SUBJECT: Final = "the schema"
_FILE: Final = "schema.json"
_COMPONENT: Final = re.compile(r"[A-Za-z0-9._-]+")
_OPENAPI: Final = re.compile(r"3\.0\.[0-9]+")


def check(kind: Kind, text: str) -> dict[str, Any]:
    """Read a schema.

    Args:
        kind: What it is written in.
        text: Its JSON.

    Raises:
        BrokenSchema: With every fault.
    """
    document, faults = parse_document(text, "")
    if faults:
        raise BrokenSchema(_SUBJECT, faults)
    if not isinstance(document, dict):
        raise BrokenSchema.because(_SUBJECT, "It is no JSON object.")
    found = list(_OF_KIND[kind](document))
    if found:
        raise BrokenSchema(_SUBJECT, found)
    return document


def _json_schema(document: Mapping[str, Any]) -> Iterator[Fault]:
    said = document.get("$schema", DRAFT_04)
    if not isinstance(said, str) or said.rstrip("#") != DRAFT_04.rstrip("#"):
        yield _fault(f"$schema has to be {DRAFT_04!r}, or absent.", "/$schema")
        return
    broken = schema_faults(document)
    yield from broken
    if not broken:
        yield from _references(document, references_in(document))


def _openapi(document: Mapping[str, Any]) -> Iterator[Fault]:
    version, about = document.get("openapi"), document.get("info")
    if not isinstance(version, str) or not _OPENAPI.fullmatch(version):
        yield _fault("openapi has to be a version such as '3.0.0'.", "/openapi")
    if not isinstance(about, dict) or not all(
        isinstance(about.get(each), str) for each in ("title", "version")
    ):
        yield _fault("info has to have a title and a version.", "/info")
    if not isinstance(document.get("paths"), dict):
        yield _fault("paths has to be an object; {} where there are none.", "/paths")
    components = components_of(document)
    if not components:
        yield _fault("components.schemas has to have a schema.", "/components/schemas")
    for name, schema in components.items():
        yield from _component(document, name, schema)


def _component(document: Mapping[str, Any], name: str, schema: Any) -> Iterator[Fault]:
    pointer = f"/components/schemas/{name}"
    if not _COMPONENT.fullmatch(name):
        yield _fault("A component's name has letters, digits and . _ - alone.", pointer)
        return
    broken = schema_faults(definitions_of({name: schema})[name])
    for each in broken:
        yield Fault(each.code, each.message, pointer + each.pointer, hint=each.hint)
    if not broken:
        found = list(references_in(schema))
        elsewhere = [each for each in found if not each.startswith(COMPONENTS)]
        for reference in elsewhere:
            yield _fault(f"{reference!r} refers to what is no component's schema.", pointer)
        inside = (each for each in found if each not in elsewhere)
        yield from _references(document, inside, pointer)


def _references(
    document: Mapping[str, Any], references: Iterator[str], pointer: str = ""
) -> Iterator[Fault]:
    """What is wrong with references: each has to lead to a schema of the same document."""
    for each in sorted(set(references)):
        try:
            place = target_of(_FILE, each)
            if not isinstance(schema_at({_FILE: document}, place), dict):
                yield _fault(f"{each!r} refers to what is no schema.", pointer)
        except BadReference as error:
            hint = "put what it refers to under definitions, and refer to that: nothing is fetched"
            message = str(error).replace(f" in {_FILE!r}", "")
            yield Fault(error.rule, message, pointer, hint=hint)


def _fault(message: str, pointer: str) -> Fault:
    return Fault("not-a-schema", message, pointer)


_OF_KIND: Final = {"JSONSchemaDraft4": _json_schema, "OpenApi3": _openapi}
