"""Checks of what contracts ask for: that all of it together can be met."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema_rs import ValidationError

from keybus.contracts.findings import Finding, Subject
from keybus.contracts.locations import Location, closure_of, schema_at, target_of
from keybus.contracts.rules_events import TYPE
from keybus.contracts.validation import Validators
from keybus.contracts.versions import VERSION
from keybus.contracts.view import Node, Sites

Schemas = dict[Location, Mapping[str, Any]]

_FILLED = ("id", "type", "time", "schema_version")
_WORDS = frozenset({"title", "description"})
_SHOWN = 5  # names in a sentence


def undeclared_required(subject: Subject) -> Iterator[Finding]:
    """A property that is required of an object of which it is not declared."""
    found = set()
    for root, _, _ in subject.contracts():
        for node in _nodes(subject, root):
            missing = node.required - node.properties.keys() if node.is_record else ()
            for name in sorted(missing):
                for place in node.applied:
                    required = schema_at(subject.documents, place).get("required", ())
                    if name in required and (place, name) not in found:
                        found.add((place, name))
                        message = f"The property {name!r} is required, and is not declared."
                        yield Finding(place.at("required", required.index(name)), message)


def bad_head(subject: Subject) -> Iterator[Finding]:
    """What clients fill, and the contract refuses: no event of the type can be created."""
    for root, _, metadata in subject.contracts():
        applied = _applied(subject, root)
        node = subject.view.node(root, whole=True)
        yield from _impossible(applied, node)
        validators = Validators(closure_of(subject.documents, root.file))
        values = {
            "type": (metadata.get("type"), TYPE),
            "schema_version": (metadata.get("version"), VERSION),
        }
        for name in _FILLED:
            sites = tuple(
                place.at("properties", name)
                for place, schema in applied.items()
                if name in schema.get("properties", ())
            )
            value, sound = values.get(name, (None, TYPE))
            if not sites:
                continue  # missing-core-field says so
            if "string" not in subject.view.types(sites):
                yield Finding(sites[-1], f"Clients fill {name!r} with a string, and it is none.")
            elif isinstance(value, str) and sound.fullmatch(value):
                yield from _refused(subject, validators, sites, value)


def closed_all_of(subject: Subject) -> Iterator[Finding]:
    """``additionalProperties: false`` that refuses what is declared of the same value."""
    seen: set[Location] = set()
    for place, schema in subject.schemas():
        if isinstance(schema.get("$ref"), str):
            continue
        for closed, refused in _refusals(subject, place):
            if closed not in seen:
                seen.add(closed)
                names = ", ".join(map(repr, refused[:_SHOWN]))
                more = f" and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
                message = f"The closed schema refuses what is declared beside it: {names}{more}."
                yield Finding(closed.at("additionalProperties"), message)


def _nodes(subject: Subject, root: Location) -> Iterator[Node]:
    """The node of an event, and those of all that is declared within it."""
    seen = set()
    waiting = [subject.view.root(root)]
    while waiting:
        node = waiting.pop()
        if node.key not in seen:
            seen.add(node.key)
            yield node
            waiting += [subject.view.node(*sites) for sites in node.inner]


def _applied(subject: Subject, start: Location) -> Schemas:
    """The schemas that always apply to a value: one, and what its references and allOf lead to."""
    found: Schemas = {}
    waiting = [start]
    while waiting:
        place = waiting.pop()
        schema = schema_at(subject.documents, place)
        if place in found or not isinstance(schema, dict):
            continue
        if isinstance(schema.get("$ref"), str):
            waiting.append(target_of(place.file, schema["$ref"]))
            continue
        found[place] = schema
        waiting += [place.at("allOf", index) for index in range(len(schema.get("allOf", ())))]
    return found


def _impossible(applied: Schemas, node: Node) -> Iterator[Finding]:
    """Limits that nothing with the required properties keeps."""
    for place, schema in applied.items():
        excluded = schema.get("not")
        if isinstance(excluded, dict) and excluded.keys() - _WORDS == {"required"}:
            names = excluded["required"]
            if node.required.issuperset(names):
                shown = ", ".join(map(repr, names))
                yield Finding(place.at("not"), f"The contract requires what it excludes: {shown}.")
        most = schema.get("maxProperties")
        if most is not None and most < len(node.required):
            message = f"The contract requires {len(node.required)} properties and allows {most}."
            yield Finding(place.at("maxProperties"), message)


def _refused(
    subject: Subject, validators: Validators, sites: Sites, value: str
) -> Iterator[Finding]:
    for place in sites:
        try:
            found = validators.at(place).faults(value)[:1]
        except (ValidationError, ValueError):
            continue  # not-compiled says so
        for fault in found:
            shown = subject.view.places((place,))[0]
            message = f"The contract refuses its own {place.pointer.rpartition('/')[2]}."
            yield Finding(shown, f"{message} {fault.message}")


def _refusals(subject: Subject, start: Location) -> Iterator[tuple[Location, list[str]]]:
    """The closed schemas that apply to one value, each with the declared names it refuses."""
    seen: set[Location] = set()
    waiting: list[tuple[Location, frozenset[str]]] = [(start, frozenset())]
    while waiting:
        place, around = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        applied = _applied(subject, place)
        branches = [branch for at in applied for branch in _branches(at, applied[at])]
        always = around.union(*(schema.get("properties", ()) for schema in applied.values()))
        waiting += [(branch, always) for branch in branches]
        closed = [at for at in applied if applied[at].get("additionalProperties") is False]
        if closed:
            declared = always | _offered(subject, branches)
            for at in closed:
                refused = sorted(name for name in declared if not _allows(applied[at], name))
                if refused:
                    yield at, refused


def _branches(place: Location, schema: Mapping[str, Any]) -> Iterator[Location]:
    for keyword in ("oneOf", "anyOf"):
        yield from (place.at(keyword, index) for index in range(len(schema.get(keyword, ()))))


def _offered(subject: Subject, branches: list[Location]) -> frozenset[str]:
    """The names that alternatives declare, and alternatives within them."""
    names: set[str] = set()
    seen: set[Location] = set()
    waiting = list(branches)
    while waiting:
        branch = waiting.pop()
        if branch in seen:
            continue
        seen.add(branch)
        for place, schema in _applied(subject, branch).items():
            names.update(schema.get("properties", ()))
            waiting += _branches(place, schema)
    return frozenset(names)


def _allows(closed: Mapping[str, Any], name: str) -> bool:
    if name in closed.get("properties", ()):
        return True
    return any(_matches(pattern, name) for pattern in closed.get("patternProperties", ()))


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except (re.error, RecursionError, OverflowError):
        return True  # who knows; nothing is claimed
