"""Input that is built to hurt: it is answered or refused, quickly and by name."""

import json
from typing import Any

import pytest

from keybus.errors import EnvelopeError, PatternError
from keybus.patterns import Pattern, matches, validate

pytestmark = pytest.mark.timeout(20)


def nested(depth: int, inmost: Any) -> Any:
    for _ in range(depth):
        inmost = {"a": inmost}
    return inmost


def test_lone_surrogates() -> None:
    assert matches(r'{"a": ["\ud800"]}', r'{"a": "\ud800"}')
    assert matches({"a": ["\ud800"]}, r'{"a": "\ud800"}')
    assert matches({"\udfff": [{"wildcard": "\ud800*"}]}, {"\udfff": "\ud800x"})
    assert matches({"a": [{"equals-ignore-case": "\ud800k"}]}, {"a": "\ud800K"})
    assert matches({"a": ["\U0001f600"]}, r'{"a": "\ud83d\ude00"}')
    assert not matches({"a": ["\U0001f600"]}, r'{"a": "\ude00\ud83d"}')


def test_numbers_beyond_all_bounds() -> None:
    nines = "9" * 100_000
    assert matches(f'{{"a": [{nines}]}}', f'{{"a": {nines}}}')
    assert matches({"a": [10**100_000 - 1]}, f'{{"a": {nines}}}')
    assert not matches({"a": [{"numeric": [">", 0]}]}, f'{{"a": {nines}}}')
    assert not matches({"a": [{"numeric": [">", 0]}]}, f'{{"a": 1e{nines}}}')
    assert not matches({"a": [0]}, f'{{"a": 1e-{nines}}}')
    assert matches({"a": [0]}, f'{{"a": 0e-{nines}}}')
    assert matches({"a": [1]}, f'{{"a": 1.{"0" * 100_000}}}')
    assert not matches({"a": [1e300]}, json.loads('{"a": 1e400}'))


@pytest.mark.parametrize("depth", [998, pytest.param(100_000, marks=pytest.mark.long)])
def test_deep_events(depth: int) -> None:
    pattern = Pattern.parse({"x": [1], "a": {"a": [{"exists": False}]}})
    assert pattern.matches({"x": 1, "a": nested(depth, 1)})
    assert pattern.matches('{"x": 1, "a": ' + '{"a":' * depth + "1" + "}" * (depth + 1))
    assert matches({"a": [1]}, '{"a":' + "[" * depth + "1" + "]" * depth + "}")


def test_deep_patterns() -> None:
    assert matches(nested(999, [1]), nested(999, 1))
    deepest = '{"a":' * 999 + "[1]" + "}" * 999
    assert matches(deepest, nested(999, 1))
    words = "Document nesting depth .1001. exceeds the maximum allowed .1000"
    for depth in (1_000, 100_000):
        with pytest.raises(PatternError, match=words):
            validate('{"a":' * depth + "[1]" + "}" * depth)
        with pytest.raises(PatternError, match=words):
            validate(nested(depth, [1]))


def test_what_contains_itself() -> None:
    pattern: dict[str, Any] = {}
    pattern["a"] = pattern
    with pytest.raises(PatternError, match="nesting depth"):
        validate(pattern)
    elements: list[Any] = [1]
    elements.append(elements)
    with pytest.raises(EnvelopeError, match="too many arrays in arrays"):
        matches({"a": [2]}, {"a": elements})


def test_arrays_in_arrays_that_each_have_two_elements() -> None:
    with pytest.raises(EnvelopeError, match="too many arrays in arrays"):
        matches({"a": [2]}, '{"a":' + "[" * 40_000 + "1" + ",1]" * 40_000 + "}")


@pytest.mark.parametrize(
    "wildcard", ["a*" * 40, "*a" * 40, "*" + "ab" * 500, "*".join("abcdefghijkl")]
)
def test_wildcards_that_would_cost_too_much(wildcard: str) -> None:
    with pytest.raises(PatternError, match="Rule is too complex"):
        validate({"a": [{"wildcard": wildcard}]})


def test_wildcards_against_long_texts() -> None:
    pattern = Pattern.parse({"a": [{"wildcard": "*ab*ba*c"}, {"wildcard": "aaaa*b"}]})
    assert not pattern.matches({"a": "ab" * 200_000})
    assert pattern.matches({"a": "ab" * 200_000 + "c"})


def test_case_forms_of_differing_length() -> None:
    assert matches({"a": [{"equals-ignore-case": "ß" * 5_000}]}, {"a": "SSß" * 2_500})
    assert not matches({"a": [{"equals-ignore-case": "ß" * 5_000}]}, {"a": "SS" * 4_999 + "S"})


def test_ors_that_multiply() -> None:
    branches = {f"k{at}": {"$or": [{"a": [1]}, {"b": [1]}]} for at in range(40)}
    with pytest.raises(PatternError, match="more than 1,000 combinations"):
        validate(branches)
    kept = dict(list(branches.items())[:9])
    assert len(Pattern.parse(kept).alternatives) == 512
    assert matches(kept, {f"k{at}": [{"b": 1}] * 50 for at in range(9)})


def test_patterns_that_grow() -> None:
    wide = {f"k{at}": [1] for at in range(2_000)}
    with pytest.raises(PatternError, match="too many fields"):
        validate({**wide, "$or": [{"a": [1]}] * 900})
    with pytest.raises(PatternError, match="too long"):
        validate({"k" * 10_000: wide})


def test_independent_arrays_do_not_multiply() -> None:
    arrays = {f"k{at}": [{"x": one, "y": one + 1} for one in range(500)] for at in range(12)}
    every = {name: {"x": [{"exists": True}], "y": [{"exists": True}]} for name in arrays}
    assert matches(every, arrays)
    assert not matches({**every, "k9": {"x": [7], "y": [7]}}, arrays)


def test_one_large_array() -> None:
    event = {
        "a": [{"b": one, "c": {"d": [{"e": two} for two in range(3)]}} for one in range(5_000)]
    }
    last = {"a": {"b": [4_999], "c": {"d": {"e": [2], "f": [{"exists": False}]}}}}
    assert matches(last, event)
    assert not matches({"a": {"b": [4_999], "c": {"d": {"e": [3]}}}}, event)


def test_equal_keys_that_multiply_are_refused_by_name() -> None:
    elements = ",".join(f'{{"x{which}": 1}}' for which in range(12))
    event = "{" + ",".join([f'"a": [{elements}]'] * 40) + "}"
    with pytest.raises(EnvelopeError, match="too many combinations"):
        matches({"a": {f"x{which}": [1] for which in range(12)}}, event)
