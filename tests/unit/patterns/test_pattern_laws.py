"""Laws that hold for every pattern and event, and a matcher that tries everything."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.patterns import Pattern, matches

TEXTS = ("", "a", "A", "ab", "ba", "10.0.0.1", "1")
leaves = st.one_of(
    st.sampled_from(TEXTS), st.integers(0, 2), st.booleans(), st.none(), st.sampled_from([0.5, 1.0])
)
keys = st.sampled_from(["a", "b", "c", "a.b", "a-b"])
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)
events = st.dictionaries(keys, trees, max_size=4)

texts = st.sampled_from(TEXTS)
operators = st.one_of(
    leaves,
    st.builds(lambda text: {"prefix": text}, texts),
    st.builds(lambda text: {"suffix": text}, texts),
    st.builds(lambda text: {"equals-ignore-case": text}, texts),
    st.builds(lambda text: {"wildcard": f"*{text}*"}, texts.filter(bool)),
    st.builds(lambda text: {"anything-but": [text]}, texts),
    st.builds(lambda number: {"numeric": [">=", number]}, st.integers(0, 2)),
    st.builds(lambda flag: {"exists": flag}, st.booleans()),
)
values = st.lists(operators, min_size=1, max_size=3).filter(
    # Three wildcards of one field may be more than a pattern may have.
    lambda some: sum(isinstance(one, dict) and "wildcard" in one for one in some) < 3
)
paths = st.sampled_from(["a", "b", "a.a", "a.b", "a.c", "b.a", "a.b.c", "a-b", "a-b.a"])
flat_patterns = st.dictionaries(paths, values, min_size=1, max_size=4)


@given(path=paths, some=values, event=events)
def test_values_are_alternatives(path: str, some: list[Any], event: dict[str, Any]) -> None:
    assert matches({path: some}, event) is any(matches({path: [one]}, event) for one in some)


@given(pattern=flat_patterns, left=flat_patterns, right=flat_patterns, event=events)
def test_or_distributes(
    pattern: dict[str, Any], left: dict[str, Any], right: dict[str, Any], event: dict[str, Any]
) -> None:
    joined = matches({**pattern, "$or": [left, right]}, event)
    assert joined is (matches(pattern | left, event) or matches(pattern | right, event))


@given(pattern=flat_patterns, event=events)
def test_text_bytes_and_mapping_agree(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    expected = matches(pattern, event)
    event_text, pattern_text = json.dumps(event), json.dumps(pattern)
    assert matches(pattern_text, event_text) is expected
    assert matches(pattern_text.encode(), event_text.encode()) is expected
    assert matches(pattern, event_text) is expected


@given(pattern=flat_patterns, event=events)
def test_dotted_is_nested(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    # A field whose path goes on in another field has no nested form.
    names = {
        path: some
        for path, some in pattern.items()
        if not any(other.startswith(f"{path}.") for other in pattern)
    }
    nested: dict[str, Any] = {}
    for path, some in names.items():
        *steps, last = path.split(".")
        at = nested
        for step in steps:
            at = at.setdefault(step, {})
        at[last] = some
    assert matches(nested, event) is matches(names, event)


@given(pattern=flat_patterns, event=events)
def test_an_array_of_one_is_its_element(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    wrapped = {key: [value] for key, value in event.items()}
    assert matches(pattern, wrapped) is matches(pattern, event)


@given(pattern=flat_patterns, event=events)
def test_the_order_of_keys_in_the_pattern_means_nothing(
    pattern: dict[str, Any], event: dict[str, Any]
) -> None:
    backwards = dict(reversed(pattern.items()))
    assert matches(backwards, event) is matches(pattern, event)


Placed: TypeAlias = tuple[str, object, dict[int, int]]


def placed(value: object, path: str | None, places: dict[int, int]) -> Iterator[Placed]:
    """Every leaf with its path and its array elements, arrays told apart by identity."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from placed(member, key if path is None else f"{path}.{key}", places)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            inside = {**places, id(value): index} if isinstance(element, dict | list) else places
            yield from placed(element, path, inside)
    else:
        assert path is not None
        yield path, value, places


def agree(left: dict[int, int], right: dict[int, int]) -> bool:
    return all(right.get(array, index) == index for array, index in left.items())


def tried(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """The rule itself: fields by path, each trying every value, all choices kept."""
    found = list(placed(event, None, {}))

    def rest(names: list[str], chosen: dict[int, int]) -> bool:
        if not names:
            return True
        name, *others = names
        near = [one for one in found if one[0] == name and agree(chosen, one[2])]
        for operator, (_, leaf, where) in product(pattern[name], near):
            if matches({"leaf": [operator]}, {"leaf": leaf}) and rest(others, chosen | where):
                return True
        return {"exists": False} in pattern[name] and not near and rest(others, chosen)

    return rest(sorted(pattern), {})


items = st.lists(
    st.one_of(st.dictionaries(st.sampled_from("abc"), trees, max_size=3), trees), max_size=4
)
simple = st.lists(
    st.sampled_from(["a", 1, {"exists": True}, {"exists": False}, {"anything-but": "a"}]),
    min_size=1,
    max_size=2,
    unique_by=repr,
)


@pytest.mark.long
@settings(max_examples=400)
@given(
    pattern=st.dictionaries(paths, simple, min_size=2, max_size=5),
    event=st.fixed_dictionaries({"a": items, "b": items, "a-b": items}),
)
def test_arrays_as_trying_everything_finds(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    # Through JSON and back, so that no list stands in two places with one identity.
    assert matches(pattern, event) is tried(pattern, json.loads(json.dumps(event)))


@given(
    wildcard=st.text("ab*", max_size=8).filter(lambda text: "**" not in text),
    text=st.text("ab", max_size=8),
)
def test_wildcards_as_trying_everything_finds(wildcard: str, text: str) -> None:
    def fits(left: str, right: str) -> bool:
        if not left:
            return not right
        if left[0] == "*":
            return any(fits(left[1:], right[at:]) for at in range(len(right) + 1))
        return right[:1] == left[0] and fits(left[1:], right[1:])

    if wildcard.count("*") > 2:
        return
    assert matches({"x": [{"wildcard": wildcard}]}, {"x": text}) is fits(wildcard, text)


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_itself_however_it_is_written(number: float) -> None:
    pattern = Pattern.parse(f'{{"x": [{number!r}]}}')
    for text in (repr(number), f"{number:.16e}" if float(f"{number:.16e}") == number else "0"):
        expected = pattern.matches(f'{{"x": {text}}}')
        assert expected or text != repr(number)
    assert pattern.matches({"x": number})


@given(st.text(), st.text())
def test_any_text_is_safe(pattern_text: str, event_text: str) -> None:
    pattern = {"x": [pattern_text, {"prefix": pattern_text}, {"equals-ignore-case": "q"}]}
    expected = event_text.startswith(pattern_text) or event_text in ("q", "Q")
    assert matches(json.dumps(pattern), json.dumps({"x": event_text})) is expected
