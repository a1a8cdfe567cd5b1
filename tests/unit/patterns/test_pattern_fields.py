"""How fields go together: paths, presence, arrays and $or."""

from typing import Any

import pytest

from keybus.patterns import Pattern, matches

ABSENT = [{"exists": False}]
PRESENT = [{"exists": True}]


def test_fields_and_values_or_others_ignored() -> None:
    pattern = {"a": ["x", "y"], "b": {"c": [1]}}
    assert matches(pattern, {"a": "y", "b": {"c": 1, "d": 2}, "e": 3})
    assert not matches(pattern, {"a": "y", "b": {"c": 2}})
    assert not matches(pattern, {"a": "y"})


@pytest.mark.parametrize("value", [None, "", 0, False, [None], [[None]], [1, []]])
def test_these_are_present(value: object) -> None:
    assert matches({"a": PRESENT}, {"a": value})
    assert not matches({"a": ABSENT}, {"a": value})


@pytest.mark.parametrize("event", [{}, {"a": []}, {"a": {}}, {"a": [{}]}, {"a": {"b": 1}}])
def test_these_are_absent(event: dict[str, Any]) -> None:
    assert not matches({"a": PRESENT}, event)
    assert matches({"a": ABSENT}, event)
    assert not matches({"a": [None]}, event)


def test_absence_may_be_one_value_of_several() -> None:
    pattern = Pattern.parse({"a": [*ABSENT, "x"]})
    assert [pattern.matches(event) for event in ({}, {"a": "x"}, {"a": "y"})] == [True, True, False]


def test_dots_are_steps() -> None:
    nested, dotted = {"a": {"b": {"c": [1]}}}, {"a.b": {"c": [1]}}
    for pattern in (nested, dotted, {"a.b.c": [1]}):
        for event in ({"a": {"b": {"c": 1}}}, {"a.b": {"c": 1}}, {"a": {"b.c": 1}}, {"a.b.c": 1}):
            assert matches(pattern, event)
        assert not matches(pattern, {"a": {"c": 1}})


def test_empty_keys_are_steps_too() -> None:
    assert matches({"": [1]}, {"": 1})
    assert matches({"a.": [1]}, {"a": {"": 1}})
    assert not matches({"a.": [1]}, {"a": 1})


def test_every_value_of_equal_keys_counts() -> None:
    event = '{"a": 1, "a": {"b": 2}, "a": 3}'
    assert matches({"a": [1]}, event)
    assert matches({"a": [3], "a.b": [2]}, event)
    assert not matches({"a": [2]}, event)


def test_the_last_of_equal_paths_wins() -> None:
    for pattern in ('{"a": [1], "a": [2]}', '{"a.b": [1], "a": {"b": [2]}}'):
        parsed = Pattern.parse(pattern)
        assert parsed.matches('{"a": 2, "a.b": 2}')
        assert not parsed.matches('{"a": 1, "a.b": 1}')


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ({"a": ["x"]}, {"a": ["y", "x"]}, True),
        ({"a": [{"anything-but": "x"}]}, {"a": ["x", "y"]}, True),
        ({"a": [{"anything-but": "x"}]}, {"a": ["x", "x"]}, False),
        ({"a": [{"anything-but": "x"}]}, {"a": []}, False),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1}, {"c": 2}]}, False),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1}, {"b": 1, "c": 2}]}, True),
        # Different arrays are independent.
        ({"a": {"b": [1]}, "c": {"d": [2]}}, {"a": [{}, {"b": 1}], "c": [{"d": 2}, {}]}, True),
        # Scalars carry no index.
        ({"a": {"b": [1]}, "a.c": [3]}, {"a": [{"b": 1, "c": [2, 3]}]}, True),
        ({"a": [1], "a.b": [2]}, {"a": [1, {"b": 2}]}, True),
        # Nested arrays flatten, the outer index is kept.
        ({"a": {"b": [1], "c": [2]}}, {"a": [[{"b": 1, "c": 2}], []]}, True),
        ({"a": {"b": [1], "c": [2]}}, {"a": [[{"b": 1}, {"c": 2}]]}, False),
        ({"a": {"b": [1], "c": [2]}}, {"a": [[{"b": 1}], [{"c": 2}]]}, False),
        ({"a": [1], "a.b": [2]}, {"a": [[1], [{"b": 2}]]}, False),
        ({"a": [1], "a.b": [2]}, {"a": [[1, {"b": 2}], []]}, True),
        # An array in an array's element is its own in every element.
        ({"a": {"b": {"x": [1]}, "c": [2]}}, {"a": [{"b": [{"x": 1}, {}]}, {"c": 2}]}, False),
        ({"a": {"b": {"x": [1]}, "c": [2]}}, {"a": [{}, {"b": [{}, {"x": 1}], "c": 2}]}, True),
        (
            {"a": {"b": {"x": [1], "y": [2]}}},
            {"a": [{"b": [{"x": 1}, {"y": 2}]}, {"b": [{"y": 2}, {"x": 1}]}]},
            False,
        ),
    ],
)
def test_arrays(pattern: dict[str, Any], event: dict[str, Any], expected: bool) -> None:  # noqa: FBT001
    assert matches(pattern, event) is expected


def test_equal_keys_make_two_arrays() -> None:
    pattern = {"a": {"b": [1], "c": [2]}}
    assert matches(pattern, '{"a": [{"b": 1}, {}], "a": [{}, {"c": 2}]}')
    assert matches(pattern, '{"o": 1, "a": [{"b": 1}, {}], "a": [{"c": 2}, {}]}')


def test_absence_under_arrays_depends_on_the_order_of_paths() -> None:
    assert not matches({"a": {"b": ABSENT, "c": [2]}}, {"a": [{"b": 1}, {"c": 2}]})
    assert matches({"a": {"b": [2], "c": ABSENT}}, {"a": [{"c": 1}, {"b": 2}]})
    assert not matches({"a": {"b": [2], "c": ABSENT}}, {"a": [{"c": 1, "b": 2}, {"x": 2}]})


def test_paths_are_ordered_as_utf16() -> None:
    # U+1F600 is two surrogates, which come before U+FFFF though the code point comes after.
    low, high = "\uffff", "\U0001f600"
    assert matches({"a": {high: [2], low: ABSENT}}, {"a": [{low: 1}, {high: 2}]})
    assert not matches({"a": {high: ABSENT, low: [2]}}, {"a": [{high: 1}, {low: 2}]})


def test_or() -> None:
    pattern = Pattern.parse({"s": ["x"], "$or": [{"a": [1]}, {"b": [2], "c": [3]}]})
    assert pattern.matches({"s": "x", "a": 1})
    assert pattern.matches({"s": "x", "b": 2, "c": 3})
    assert not pattern.matches({"s": "x", "b": 2})
    assert not pattern.matches({"s": "y", "a": 1})
    assert len(pattern.alternatives) == 2


def test_or_below_a_field_and_inside_or() -> None:
    pattern = {"d": {"$or": [{"a": [1]}, {"e": {"$or": [{"b": [2]}, {"c": [3]}]}}]}}
    assert matches(pattern, {"d": {"a": 1}})
    assert matches(pattern, {"d": {"e": {"c": 3}}})
    assert not matches(pattern, {"d": {"c": 3}})


def test_or_and_its_siblings_override_in_text_order() -> None:
    before = '{"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}'
    assert matches(before, {"a": 2})
    assert matches(before, {"a": 1, "b": 3})
    assert not matches(before, {"a": 1})
    after = '{"$or": [{"a": [2]}, {"b": [3]}], "a": [1]}'
    assert matches(after, {"a": 1})
    assert not matches(after, {"a": 2})


def test_two_ors_multiply() -> None:
    pattern = Pattern.parse(
        '{"$or": [{"a": [1]}, {"b": [1]}], "$or": [{"c": [1]}, {"d": [1]}, {"e": [1]}]}'
    )
    assert len(pattern.alternatives) == 6
    assert pattern.matches({"b": 1, "e": 1})
    assert not pattern.matches({"a": 1, "b": 1})


def test_a_pattern_is_immutable() -> None:
    pattern = Pattern.parse({"a": [1]})
    with pytest.raises(AttributeError):
        pattern.alternatives = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        pattern.alternatives[0]["b"] = ()  # type: ignore[index]
