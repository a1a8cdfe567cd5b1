"""The law of the pattern lint: what it calls impossible never is, what it calls certain always is.

Contracts, patterns and events are generated. Events may have fields that their contract does not
declare, but no name with a dot that spells a declared path (docs/contracts.md says so).
"""

import json
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft4Validator

from keybus.contracts.contract import Contract
from keybus.contracts.pattern_lint import PatternFinding, lint_pattern
from keybus.contracts.pointers import follow, tokens_of
from keybus.errors import PatternError
from keybus.patterns import Pattern, validate

QUICK_AND_LONG: Final = pytest.mark.parametrize(
    "times", [1, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)

NAMES = ("a", "b", "c")
UUID = "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a"
TEXTS = ("", "A", "AB", "a", "ab", "B-1", "abc", "10.0.0.1", "::1", "ß", "1")
NUMBERS = (-1, 0, 1, 1.0, 2, 2.5, 3, 10**17 + 1, -0.5, 1e300)
POOL = (*TEXTS, *NUMBERS, True, False, None, "2026-01-31T08:00:00Z", "PT1S", UUID)
LEAF_VALUES = st.sampled_from(POOL)
LEAF_KEYWORDS = frozenset(
    {"type", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "multipleOf"}
)
PATTERNS = ("^A", "^AB?", "^a|B", "b$", "^B-[0-9]+$", "^[aA]b", "^1\\d*", "^\\.")
FORMATS = ("uuid", "date-time", "ipv4", "ipv6", "duration", "unheard-of")
MAYBE = st.booleans()


def some(*choices: Any) -> Any:
    return st.sampled_from(choices)


def keywords(**optional: Any) -> Any:
    return st.fixed_dictionaries({}, optional=optional)


TYPED = st.one_of(
    st.fixed_dictionaries(
        {"type": some("string", ["string", "null"], ["string", "number"])},
        optional={
            "minLength": st.integers(0, 3),
            "maxLength": st.integers(0, 4),
            "pattern": some(*PATTERNS),
            "format": some(*FORMATS),
        },
    ),
    st.fixed_dictionaries(
        {"type": some("integer", "number", ["integer", "null"], ["boolean", "integer"])},
        optional={
            "minimum": some(-1, 0, 0.5, 1, 2),
            "maximum": some(0, 1, 2, 2.5, 3),
            "multipleOf": some(1, 2),
        },
    ).flatmap(
        lambda schema: st.tuples(st.just(schema), MAYBE, MAYBE).map(
            lambda drawn: {
                **drawn[0],
                **({"exclusiveMinimum": drawn[1]} if "minimum" in drawn[0] else {}),
                **({"exclusiveMaximum": drawn[2]} if "maximum" in drawn[0] else {}),
            }
        )
    ),
    st.fixed_dictionaries({"enum": st.lists(LEAF_VALUES, min_size=1, max_size=4, unique_by=repr)}),
    some({"type": "boolean"}, {"type": "null"}, {}, {"$ref": "#/definitions/shared"}),
)


def combined(inner: Any) -> Any:
    both = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.fixed_dictionaries({"anyOf": both}),
        st.fixed_dictionaries({"oneOf": both}),
        st.fixed_dictionaries({"allOf": both}),
        st.tuples(inner, inner).map(lambda two: {"allOf": [two[0]], "not": two[1]}),
        st.tuples(TYPED, both).map(lambda two: {"anyOf": two[1], **two[0]}),
    )


def objects(inner: Any) -> Any:
    required = st.lists(some(*NAMES, "a.b"), max_size=3, unique=True)
    return st.tuples(
        st.dictionaries(some(*NAMES, "a.b"), inner, max_size=3),
        keywords(
            type=some("object", "object", ["object", "null"]),
            required=required.filter(bool),
            additionalProperties=st.one_of(st.booleans(), inner),
            patternProperties=st.dictionaries(some("^a", "b$"), inner, min_size=1, max_size=1),
        ),
    ).map(lambda two: {**({"properties": two[0]} if two[0] else {}), **two[1]})


def arrays(inner: Any) -> Any:
    items = st.one_of(inner, st.lists(inner, min_size=1, max_size=2))
    more = keywords(
        items=items, minItems=st.integers(0, 2), additionalItems=st.one_of(MAYBE, inner)
    )
    return more.map(lambda drawn: {"type": "array", **drawn})


SCHEMAS = st.recursive(
    TYPED,
    lambda inner: st.one_of(combined(inner), objects(inner), objects(inner), arrays(inner)),
    max_leaves=8,
)


def contract_of(schema: Any, shared: Any, event_type: str = "law.kept") -> Contract:
    metadata = {"type": event_type, "version": "1.0.0", "owner": "o", "classification": "public"}
    whole = {
        "title": "LawKept",
        "x-keybus": metadata,
        "definitions": {"shared": shared},
        **schema,
    }
    return Contract({"LawKept.json": whole}, "LawKept.json")


@st.composite
def contracts(draw: Any) -> Contract:
    some_objects = st.lists(objects(SCHEMAS), min_size=1, max_size=2)
    schema = {"allOf": draw(some_objects), **draw(keywords(anyOf=some_objects))}
    return contract_of(schema, draw(TYPED.filter(lambda schema: "$ref" not in schema)))


EXPRESSIONS = st.one_of(
    LEAF_VALUES,
    LEAF_VALUES,
    st.builds(lambda yes: {"exists": yes}, MAYBE),
    st.builds(lambda kind, text: {kind: text}, some("prefix", "suffix"), some(*TEXTS)),
    st.builds(
        lambda kind, text: {kind: {"equals-ignore-case": text}},
        some("prefix", "suffix"),
        some(*TEXTS),
    ),
    st.builds(lambda text: {"equals-ignore-case": text}, some(*TEXTS)),
    st.builds(lambda text: {"wildcard": text}, some("*", "A*", "*b", "A*B", "AB", "a*c", "")),
    st.builds(
        lambda sign, number: {"numeric": [sign, number]},
        some("=", "<", "<=", ">", ">="),
        some(-1, 0, 0.5, 1, 2, 2.5, 3),
    ),
    some(
        {"numeric": [">", 0, "<", 1]},
        {"numeric": [">=", 0, "<=", 2]},
        {"numeric": [">=", -1, "<=", 3]},
        {"cidr": "10.0.0.0/8"},
        {"cidr": "::/16"},
    ),
    st.builds(
        lambda refused: {"anything-but": refused},
        st.one_of(
            some(*TEXTS[1:], 0, 1, 2.5),
            st.lists(some(*TEXTS), min_size=1, max_size=3),
            st.lists(some(0, 1, 2, 3), min_size=1, max_size=3),
            some({"prefix": "A"}, {"wildcard": "*"}, {"equals-ignore-case": ["a", "AB"]}),
        ),
    ),
)
VALUES = st.lists(EXPRESSIONS, min_size=1, max_size=3)
PATHS = st.lists(some(*NAMES), min_size=1, max_size=3)


def nested(path: list[str], values: Any) -> dict[str, Any]:
    for name in reversed(path):
        values = {name: values}
    found: dict[str, Any] = values
    return found


def detail(inner: Any) -> Any:
    """The inside of ``detail``: one field or a few, or a choice of them."""
    branches = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        inner,
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
        st.tuples(inner, branches).map(lambda two: {**two[0], "$or": two[1]}),
    )


WHOLES = detail(st.builds(nested, PATHS, VALUES)).map(lambda inside: {"detail": inside})

#: Nearly everything that is there matches these; the lint has to find out what is.
WIDE_VALUES = st.lists(
    some({"exists": True}, {"prefix": ""}, {"wildcard": "*"}, {"anything-but": "never"}),
    min_size=1,
    max_size=2,
)


@st.composite
def examples(draw: Any, schema: Any, shared: Any, depth: int = 0) -> Any:
    """A value that may well fit a schema; whether it does is for the contract to say."""
    parts = [schema]
    for part in parts:
        if "$ref" in part:
            parts.append(shared)
        parts += part.get("allOf", [])
        for choice in ("anyOf", "oneOf"):
            if choice in part:
                parts.append(draw(st.sampled_from(part[choice])))
    options = [part["enum"] for part in parts if "enum" in part]
    if options:
        return draw(st.sampled_from(options[-1]))
    kinds = {kind for part in parts for kind in _kinds(part)} if depth else {"object"}
    kind = draw(st.sampled_from(sorted(kinds)))
    if kind == "object":
        return draw(_members(parts, shared, depth))
    if kind == "array":
        return draw(_elements(parts, shared, depth))
    leaf = [{key: part[key] for key in LEAF_KEYWORDS & part.keys()} for part in parts]
    fitting = [value for value in POOL if Draft4Validator({"allOf": leaf}).is_valid(value)]
    return draw(st.sampled_from(fitting or POOL))


def _kinds(part: Any) -> set[str]:
    if "properties" in part or "required" in part or part.get("type") == "object":
        return {"object"}
    return {"array"} if part.get("type") == "array" else {"leaf"}


@st.composite
def _members(draw: Any, parts: list[Any], shared: Any, depth: int) -> Any:
    found = {}
    declared: dict[str, Any] = {}
    for part in parts:
        for name, schema in part.get("properties", {}).items():
            declared.setdefault(name, schema)
    needed = {name for part in parts for name in part.get("required", ())}
    for name in sorted(declared.keys() | {name for name in (*needed, *NAMES) if "." not in name}):
        wanted = declared.get(name)
        if name not in needed and draw(st.integers(0, 2 if wanted is None else 1)) != 0:
            continue
        if wanted is None or depth > 3:
            found[name] = draw(
                st.one_of(LEAF_VALUES, st.lists(LEAF_VALUES, max_size=2))
                if depth
                else st.one_of(LEAF_VALUES, st.dictionaries(some(*NAMES), LEAF_VALUES, max_size=2))
            )
        else:
            found[name] = draw(examples(wanted, shared, depth + 1))
    return found


@st.composite
def _elements(draw: Any, parts: list[Any], shared: Any, depth: int) -> Any:
    items: Any = next((part["items"] for part in parts if "items" in part), {})
    least = max(part.get("minItems", 0) for part in parts)
    count = draw(st.integers(least, 3))
    schemas = [
        items if isinstance(items, dict) else items[min(i, len(items) - 1)] for i in range(count)
    ]
    return [draw(examples(schema, shared, depth + 1)) for schema in schemas]


def envelope(contract: Contract, inside: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "1",
        "detail-type": contract.type,
        "source": "shop",
        "account": "111111111111",
        "time": "2026-01-31T08:00:00Z",
        "region": "local",
        "resources": [],
        "detail": inside,
    }


def restricted(pattern: Any, pointer: str) -> Any:
    """The pattern with nothing but what a pointer points at, of all that it may choose from."""
    found = json.loads(json.dumps(pattern))
    at = found
    tokens = tokens_of(pointer)
    for place, token in enumerate(tokens):
        below = at[int(token)] if isinstance(at, list) else at[token]
        if isinstance(at, list):
            # A choice needs two branches, so there are two of the one.
            at[:] = [below, below] if "$or" in tokens[place - 1 : place] else [below]
        if not isinstance(below, dict | list) or (
            isinstance(at, list) and tokens[place - 1] != "$or"
        ):
            break
        at = below
    return found


def is_overridden(pattern: Any) -> bool:
    """Whether a branch names a field again, so that what stands first counts in others only."""
    try:
        validate(pattern, allow_override=False)
    except PatternError:
        return True
    return False


@st.composite
def cases(draw: Any, *, wide: bool = False) -> tuple[Contract, Any, list[Any]]:
    contract = draw(contracts())
    if wide:
        leaves = [row for row in contract.declared() if not {"object", "array"} & set(row.types)]
        paths = [tokens_of(row.pointer) for row in leaves if row.required]
        assume(paths)
        path = min(paths, key=len)
        pattern: Any = {"detail": nested(list(path), draw(WIDE_VALUES))}
    else:
        pattern = draw(WHOLES)
    shared = contract.schema["definitions"]["shared"]
    events = draw(st.lists(examples(contract.schema, shared), min_size=1, max_size=6))
    return contract, pattern, [inside for inside in events if contract.accepts(inside)]


def hard(found: list[PatternFinding]) -> list[PatternFinding]:
    return [one for one in found if one.severity == "error" and not one.overridable]


LEAVES = st.recursive(TYPED, combined, max_leaves=4)


@pytest.mark.long
@settings(max_examples=300)
@given(schema=LEAVES, shared=TYPED, values=VALUES, required=MAYBE)
def test_one_field_over_many_values(
    schema: Any,
    shared: Any,
    values: list[Any],
    required: bool,  # noqa: FBT001 - drawn
) -> None:
    assume("$ref" not in shared)
    inside = {"properties": {"a": schema}, **({"required": ["a"]} if required else {})}
    contract = contract_of({"allOf": [{**inside, "type": "object"}]}, shared)
    accepted = [each for each in ({"a": value} for value in POOL) if contract.accepts(each)]
    accepted += [{}] * (not required)
    found = lint_pattern({"detail": {"a": values}}, [contract])
    for one in found:
        event(one.rule)
        path = tokens_of(one.pointer)
        few = [values[int(path[2])]] if len(path) > 2 else values
        part = Pattern.parse({"detail": {"a": few}})
        if one.severity == "error" and not one.overridable:
            assert not any(part.matches(envelope(contract, each)) for each in accepted), one
        if one.rule == "always-matches":
            assert all(part.matches(envelope(contract, each)) for each in accepted), one


@QUICK_AND_LONG
def test_what_never_matches_never_matches(times: int) -> None:
    tried = 0

    @settings(max_examples=20 * times)
    @given(case=cases(), allow=some((), ("undeclared-field",)))
    def holds(case: tuple[Contract, Any, list[Any]], allow: tuple[str, ...]) -> None:
        nonlocal tried
        contract, pattern, events = case
        assume(events and not is_overridden(pattern))
        for one in hard(lint_pattern(pattern, [contract], allow=allow)):
            event(one.rule)
            impossible = Pattern.parse(restricted(pattern, one.pointer))
            for inside in events:
                whole = envelope(contract, inside)
                assert not impossible.matches(whole), (one, inside)
                assert not impossible.matches(json.dumps(whole)), (one, inside)
                tried += 1

    holds()
    assert tried > 20 or times == 1, tried  # a short run may find next to nothing


TYPES = st.lists(some("law.kept", "law.made", "x"), min_size=1, max_size=2, unique=True)
TWO = st.one_of(
    st.tuples(WHOLES, TYPES).map(lambda two: {**two[0], "detail-type": two[1]}),
    st.lists(WHOLES, min_size=2, max_size=2).map(
        lambda two: {"$or": [{"detail-type": ["law.made"], **two[0]}, two[1]]}
    ),
    st.builds(nested, PATHS, VALUES).flatmap(
        lambda one: st.builds(nested, PATHS, VALUES).map(lambda more: {"detail": {**one, **more}})
    ),
)


@pytest.mark.long
@settings(max_examples=150)
@given(
    schemas=st.tuples(LEAVES, LEAVES, LEAVES),
    closed=MAYBE,
    pattern=TWO,
    inside=st.lists(st.dictionaries(some(*NAMES), LEAF_VALUES), min_size=1, max_size=12),
)
def test_what_never_matches_any_of_two_events(
    schemas: tuple[Any, Any, Any],
    closed: bool,  # noqa: FBT001 - drawn
    pattern: Any,
    inside: list[Any],
) -> None:
    assume(not is_overridden(pattern))
    first, second, third = schemas
    rest = {"type": "object", "additionalProperties": False} if closed else {"type": "object"}
    kept = contract_of({"properties": {"a": first, "b": second}, **rest}, {})
    made = contract_of({"properties": {"a": third, "c": first}, **rest}, {}, "law.made")
    for one in hard(lint_pattern(pattern, [kept, made])):
        event(one.rule)
        impossible = Pattern.parse(restricted(pattern, one.pointer))
        for each in (kept, made):
            for detail_ in inside:
                if each.accepts(detail_):
                    assert not impossible.matches(envelope(each, detail_)), (one, detail_)


@QUICK_AND_LONG
def test_what_always_matches_always_matches(times: int) -> None:
    tried = 0

    # Few of these contracts have an event that was drawn for them.
    @settings(max_examples=30 * times, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(cases(), cases(wide=True)))
    def holds(case: tuple[Contract, Any, list[Any]]) -> None:
        nonlocal tried
        contract, pattern, events = case
        assume(events)
        for one in lint_pattern(pattern, [contract]):
            if one.rule != "always-matches":
                continue
            event(one.rule)
            certain = Pattern.parse({one.field: follow(pattern, one.pointer)})
            for inside in events:
                whole = envelope(contract, inside)
                assert certain.matches(whole), (one, inside)
                assert certain.matches(json.dumps(whole)), (one, inside)
                tried += 1

    holds()
    assert tried > 5 or times == 1, tried  # a short run may find next to nothing


@settings(max_examples=30)
@given(case=cases())
def test_text_and_mapping_are_one(case: tuple[Contract, Any, list[Any]]) -> None:
    contract, pattern, _ = case
    validate(pattern)
    found = lint_pattern(pattern, [contract])
    assert lint_pattern(json.dumps(pattern), [contract]) == found
    assert lint_pattern(json.dumps(pattern).encode(), {contract.type: contract}) == found
    for one in found:
        follow(pattern, one.pointer)
        assert len(str(one)) < 2_000
