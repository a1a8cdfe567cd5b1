"""A place as a schema of draft-04 that takes every value which was seen there.

What rests on few values, or may be meant otherwise, is marked. The figures: by the rule of three, of
what held in all of 30 samples at most a tenth is otherwise, with 95 % certainty; an enum is proposed
where each of up to ten words came five times on average.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from keybus.contracts.discovery.place import Kind, Place, together
from keybus.contracts.marks import Mark, marked

SURE: Final = 30
"""Samples from which on what held in all of them is no longer marked."""
ENUM_SAMPLES: Final = 20
ENUM_VALUES: Final = 10
_ENUM_EACH: Final = 5
MAP_NAMES: Final = 12
"""Names from which on an object may be a map, if hardly two of them share one."""
_ORDER: Final[tuple[Kind, ...]] = (
    "object",
    "array",
    "string",
    "number",
    "integer",
    "boolean",
    "null",
)
_PREFERRED: Final = ("uuid", "date-time", "duration", "email", "uri", "ipv4", "ipv6")
_KEY: Final = re.compile(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9]+|\d{4}-\d\d-\d\d\S*"
)
"""Names that are no names: UUIDs, numbers, dates."""
_WORD: Final = re.compile(r"(?!.*\d\d)[A-Za-z][\w.: -]*")
"""A text that may stand in a list; what has two digits together is an id, or a number."""


def schema_of(place: Place, *, marks: bool = True, root: bool = False) -> dict[str, Any]:
    """What was seen at a place, as a schema.

    Args:
        place: The place.
        marks: Whether what is uncertain is marked, and enums are proposed.
        root: Whether it is a whole event, which is no map whatever names it has.
    """
    schema, found = _of_kinds(place)
    if place.kinds.get("string"):
        found += _of_texts(place, schema, guess=marks)
    if place.kinds.get("object"):
        found += _of_objects(place, schema, marks=marks, root=root)
    if place.kinds.get("array"):
        found += _of_arrays(place, schema, marks=marks)
    return marked(schema, *found) if marks else schema


def _of_kinds(place: Place) -> tuple[dict[str, Any], list[Mark]]:
    kinds, count = [each for each in _ORDER if place.kinds.get(each)], place.count
    if kinds in ([], ["null"]):
        return {}, [Mark("type", "Only null was seen here.", count, count)] if kinds else []
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    proper = [each for each in kinds if each != "null"]
    marks = []
    if len(proper) > 1:
        told = ", ".join(f"{each} {place.kinds[each]}" for each in proper)
        most = max(place.kinds[each] for each in proper)
        marks.append(Mark("type", f"Values of several types were seen: {told}.", most, count))
    if "integer" in proper and place.kinds["integer"] < SURE:
        whole = place.kinds["integer"]
        marks.append(Mark("type", "All numbers were whole; one may have a fraction.", whole, whole))
    if place.unseen:
        told = "Not all that is within was looked into: it lies too deep, or varies too much."
        marks.append(Mark("properties", told, count - place.unseen, count))
    return {"type": kinds[0] if len(kinds) == 1 else kinds}, marks


def _of_texts(place: Place, schema: dict[str, Any], *, guess: bool) -> Iterator[Mark]:
    count = place.kinds["string"]
    found = [each for each in _PREFERRED if each in (place.formats or ())]
    if found:
        schema["format"] = found[0]
        if count < SURE:
            yield Mark("format", f"All texts were of the format {found[0]}.", count, count)
    elif guess and (values := _listed(place, count)):
        listed: list[str | None] = [*values]
        schema["enum"] = listed + ([None] if "null" in place.kinds else [])
        told = f"Only {len(values)} different texts were seen; there may be more."
        yield Mark("enum", told, count, count)


def _listed(place: Place, count: int) -> list[str]:
    """The words that a place has, where they look like a list; else none."""
    values = sorted(place.values or ())
    only_texts = not place.kinds.keys() - {"string", "null"}
    few = 2 <= len(values) <= ENUM_VALUES and count >= max(ENUM_SAMPLES, _ENUM_EACH * len(values))  # noqa: PLR2004 - one alone is no list
    words = all(_WORD.fullmatch(each) for each in values)
    return values if only_texts and few and words else []


def _of_objects(place: Place, schema: dict[str, Any], *, marks: bool, root: bool) -> Iterator[Mark]:
    count = place.kinds["object"]
    if place.names is None:
        yield Mark("additionalProperties", "There were too many names to be properties.", 0, count)
        if place.each is not None and not root:
            schema["additionalProperties"] = schema_of(place.each, marks=marks)
        return
    if not root and (why := _why_map(place.names, count)):
        members = together(place.names)
        yield Mark("additionalProperties", why, count, count)
        schema["additionalProperties"] = schema_of(members, marks=marks)
        return
    names = sorted(place.names)
    seen = count - place.unseen
    required = [each for each in names if place.names[each].count == count]
    if required:
        schema["required"] = required
        if count < SURE:
            yield Mark("required", f"All of only {count} had them.", count, count)
    if names:
        schema["properties"] = {each: schema_of(place.names[each], marks=marks) for each in names}
    elif seen > 0:
        yield Mark("properties", "Nothing was in it.", seen, count)


def _why_map(names: dict[str, Place], count: int) -> str:
    """Why objects are taken for maps, whose names are keys; empty where they are not."""
    if len(names) < 2:  # noqa: PLR2004 - one name says nothing
        return ""
    if all(_KEY.fullmatch(each) for each in names):
        return f"All of {len(names)} names are ids, numbers or dates: they are taken for keys."
    alike = {frozenset(each.kinds.keys() - {"null"}) for each in names.values()}
    shared = max(each.count for each in names.values())
    if len(names) >= MAP_NAMES and len(alike) == 1 and shared * 2 <= count:
        return f"{len(names)} names with values alike, none in more than {shared} of {count}."
    return ""


def _of_arrays(place: Place, schema: dict[str, Any], *, marks: bool) -> Iterator[Mark]:
    count = place.kinds["array"]
    if place.items is not None:
        schema["items"] = schema_of(place.items, marks=marks)
    elif not place.unseen:
        yield Mark("items", "Nothing was in any of the arrays.", count, count)
