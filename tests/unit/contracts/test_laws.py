"""Laws, over generated documents."""

import json
from decimal import Decimal
from types import ModuleType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.contracts.documents import canonical_json, parse_document
from keybus.contracts.naming import RESERVED, python_names, snake
from keybus.contracts.pointers import follow, pointer_of, tokens_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
HEAD = {
    "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
    "type": "sampler.shapes.shown",
    "time": "2026-01-31T08:00:00Z",
    "publisher": {"name": "x"},
    "schema_version": "2.0.1",
    "verdict": None,
}


def exact(text: bytes | str) -> Any:
    return json.loads(text, parse_float=Decimal)


@settings(max_examples=200)
@given(
    free=st.dictionaries(TEXT, JSON),
    anything=JSON,
    others=st.dictionaries(TEXT.map("x-{}".format), JSON),
)
def test_an_event_survives_the_wire_unchanged(
    events: ModuleType, free: Any, anything: Any, others: Any
) -> None:
    text = json.dumps({**others, **HEAD, "free": free, "anything": anything})
    event = events.SamplerShapesShown.from_json(text)
    wire = event.to_json()
    assert canonical_json(exact(wire)) == canonical_json(exact(text))
    again = events.SamplerShapesShown.from_dict(event.to_dict())
    assert again == event
    assert hash(again) == hash(event)
    _walk(event.free)
    _walk(event.anything)
    assert event.to_json() == wire


@given(
    digits=st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?(e-?[0-9]{1,2})?", fullmatch=True)
)
def test_numbers_survive_exactly(events: ModuleType, digits: str) -> None:
    text = json.dumps({**HEAD, "amount": 0}).replace('"amount": 0', f'"amount": {digits}')
    event = events.SamplerShapesShown.from_json(text)
    assert exact(event.to_json())["amount"] == Decimal(digits)


@given(st.lists(st.text(max_size=8), unique=True))
def test_python_names_are_names_and_differ(names: list[str]) -> None:
    chosen = python_names(names, RESERVED)
    assert len(set(chosen.values())) == len(names)
    assert all(name.isidentifier() and name not in RESERVED for name in chosen.values())
    assert chosen == {name: chosen[name] for name in names}
    assert python_names(names[::-1], RESERVED) == chosen
    assert snake("x".join(names)).isidentifier()


@given(JSON)
def test_documents_parse_as_python_parses_them(value: Any) -> None:
    text = json.dumps(value, indent=2)
    document, faults = parse_document(text, "x.json")
    assert not faults
    assert document == value


@given(st.lists(st.text(max_size=5)))
def test_pointers_are_followed_back(tokens: list[str]) -> None:
    document: Any = "here"
    for token in reversed(tokens):
        document = {token: document}
    pointer = pointer_of(*tokens)
    assert tokens_of(pointer) == tokens
    assert follow(document, pointer) == "here"


def _walk(value: Any) -> None:
    """Everything below is of a type that has no way to change."""
    if isinstance(value, tuple):
        for item in value:
            _walk(item)
    elif hasattr(value, "values"):
        assert not hasattr(value, "__setitem__")
        for member in value.values():
            _walk(member)
    else:
        assert value is None or isinstance(value, str | int | float)
