"""A schema of somebody else's as a contract: named, owned, composed, and open.

What had to be changed for that, or could not be carried, is marked in the contract as uncertain, so
that whoever owns it has seen it before anybody relies on it.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from keybus.contracts.discovery.drafting import Metadata, type_for
from keybus.contracts.draft_folder import DraftFolder
from keybus.contracts.examples import EXAMPLES
from keybus.contracts.exchange_formats.envelopes import EVENT, Detail, detail_in
from keybus.contracts.exchange_formats.foreign import ForeignSchema, NoSchema
from keybus.contracts.exchange_formats.losses import Loss
from keybus.contracts.exchange_formats.mending import mended
from keybus.contracts.exchange_formats.openapi import components_of, draft_4, root_of
from keybus.contracts.exchange_formats.translation import Translated, translated
from keybus.contracts.locations import Location
from keybus.contracts.marks import Mark, marked
from keybus.contracts.naming import words_of
from keybus.contracts.pointers import pointer_of
from keybus.contracts.rules_events import CORE_FIELDS, TYPE
from keybus.contracts.view import METADATA, DeclaredView

_HEAD: Final = ("$schema", "title", "description", EXAMPLES)
_OLD: Final = "3.0."
_SUFFIXES: Final = ("-value", "-key", ".json")
_MANY_WORDS: Final = 2


class Imported(msgspec.Struct, frozen=True):
    """A contract that was made.

    Attributes:
        type: Its event type.
        document: It.
        losses: What was not carried; the pointers are into the schema as it was.
        changes: What was changed so that it passes; the pointers are into the contract.
    """

    type: str
    document: dict[str, Any]
    losses: tuple[Loss, ...]
    changes: tuple[Loss, ...] = ()


class Wish(msgspec.Struct, frozen=True):
    """How a contract is wanted.

    Attributes:
        type: Its event type; empty: what the schema or its name says.
        owner: The account that owns it; empty: whoever owns all types of its first word.
        classification: What kind of data it carries; empty: nobody has said.
    """

    type: str = ""
    owner: str = ""
    classification: str = ""


def imported(found: ForeignSchema, where: DraftFolder, wish: Wish) -> Imported:
    """A schema as a contract.

    Args:
        found: The schema.
        where: The repository that it is for.
        wish: How it is wanted.

    Raises:
        NoSchema: It cannot be one.
        ContractError: Nobody is known to own it.
    """
    document, place = _detail_of(found)
    carried = translated(document, found.others, root=place.pointer)
    if not _may_be_object(carried):
        raise NoSchema("an event's detail is an object, and this is something else")
    if _says_nothing(carried) and "$schema" not in document:
        raise NoSchema(
            "it has no keyword of JSON Schema; of samples of events, `keybus contracts discover`"
            " makes contracts"
        )
    own = carried.root.get(METADATA)
    metadata = own if isinstance(own, dict) else None
    named, marks = _named(found, place, carried, wish.type, metadata)
    marks += [_mark(each, "what was imported") for each in carried.losses]
    words = carried.root.get("description")
    if not isinstance(words, str) or not words.strip():
        words = f"Imported from {found.name}."
    if metadata is None:
        told = Metadata(
            named,
            where.owner(named, wish.owner),
            wish.classification or "internal",
            is_classified=bool(wish.classification),
        )
        head, marks = told.document(words), [*marks, *told.marks]
    else:
        head = Metadata(named, "").document(words)
        head[METADATA] = {**head[METADATA], **metadata, "type": named}
    composed = _composed(head, carried, where.core_from(named), known=metadata is not None)
    made = mended(composed, where.file_of(named), where.shared)
    marks += [_mark(each, "the contract") for each in made.losses]
    return Imported(named, marked(made.document, *marks), carried.losses, made.losses)


def origin_of(found: ForeignSchema) -> tuple[str, str]:
    """The source and the type that a schema's events say; empty where it does not tell.

    Raises:
        NoSchema: It cannot be read.
    """
    _, place = _detail_of(found)
    source, _, named = found.name.rpartition("@")
    return place.source or source, place.detail_type or named


def _detail_of(found: ForeignSchema) -> tuple[Any, Detail]:
    """The document that describes an event's detail, and where in it that is."""
    document = found.document
    if found.form != "openapi":
        return document, detail_in(document) or Detail("", "", "")
    components = components_of(document)
    about = document.get("info")
    title = str(about.get("title", "Schema")) if isinstance(about, dict) else "Schema"
    is_old = str(document["openapi"]).startswith(_OLD)
    for name, schema in () if is_old else components.items():
        if place := detail_in(schema, f"/components/schemas/{name}"):
            return _of_2020(document), place
    try:
        root = root_of(components, title)
    except ValueError as error:
        raise NoSchema(f"the OpenAPI document cannot be used: {error}") from error
    if not isinstance(components[root], dict):
        raise NoSchema(f"its component {root[:100]!r} is no JSON object")
    named = {**document, "info": {"title": title}, "components": _titled(document, root)}
    if is_old:
        document = draft_4(named)
        return document, detail_in(document) or Detail("", "", "")
    return _of_2020(named), Detail(pointer_of("components", "schemas", root), "", "")


def _titled(document: Mapping[str, Any], root: str) -> dict[str, Any]:
    """The components of a document, of which the root has its name for a title."""
    schemas = components_of(document)
    title = {} if root == EVENT or "$ref" in schemas[root] else {"title": root}
    return {**document["components"], "schemas": {**schemas, root: {**title, **schemas[root]}}}


def _of_2020(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document of OpenAPI 3.1, whose schemas are of draft 2020-12."""
    return {**document, "$schema": "https://json-schema.org/draft/2020-12/schema"}


def _may_be_object(carried: Translated) -> bool:
    kinds = carried.root.get("type", "object")
    return kinds == "object" or "object" in kinds


def _says_nothing(carried: Translated) -> bool:
    """Whether what it says is nothing that schemas say: names that no draft knows."""
    said = carried.root.keys() - {"title", "description"}
    return bool(said) and all(name.startswith("x-") for name in said)


def _named(
    found: ForeignSchema,
    place: Detail,
    carried: Translated,
    asked: str,
    metadata: Mapping[str, Any] | None,
) -> tuple[str, list[Mark]]:
    """The event type, and what is uncertain about it."""
    if asked:
        return asked, []
    told = metadata.get("type") if metadata is not None else None
    if isinstance(told, str) and TYPE.fullmatch(told):
        return told, []
    source, named = origin_of(found)
    for suffix in _SUFFIXES:
        named = named.removesuffix(suffix)
    title = carried.root.get("title")
    better = isinstance(title, str) and len(words_of(title)) >= _MANY_WORDS
    if better and not place.detail_type and len(words_of(named)) < _MANY_WORDS:
        named = str(title)
    chosen = type_for(named, source)
    if not chosen:
        raise NoSchema(f"{named[:100]!r} has no word for an event type; say it with --type")
    if chosen == named:
        return chosen, []
    why = (
        f"It is named after {named[:100]!r}; on a bus, the contract holds for events of this type."
    )
    return chosen, [Mark("type", why)]


def _composed(
    head: dict[str, Any], carried: Translated, core: str, *, known: bool
) -> dict[str, Any]:
    """The contract, with what every event carries, unless it has that already.

    Args:
        head: What it says of itself.
        carried: The schema.
        core: The reference to what every event carries.
        known: Whether the schema was a contract before.
    """
    said = carried.root
    body = {name: each for name, each in said.items() if name not in (*_HEAD, METADATA)}
    examples = said.get(EXAMPLES, body.pop(f"x-{EXAMPLES}", None))
    if isinstance(examples, list):
        head[EXAMPLES] = examples
    carried_on = dict(carried.definitions)
    if carried.schema is not said:  # it holds itself
        carried_on[carried.schema["$ref"].rpartition("/")[2]] = body
        body = {"allOf": [carried.schema]}
    definitions = {"definitions": carried_on} if carried_on else {}
    whole = {**head, **body, **definitions}
    if known and _has_core(whole):
        return whole
    return {**head, "allOf": [{"$ref": core}, *_parts(body)], **definitions}


def _parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    return body["allOf"] if body.keys() == {"allOf"} else [body]


def _has_core(document: dict[str, Any]) -> bool:
    node = DeclaredView({"it": document}).node(Location("it"), whole=True)
    return all(each in node.required and each in node.properties for each in CORE_FIELDS)


def _mark(loss: Loss, of: str) -> Mark:
    at = loss.pointer or "/"
    return Mark(loss.keyword, f"At {at[:200]} of {of}: {loss.why}")
