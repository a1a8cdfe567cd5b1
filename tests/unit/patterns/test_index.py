"""The index answers what the plain evaluator answers."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.patterns import Pattern
from keybus.patterns.index import PatternIndex
from tests.unit.patterns.test_pattern_laws import events, flat_patterns, items, paths, simple

ors = st.builds(
    lambda base, some: {**base, "$or": some},
    flat_patterns,
    st.lists(flat_patterns, min_size=2, max_size=3),
)
patterns = st.one_of(flat_patterns, ors)
rules = st.dictionaries(st.sampled_from([f"r{n}" for n in range(30)]), patterns, max_size=14)
array_events = st.fixed_dictionaries({"a": items, "b": items, "a-b": items})


def expected(some: dict[str, Any], event: bytes) -> set[str]:
    return {name for name, pattern in some.items() if Pattern.parse(pattern).matches(event)}


def answered(index: PatternIndex, event: bytes) -> set[str]:
    names = index.match(event)
    assert len(set(names)) == len(names)
    return set(names)


@settings(max_examples=400)
@given(some=rules, event=st.one_of(events, array_events))
def test_it_answers_as_trying_each_pattern(some: dict[str, Any], event: dict[str, Any]) -> None:
    text = json.dumps(event).encode()
    index = PatternIndex(some)
    assert answered(index, text) == expected(some, text)
    assert answered(index, text) == expected(some, text)


@settings(max_examples=200)
@given(
    some=st.dictionaries(
        st.sampled_from([f"r{n}" for n in range(30)]),
        st.dictionaries(paths, simple, min_size=1, max_size=4),
        max_size=20,
    ),
    event=st.one_of(events, array_events),
)
def test_simple_ones(some: dict[str, Any], event: dict[str, Any]) -> None:
    text = json.dumps(event).encode()
    assert answered(PatternIndex(some), text) == expected(some, text)


@settings(max_examples=150)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.none() | patterns), min_size=1, max_size=25
    ),
    event=events,
)
def test_changes(steps: list[tuple[str, Any]], event: dict[str, Any]) -> None:
    text = json.dumps(event).encode()
    index, model = PatternIndex(), dict[str, Any]()
    for name, pattern in steps:
        if pattern is not None:
            index.add(name, pattern)
            model[name] = pattern
        elif name in model:
            index.remove(name)
            del model[name]
        else:
            with pytest.raises(KeyError):
                index.remove(name)
        assert answered(index, text) == expected(model, text)
        assert set(index) == set(model)
