"""Checks of events' contracts, on documents that are sound in themselves."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema_rs import ValidationError

from keybus.contracts.findings import Finding, Subject
from keybus.contracts.hints import clip
from keybus.contracts.locations import (
    Location,
    children_of,
    closure_of,
    schemas_from,
    target_of,
)
from keybus.contracts.naming import title_of_type
from keybus.contracts.pointers import PointerError, tokens_of
from keybus.contracts.policies import fault_of_policy
from keybus.contracts.validation import Validators
from keybus.contracts.versions import VERSION
from keybus.contracts.view import METADATA

CORE_FIELDS = ("id", "type", "time", "publisher", "schema_version")
CLASSIFICATIONS = ("public", "internal", "confidential", "pii")

_KNOWN = frozenset({"type", "owner", "version", "classification", "policy", "key"})
_WORD = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
TYPE = re.compile(rf"{_WORD}(?:\.{_WORD})+")


def missing_metadata(subject: Subject) -> Iterator[Finding]:
    """Metadata that is no object, lacks a key, or is absent from what is plainly an event."""
    referred = _referred(subject)
    for file in subject.judged:
        root = Location(file)
        document = subject.documents[file]
        metadata = document.get(METADATA)
        if METADATA not in document:
            applied = {place.file for place in subject.view.node(root, whole=True).applied}
            event = "core/Event.json" in applied and file != "core/Event.json"
            if event and file not in referred:
                yield Finding(root, "The schema is an event's, and has no 'x-keybus'.")
        elif not isinstance(metadata, dict):
            yield Finding(root.at(METADATA), "The metadata is no object.")
        else:
            for name in ("type", "version", "classification"):
                if name not in metadata:
                    yield Finding(root.at(METADATA, name), f"The metadata has no {name!r}.")


def unknown_metadata(subject: Subject) -> Iterator[Finding]:
    """A key that means nothing."""
    for root, _, metadata in subject.contracts():
        for name in sorted(metadata.keys() - _KNOWN):
            yield Finding(root.at(METADATA, name), f"The metadata has an unknown key {name!r}.")


def missing_owner(subject: Subject) -> Iterator[Finding]:
    """No owner, or an empty one."""
    for root, _, metadata in subject.contracts():
        owner = metadata.get("owner")
        if not isinstance(owner, str) or not owner.strip():
            yield Finding(root.at(METADATA, "owner"), "The contract has no owner.")


def _matching(
    name: str, fits: Callable[[Any], bool], words: str
) -> Callable[[Subject], Iterator[Finding]]:
    def check(subject: Subject) -> Iterator[Finding]:
        for root, _, metadata in subject.contracts():
            if name in metadata and not fits(metadata[name]):
                message = f"{clip(repr(metadata[name]))} is not {words}."
                yield Finding(root.at(METADATA, name), message)

    return check


def _fits(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


bad_type = _matching("type", _fits(TYPE), "an event type: dotted words in lower case")
bad_version = _matching("version", _fits(VERSION), "a semantic version")
bad_classification = _matching(
    "classification", CLASSIFICATIONS.__contains__, "a known classification"
)


def bad_key(subject: Subject) -> Iterator[Finding]:
    """An ordering key that is no pointer, or points at nothing that is declared."""
    for root, _, metadata in subject.contracts():
        if "key" not in metadata:
            continue
        key, place = metadata["key"], root.at(METADATA, "key")
        try:
            tokens = tokens_of(key) if isinstance(key, str) else []
        except PointerError:
            tokens = []
        if not tokens:
            yield Finding(place, f"{key!r} is not a JSON pointer to a property.")
        elif subject.view.find(root, tokens) is None:
            yield Finding(place, f"The contract declares no property at {key!r}.")


def bad_policy(subject: Subject) -> Iterator[Finding]:
    """A compatibility policy of a kind that there is not."""
    for root, _, metadata in subject.contracts():
        message = fault_of_policy(metadata["policy"]) if "policy" in metadata else ""
        if message:
            yield Finding(root.at(METADATA, "policy"), message)


def duplicate_type(subject: Subject) -> Iterator[Finding]:
    """Two files with one type."""
    first: dict[Any, str] = {}
    for root, _, metadata in subject.contracts():
        event_type = metadata.get("type")
        if not isinstance(event_type, str):
            continue
        other = first.setdefault(event_type, root.file)
        if other != root.file:
            message = f"The type {event_type!r} is already {other!r}'s."
            yield Finding(root.at(METADATA, "type"), message)


def duplicate_title(subject: Subject) -> Iterator[Finding]:
    """Two types that become one class."""
    first: dict[str, tuple[str, str]] = {}
    for root, _, metadata in subject.contracts():
        event_type = metadata.get("type")
        if not isinstance(event_type, str):
            continue
        title = title_of_type(event_type)
        other, file = first.setdefault(title, (event_type, root.file))
        if other != event_type:
            message = f"The types {event_type!r} and {other!r} ({file}) are both {title}."
            yield Finding(root.at(METADATA, "type"), message)


def title_mismatch(subject: Subject) -> Iterator[Finding]:
    """A title that is not the type in PascalCase."""
    for root, schema, metadata in subject.contracts():
        event_type = metadata.get("type")
        if not isinstance(event_type, str) or TYPE.fullmatch(event_type) is None:
            continue
        title = title_of_type(event_type)
        if schema.get("title") != title:
            message = f"The title of {event_type!r} is {title!r}, not {schema.get('title')!r}."
            yield Finding(root.at("title"), message, f'write "title": "{title}"')


def missing_core_field(subject: Subject) -> Iterator[Finding]:
    """A property of every event that this one need not have."""
    for root, _, _ in subject.contracts():
        node = subject.view.node(root, whole=True)
        for name in CORE_FIELDS:
            if name not in node.required or name not in node.properties:
                yield Finding(root, f"The contract does not require {name!r} of every event.")


def not_compiled(subject: Subject) -> Iterator[Finding]:
    """What the validator itself refuses."""
    for root, _, _ in subject.contracts():
        try:
            Validators(closure_of(subject.documents, root.file)).at(root)
        except (ValidationError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            yield Finding(root, f"The validator cannot use the contract: {reason}.")


def _referred(subject: Subject) -> set[str]:
    """The files that other files refer to."""
    found = set()
    for place, schema in schemas_from(subject.documents, *map(Location, subject.judged)):
        reference = schema.get("$ref")
        if isinstance(reference, str) and not list(children_of(schema)):
            target = target_of(place.file, reference)
            if target.file != place.file:
                found.add(target.file)
    return found
