"""The keywords that mean something else, or are called otherwise, in one of the drafts."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from jsonschema_rs import Draft4Validator, ValidationError

from keybus.contracts.documents import canonical_json
from keybus.contracts.exchange_formats.addresses import Address

Schema = dict[str, Any]
"""What is made: of draft-04."""
Found = dict[str, Any]
"""What was found: of its own draft."""
_TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


class Run(Protocol):
    """A translation, as its keywords need it."""

    def lose(self, place: Address, keyword: str, why: str) -> None:
        """Note what is not carried."""

    def all_of(self, schema: Schema, *parts: Schema) -> None:
        """Let something else hold as well."""

    def below(self, found: Any, place: Address, *tokens: str | int) -> Schema:
        """The schema at a place below, translated."""


Carry = Callable[[Run, Schema, Found, Address], None]
"""Carries one keyword of a schema: into, out of, and where that stands."""


def _type(run: Run, schema: Schema, found: Found, place: Address) -> None:
    value = found["type"]
    kinds = value if isinstance(value, list) else [value]
    known = [each for each in kinds if isinstance(each, str) and each in _TYPES]
    if not known or len(known) < len(kinds):
        run.lose(place, "type", "It names what is no type; any type is taken.")
    else:
        schema["type"] = list(dict.fromkeys(known)) if isinstance(value, list) else value


def _enum(run: Run, schema: Schema, found: Found, place: Address) -> None:
    values = found["enum"]
    if not isinstance(values, list):
        run.lose(place, "enum", "It is no list.")
        return
    once: dict[bytes, Any] = {}
    for each in values:
        once.setdefault(_same(each), each)
    _listed(run, schema, list(once.values()))


def _const(run: Run, schema: Schema, found: Found, _: Address) -> None:
    _listed(run, schema, [found["const"]])


def _listed(run: Run, schema: Schema, values: list[Any]) -> None:
    if not values:
        run.all_of(schema, {"not": {}})
    elif "enum" in schema:
        run.all_of(schema, {"enum": values})
    else:
        schema["enum"] = values


def _same(value: Any) -> bytes:
    """What is the same for values that are; to Python, 1 is True."""
    whole = isinstance(value, float) and value.is_integer()
    return canonical_json(int(value) if whole else value)


def _limit(side: str) -> Carry:
    """``minimum`` and ``maximum``, with or without the limit itself."""
    exclusive = f"exclusive{side.capitalize()}"

    def carry(run: Run, schema: Schema, found: Found, place: Address) -> None:
        if side in schema or exclusive in schema:
            return  # the other keyword of the two has seen to both
        limit, beyond = found.get(side), found.get(exclusive)
        if isinstance(beyond, bool):
            if limit is None:
                return
            schema[side] = limit
            if beyond:
                schema[exclusive] = True
            return
        numbers: list[Any] = [each for each in (limit, beyond) if _is_number(each)]
        if len(numbers) < (limit is not None) + (beyond is not None):
            run.lose(place, side, "It is no number.")
        if not numbers:
            return
        tightest = max(numbers) if side == "minimum" else min(numbers)
        schema[side] = tightest
        if beyond is not None and beyond == tightest:
            schema[exclusive] = True

    return carry


def _is_number(value: Any) -> bool:
    return value is not None and not isinstance(value, bool | str | list | dict)


def _pattern(run: Run, schema: Schema, found: Found, place: Address) -> None:
    pattern = found["pattern"]
    if _compiles(pattern):
        schema["pattern"] = pattern
    else:
        run.lose(place, "pattern", "No validator of Keybus can use it; any text is taken.")


def _compiles(pattern: Any) -> bool:
    try:
        Draft4Validator({"pattern": pattern}, offline=True)
    except (ValidationError, ValueError):
        return False
    return True


def _required(run: Run, schema: Schema, found: Found, place: Address) -> None:
    names = found["required"]
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        run.lose(place, "required", "It is no list of names.")
    elif names:
        schema["required"] = list(dict.fromkeys(names))


def _items(run: Run, schema: Schema, found: Found, place: Address) -> None:
    """``items``, ``prefixItems`` and ``additionalItems``, which changed places over the drafts."""
    if "items" in schema or "additionalItems" in schema:
        return
    prefix, rest = found.get("prefixItems"), found.get("items")
    tokens = ("prefixItems", "items")
    if not isinstance(prefix, list) and isinstance(rest, list):
        prefix, rest, tokens = rest, found.get("additionalItems"), ("items", "additionalItems")
    elif not isinstance(prefix, list):
        if rest is not None:
            schema["items"] = run.below(rest, place, "items")
        return
    if prefix:
        schema["items"] = [run.below(each, place, tokens[0], i) for i, each in enumerate(prefix)]
        if rest is not None:
            schema["additionalItems"] = (
                rest if isinstance(rest, bool) else run.below(rest, place, tokens[1])
            )
    elif rest is not None:
        schema["items"] = run.below(rest, place, tokens[1])


def _named(keyword: str) -> Carry:
    def carry(run: Run, schema: Schema, found: Found, place: Address) -> None:
        value = found[keyword]
        if not isinstance(value, dict):
            run.lose(place, keyword, "It is no object.")
            return
        kept = {}
        for name, each in value.items():
            if keyword == "patternProperties" and not _compiles(name):
                run.lose(place, keyword, f"No validator of Keybus can use {name[:100]!r}.")
                continue
            kept[name] = run.below(each, place, keyword, name)
        schema[keyword] = kept

    return carry


def _one(keyword: str) -> Carry:
    def carry(run: Run, schema: Schema, found: Found, place: Address) -> None:
        schema[keyword] = run.below(found[keyword], place, keyword)

    return carry


def _additional(run: Run, schema: Schema, found: Found, place: Address) -> None:
    value = found["additionalProperties"]
    told = value if isinstance(value, bool) else run.below(value, place, "additionalProperties")
    lost = "patternProperties" in found and any(
        not _compiles(each) for each in found["patternProperties"]
    )
    if not lost:  # else names would be refused that a lost pattern allows
        schema["additionalProperties"] = told


def _many(keyword: str) -> Carry:
    def carry(run: Run, schema: Schema, found: Found, place: Address) -> None:
        value = found[keyword]
        if not isinstance(value, list) or not value:
            run.lose(place, keyword, "It is no list of schemas.")
            return
        parts = [run.below(each, place, keyword, index) for index, each in enumerate(value)]
        if keyword == "allOf":
            run.all_of(schema, *parts)
        else:
            schema[keyword] = parts

    return carry


def _conditional(run: Run, schema: Schema, found: Found, place: Address) -> None:
    """``if``, with ``then`` and ``else``: either it does not hold or the one, or it holds or the other."""
    condition = run.below(found["if"], place, "if")
    if "then" in found:
        run.all_of(schema, {"anyOf": [{"not": condition}, run.below(found["then"], place, "then")]})
    if "else" in found:
        run.all_of(schema, {"anyOf": [condition, run.below(found["else"], place, "else")]})


def _contains(run: Run, schema: Schema, found: Found, place: Address) -> None:
    least = found.get("minContains", 1)
    if least == 0:
        return
    if least != 1:
        run.lose(place, "minContains", "Draft-04 cannot say it; one is asked for.")
    none = {"type": "array", "items": {"not": run.below(found["contains"], place, "contains")}}
    run.all_of(schema, {"not": none})


def _dependencies(run: Run, schema: Schema, found: Found, place: Address) -> None:
    """``dependencies``, ``dependentRequired`` and ``dependentSchemas``."""
    if "dependencies" in schema:
        return
    kept: dict[str, Any] = {}
    for keyword in ("dependencies", "dependentSchemas", "dependentRequired"):
        value = found.get(keyword, {})
        for name, each in value.items() if isinstance(value, dict) else ():
            told = list(dict.fromkeys(each)) if isinstance(each, list) else None
            if told == []:
                continue
            made: Any = run.below(each, place, keyword, name) if told is None else told
            if name not in kept:
                kept[name] = made
                continue
            parts = [
                {"required": one} if isinstance(one, list) else one for one in (kept[name], made)
            ]
            kept[name] = {"allOf": parts}
    if kept:
        schema["dependencies"] = kept


def _unsayable(keyword: str) -> Carry:
    def carry(run: Run, _: Schema, found: Found, place: Address) -> None:
        if found[keyword] is not True and found[keyword] != {}:
            run.lose(place, keyword, "Draft-04 cannot say it; it is left out.")

    return carry


def _nothing(_: Run, __: Schema, ___: Found, ____: Address) -> None:
    """Another keyword has seen to it."""


KEYWORDS: Final[Mapping[str, Carry]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "minimum": _limit("minimum"),
    "exclusiveMinimum": _limit("minimum"),
    "maximum": _limit("maximum"),
    "exclusiveMaximum": _limit("maximum"),
    "pattern": _pattern,
    "required": _required,
    "items": _items,
    "prefixItems": _items,
    "additionalItems": _nothing,
    "properties": _named("properties"),
    "patternProperties": _named("patternProperties"),
    "additionalProperties": _additional,
    "not": _one("not"),
    "allOf": _many("allOf"),
    "anyOf": _many("anyOf"),
    "oneOf": _many("oneOf"),
    "if": _conditional,
    "then": _nothing,
    "else": _nothing,
    "contains": _contains,
    "minContains": _nothing,
    "maxContains": _unsayable("maxContains"),
    "dependencies": _dependencies,
    "dependentRequired": _dependencies,
    "dependentSchemas": _dependencies,
    "propertyNames": _unsayable("propertyNames"),
    "unevaluatedItems": _unsayable("unevaluatedItems"),
    "unevaluatedProperties": _unsayable("unevaluatedProperties"),
}
"""Every keyword that means something else, or is called otherwise, in one of the drafts."""
