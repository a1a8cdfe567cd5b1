"""Checks of schema files, before anything is made of what they declare."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keybus.contracts.findings import Finding, Subject
from keybus.contracts.locations import (
    BadReference,
    Location,
    is_schema_place,
    schema_at,
    target_of,
)
from keybus.contracts.naming import module_of
from keybus.contracts.validation import DRAFT_04, schema_faults

_IN_PLACE = ("allOf", "anyOf", "oneOf")
_STEPS = 100  # as deep as a document may nest


def wrong_draft(subject: Subject) -> Iterator[Finding]:
    """``$schema`` is missing, or names another draft."""
    for file in subject.judged:
        document = subject.documents[file]
        if not isinstance(document, dict):
            continue  # not-a-schema says so
        declared = document.get("$schema")
        if declared is None:
            yield Finding(Location(file), "The file does not say which draft it is written in.")
        elif not isinstance(declared, str) or declared.rstrip("#") != DRAFT_04.rstrip("#"):
            place = Location(file).at("$schema")
            yield Finding(place, f"The file is written in another draft: {declared!r}.")
    for inner, schema in subject.schemas():
        declared = schema.get("$schema", DRAFT_04)
        other = not isinstance(declared, str) or declared.rstrip("#") != DRAFT_04.rstrip("#")
        if inner.pointer and other and "$ref" not in schema:
            yield Finding(inner.at("$schema"), f"Part of it is in another draft: {declared!r}.")


def not_a_schema(subject: Subject) -> Iterator[Finding]:
    """The meta-schema refuses the document."""
    for file in subject.judged:
        for fault in schema_faults(subject.documents[file]):
            message = f"Draft-04 does not allow this. {fault.message}"
            yield Finding(Location(file, fault.pointer), message, fault.hint)
    for place in _odd_targets(subject):
        for fault in schema_faults(schema_at(subject.documents, place)):
            message = f"What is referred to is no schema of draft-04. {fault.message}"
            yield Finding(Location(place.file, place.pointer + fault.pointer), message, fault.hint)


def ref_siblings(subject: Subject) -> Iterator[Finding]:
    """Keywords beside a ``$ref``."""
    for place, schema in subject.schemas():
        if isinstance(schema.get("$ref"), str):
            beside = sorted(schema.keys() - {"$ref"})
            if beside and not (not place.pointer and beside == ["$schema"]):
                names = ", ".join(map(repr, beside))
                yield Finding(place, f"Beside '$ref' stands what draft-04 ignores: {names}.")


def id_keyword(subject: Subject) -> Iterator[Finding]:
    """The keyword ``id`` (a property of that name is another thing)."""
    for place, schema in subject.schemas():
        if isinstance(schema.get("id"), str):
            yield Finding(place.at("id"), "The schema gives itself an id.")


def references(rule: str) -> Callable[[Subject], Iterator[Finding]]:
    """The check for one of the ways in which a ``$ref`` can be wrong."""

    def check(subject: Subject) -> Iterator[Finding]:
        for place, schema in subject.schemas():
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                if rule == "dangling-ref" and "$ref" in schema:
                    yield Finding(place.at("$ref"), "A reference is a string, and this is none.")
                continue
            try:
                found = schema_at(subject.documents, target_of(place.file, reference))
            except BadReference as error:
                if error.rule == rule:
                    yield Finding(place.at("$ref"), str(error))
                continue
            if rule == "dangling-ref" and not isinstance(found, dict):
                yield Finding(place.at("$ref"), f"What {reference!r} leads to is no schema.")

    return check


def ref_loop(subject: Subject) -> Iterator[Finding]:
    """A schema that applies itself to the same value, through references and combinations."""
    done: set[Location] = set()
    for start, _ in subject.schemas():
        trail = _loop(subject, start, done)
        if trail:
            way = " → ".join(map(str, trail))
            yield Finding(trail[0], f"The schema applies itself to the same value: {way}.")


def long_chain(subject: Subject) -> Iterator[Finding]:
    """Schemas that apply to one value, each through the last, further than anybody follows."""
    steps: dict[Location, int] = {}
    for start, _ in subject.schemas():
        _count_steps(subject, start, steps)
    longest: dict[str, Location] = {}
    for place, count in steps.items():
        if count > max(_STEPS, steps.get(longest.get(place.file, Location("")), 0)):
            longest[place.file] = place
    for place in longest.values():
        message = f"{steps[place]} schemas apply to one value, each through the one before."
        yield Finding(place, message)


def module_clash(subject: Subject) -> Iterator[Finding]:
    """Two files that would become one module, or a file and a folder."""
    first: dict[tuple[str, ...], str] = {}
    for file in subject.judged:
        other = first.setdefault(module_of(file), file)
        if other != file:
            yield Finding(Location(file), f"In the bindings it would be one module with {other!r}.")
    for file in subject.judged:
        path = module_of(file)
        above = (first.get(path[:count]) for count in range(1, len(path)))
        for other in filter(None, above):
            message = f"In the bindings it would be a module, and the folder of {file!r}."
            yield Finding(Location(other), message)


def _loop(subject: Subject, start: Location, done: set[Location]) -> list[Location]:
    """The way from a schema around to itself, or nothing; without recursion, however long."""
    trail: dict[Location, None] = {}
    waiting = [(start, False)]
    while waiting:
        place, leaving = waiting.pop()
        if leaving:
            del trail[place]
            done.add(place)
        elif place in trail:
            done.update(trail)
            way = list(trail)
            return [*way[way.index(place) :], place]
        elif place not in done:
            trail[place] = None
            waiting.append((place, True))
            waiting += [(below, False) for below in _same_value(subject, place)]
    return []


def _count_steps(subject: Subject, start: Location, steps: dict[Location, int]) -> None:
    """Find how many schemas apply to a value one through the other; loops count nothing."""
    waiting = [(start, False)]
    while waiting:
        place, leaving = waiting.pop()
        if leaving:
            steps[place] = 1 + max(
                (steps.get(at, 0) for at in _same_value(subject, place)), default=0
            )
        elif place not in steps:
            steps[place] = 0
            waiting.append((place, True))
            waiting += [(below, False) for below in _same_value(subject, place)]


def _odd_targets(subject: Subject) -> list[Location]:
    """What references lead to beside the places where draft-04 has schemas."""
    found: dict[Location, None] = {}
    for place, schema in subject.schemas():
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            continue
        try:
            target = target_of(place.file, reference)
            odd = isinstance(schema_at(subject.documents, target), dict)
        except BadReference:
            continue
        if odd and not is_schema_place(subject.documents, target):
            found[target] = None
    return list(found)


def _same_value(subject: Subject, place: Location) -> Iterator[Location]:
    """The schemas that a schema applies to the very value that it is applied to."""
    try:
        schema = schema_at(subject.documents, place)
        if not isinstance(schema, dict):
            return
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield target_of(place.file, reference)
            return
    except BadReference:
        return
    for keyword in _IN_PLACE:
        if isinstance(schema.get(keyword), list):
            yield from (place.at(keyword, index) for index in range(len(schema[keyword])))
    if isinstance(schema.get("not"), dict):
        yield place.at("not")
    dependencies: Mapping[str, Any] = schema.get("dependencies") or {}
    if isinstance(dependencies, dict):
        yield from (place.at("dependencies", name) for name in dependencies)
