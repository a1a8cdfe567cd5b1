"""Random schemas, changes of them, and events that are likely to tell them apart."""

import copy
import itertools
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st

NAMES: Final = ("a", "b", "ab", "x1")
TYPES: Final = ("string", "integer", "number", "boolean", "null", "object", "array")
PATTERNS: Final = ("^a", "b$", "^[a-b]+$", "[0-9]", "^a{1,2}$", "^(a|b)c?$", r"^\d+$", "", "^x")
LEAVES: Final[tuple[Any, ...]] = (
    *("", "a", "b", "ab", "abc", "A", "a1", "1", "aaaa", "2026-01-31", "2026-01-31T08:00:00Z"),
    *(0, 1, 2, 3, -1, 5, 6, 10, 1.0, 0.5, 2.5, -0.5, 1.5, True, False, None),
)
FEW: Final[tuple[Any, ...]] = ("a", "ab", 1, 2.5, None, True, [], {"a": 1}, 5)


def _events() -> list[Any]:
    found = list(LEAVES)
    for length in range(4):
        values = FEW[:4] if length == 3 else FEW
        found += [list(each) for each in itertools.product(values, repeat=length)]
    for count in range(5):
        values = FEW if count < 3 else FEW[:3]
        for names in itertools.combinations(NAMES, count):
            found += [
                dict(zip(names, each, strict=True))
                for each in itertools.product(values, repeat=count)
            ]
    found += [{"a": {"b": each}} for each in LEAVES] + [{"b": [each, each]} for each in LEAVES]
    return found


EVENTS: Final = _events()
"""Every small event over a few names and values."""


def some(*choices: Any) -> Any:
    return st.sampled_from(choices)


def keywords(**optional: Any) -> Any:
    return st.fixed_dictionaries({}, optional=optional)


VALUES = st.one_of(
    some(*LEAVES),
    st.lists(some(*LEAVES), max_size=2),
    st.dictionaries(some(*NAMES), some(*LEAVES), max_size=2),
)


def _merged(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {word: value for part in parts for word, value in part.items()}


def leaves(draft: int) -> Any:
    types = st.one_of(some(*TYPES), st.lists(some(*TYPES), min_size=2, max_size=2, unique=True))
    later = {"const": VALUES} if draft > 4 else {}
    whole = st.fixed_dictionaries(
        {},
        optional={
            "type": types,
            "minLength": st.integers(0, 3),
            "maxLength": st.integers(0, 4),
            "pattern": some(*PATTERNS),
            "minimum": some(0, 1, 2, 0.5, -1),
            "maximum": some(0, 1, 2.5, 5, 10),
            "multipleOf": some(1, 2, 3, 0.5, 1.5),
        },
    )
    rare = keywords(
        enum=st.lists(VALUES, min_size=1, max_size=3, unique_by=repr),
        format=some("date", "date-time", "uuid", "unknown"),
        **later,
    )
    # Schemas of every keyword at once take no value at all.
    few = st.lists(some("type", "minLength", "maxLength", "pattern", "minimum", "maximum", "multipleOf"), max_size=2)  # fmt: skip
    thinned = st.tuples(whole, few).map(
        lambda two: {word: value for word, value in two[0].items() if word in (*two[1], "type")}
    )
    return st.one_of(thinned, thinned, rare, st.just({})).map(_equal_once)


def _equal_once(schema: dict[str, Any]) -> dict[str, Any]:
    """Draft-04 lists no value twice, and 1 is 1.0."""
    values = schema.get("enum")
    if values is None:
        return schema
    kept: list[Any] = []
    for value in values:
        if not any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in kept):  # fmt: skip
            kept.append(value)
    return {**schema, "enum": kept}


def objects(inner: Any, draft: int) -> Any:
    names = st.lists(some(*NAMES), min_size=1, max_size=2, unique=True)
    later = {"propertyNames": some({"maxLength": 1}, {"pattern": "^a"})} if draft > 4 else {}
    return keywords(
        type=st.just("object"),
        properties=st.dictionaries(some(*NAMES), inner, min_size=1, max_size=3),
        required=names,
        additionalProperties=st.one_of(st.booleans(), inner),
        patternProperties=st.dictionaries(some(*PATTERNS), inner, min_size=1, max_size=2),
        dependencies=st.dictionaries(some(*NAMES), st.one_of(names, inner), min_size=1, max_size=1),
        minProperties=st.integers(0, 3),
        maxProperties=st.integers(0, 3),
        **later,
    )


def arrays(inner: Any, draft: int) -> Any:
    several = st.lists(inner, min_size=1, max_size=2)
    if draft >= 2020:
        words = {
            "prefixItems": several,
            "items": inner,
            "contains": inner,
            "minContains": st.integers(0, 2),
            "maxContains": st.integers(0, 2),
        }
    else:
        words = {
            "items": st.one_of(inner, several),
            "additionalItems": st.one_of(st.booleans(), inner),
        }
    sizes = {"minItems": st.integers(0, 3), "maxItems": st.integers(0, 3)}
    return keywords(type=st.just("array"), uniqueItems=st.booleans(), **sizes, **words)


def combined(inner: Any, draft: int) -> Any:
    several = st.lists(inner, min_size=1, max_size=3)
    words = {"allOf": several, "anyOf": several, "oneOf": several, "not": inner}
    found = [st.fixed_dictionaries({word: value}) for word, value in words.items()]
    if draft > 4:
        found.append(st.fixed_dictionaries({"if": inner, "then": inner, "else": inner}))
    return st.one_of(*found)


def schemas(draft: int) -> Any:
    """Schemas that refer to ``#/definitions/X`` now and then."""
    base = st.one_of(leaves(draft), leaves(draft), st.just({"$ref": "#/definitions/X"}))
    return st.recursive(
        base,
        lambda inner: st.one_of(
            objects(inner, draft),
            objects(inner, draft),
            arrays(inner, draft),
            st.tuples(leaves(draft), combined(inner, draft)).map(_merged),
        ),
        max_leaves=6,
    )


def definitions(draft: int) -> Any:
    """What X is; now and then a tree of itself."""
    tree = st.tuples(some("object", ["object", "null"]), leaves(draft), st.booleans()).map(
        lambda drawn: {
            "type": drawn[0],
            "properties": {"a": {"$ref": "#/definitions/X"}, "b": drawn[1]},
            **({"required": ["a"]} if drawn[2] else {}),
        }
    )
    return st.one_of(leaves(draft), tree)


@st.composite
def pairs(draw: Any, draft: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema and what became of it."""
    fresh = schemas(draft).filter(lambda schema: "$ref" not in schema)
    old = draw(fresh)
    new = copy.deepcopy(old)
    for _ in range(draw(st.integers(1, 2))):
        new = draw(_changed(new, schemas(draft)))
    shared = draw(definitions(draft))
    other = draw(st.one_of(st.just(shared), st.just(shared), definitions(draft)))
    new = {"allOf": [new]} if "$ref" in new else new
    return {**old, "definitions": {"X": shared}}, {**new, "definitions": {"X": other}}


@st.composite
def _changed(draw: Any, schema: dict[str, Any], fresh: Any) -> dict[str, Any]:
    """A schema with one thing changed, added or removed, somewhere."""
    words = sorted(schema)
    if not words or draw(st.integers(0, 5)) == 0:
        return {**schema, **draw(fresh)}
    word = draw(st.sampled_from(words))
    value = schema[word]
    if word in {"properties", "patternProperties"} and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        return {**schema, word: {**value, name: draw(_changed(value[name], fresh))}}
    if isinstance(value, dict) and word not in {"dependencies", "const", "properties", "patternProperties"}:  # fmt: skip
        return {**schema, word: draw(_changed(value, fresh))}
    if isinstance(value, int) and not isinstance(value, bool):
        return {**schema, word: max(value + draw(some(-1, 1)), 1 if word == "multipleOf" else 0)}
    return {each: inner for each, inner in schema.items() if each != word}
