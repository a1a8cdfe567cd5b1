"""Schemas of others, as they come: out of a registry's answer, an AWS CLI's output, or a plain file."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from keybus.contracts.documents import parse_document

Form = Literal["json-schema", "openapi"]
_ALREADY: Final = ("jsonschemadraft4", "json", "openapi3")
_MOST_REFERENCES: Final = 200


class Reference(msgspec.Struct, frozen=True):
    """What a subject of a Confluent registry refers to.

    Attributes:
        name: By what name.
        subject: The subject.
        version: Its version.
    """

    name: str
    subject: str
    version: int


class ForeignSchema(msgspec.Struct, frozen=True):
    """A schema of somebody else's.

    Attributes:
        name: What it is called there: a schema's name, a subject, or a file.
        document: It.
        others: Documents that it may refer to, by the names by which it does.
        references: What of a registry it refers to, which is not in `others` yet.
        version: Its version there; 0: nobody says.
    """

    name: str
    document: Any
    others: Mapping[str, Any] = msgspec.field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    version: int = 0

    @property
    def form(self) -> Form:
        """What it is written in."""
        is_openapi = isinstance(self.document, dict) and "openapi" in self.document
        return "openapi" if is_openapi else "json-schema"


class NoSchema(ValueError):
    """Something that is no schema, or one in a form that cannot be read."""


def read_text(text: str, name: str) -> Iterator[ForeignSchema]:
    """The schemas in a text.

    Args:
        text: A schema; what ``aws schemas describe-schema`` or ``export-schema`` prints; what a
            Confluent registry answers for a subject's version; or a list of these.
        name: What it is called, where it does not say.

    Raises:
        NoSchema: There is none.
    """
    value = _parsed(text)
    for each in value if isinstance(value, list) else [value]:
        yield of_value(each, name)


def of_value(value: Any, name: str) -> ForeignSchema:
    """The schema in a value; see `read_text`.

    Raises:
        NoSchema: There is none.
    """
    if not isinstance(value, dict):
        raise NoSchema("it is no JSON object")
    if isinstance(value.get("Content"), str):
        _check_kind(value.get("Type", "JSONSchemaDraft4"))
        return ForeignSchema(_text(value.get("SchemaName"), name), _parsed(value["Content"]))
    if isinstance(value.get("schema"), str) and value.keys() & {"subject", "schemaType", "id"}:
        _check_kind(value.get("schemaType", "AVRO"))
        return ForeignSchema(
            _text(value.get("subject"), name),
            _parsed(value["schema"]),
            references=_references(value.get("references") or []),
            version=value["version"] if isinstance(value.get("version"), int) else 0,
        )
    return ForeignSchema(name, value)


def joined(found: Mapping[str, ForeignSchema]) -> list[ForeignSchema]:
    """Schemas that came together, each with those that it refers to; only events' own are left.

    Args:
        found: By their files, with forward slashes.
    """
    subjects = {(each.name, each.version): each for each in found.values()}
    plain = {file: each.document for file, each in found.items() if not each.references}
    referred: set[int] = set()
    made = []
    for file, each in found.items():
        others = {**_beside(file, plain), **_of_subjects(each, subjects)}
        used = {id(others[name]) for name in _names_in(each.document) if name in others}
        used |= {id(subjects[key].document) for key in _keys(each) if key in subjects}
        referred |= used - {id(each.document)}
        made.append(msgspec.structs.replace(each, others=others))
    return [each for each in made if id(each.document) not in referred]


def _beside(file: str, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Other files, by the names that are relative to one, and by their own."""
    folder = posixpath.dirname(file) or "."
    relative = {posixpath.relpath(other, folder): plain[other] for other in plain if other != file}
    return {**{f"./{name}": each for name, each in relative.items()}, **relative}


def _of_subjects(
    schema: ForeignSchema, subjects: Mapping[tuple[str, int], ForeignSchema]
) -> dict[str, Any]:
    """What a schema refers to, and what that does, by the names of the references."""
    others: dict[str, Any] = {}
    waiting = [schema]
    while waiting and len(others) < _MOST_REFERENCES:
        each = waiting.pop()
        for reference in each.references:
            target = subjects.get((reference.subject, reference.version))
            if target is not None and reference.name not in others:
                others[reference.name] = target.document
                waiting.append(target)
    return others


def _keys(schema: ForeignSchema) -> Iterator[tuple[str, int]]:
    return ((each.subject, each.version) for each in schema.references)


def _names_in(schema: Any) -> Iterator[str]:
    """The documents that a schema refers to, as it names them."""
    if isinstance(schema, list):
        for each in schema:
            yield from _names_in(each)
    elif isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.partition("#")[0]
        for each in schema.values():
            yield from _names_in(each)


def _references(told: Any) -> tuple[Reference, ...]:
    try:
        return tuple(msgspec.convert(told, list[Reference]))
    except msgspec.ValidationError as error:
        raise NoSchema(f"its references cannot be used: {error}") from error


def _check_kind(kind: Any) -> None:
    if not isinstance(kind, str) or kind.lower() not in _ALREADY:
        raise NoSchema(f"it is written in {str(kind)[:40]}, not in JSON Schema or OpenAPI")


def _parsed(text: str) -> Any:
    document, faults = parse_document(text, "")
    if faults:
        raise NoSchema("; ".join(str(each) for each in faults[:3]))
    return document


def _text(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) and value else otherwise
