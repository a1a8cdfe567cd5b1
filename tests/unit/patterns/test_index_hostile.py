"""What fuzzing found in the index, and what it is built to withstand."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from keybus.errors import PatternError
from keybus.patterns import Pattern, PatternIndex, has_unique_names


def same(patterns: dict[str, Any], event: bytes) -> None:
    """The index answers what the patterns answer, on the first event and on the next."""
    expected = {name for name, one in patterns.items() if Pattern.parse(one).matches(event)}
    index = PatternIndex(patterns)
    for _ in range(2):
        assert set(index.match(event)) == expected


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        ('{"": {"b": [1], "c": [2]}}', '{"": [{"b": 1}, {"c": 2}]}'),
        ('{"x": [{"numeric": [">", 1, "<", 1.0000000000000002]}]}', '{"x": 1.0000000000000002}'),
        ('{"x": [""]}', f'{{"x": {"9" * 400}}}'),
        ('{"x": [{"exists": true}]}', f'{{"x": {"9" * 100_000}}}'),
        ('{"x": [{"prefix": "a"}]}', f'{{"x": "a{"b" * 1_000_000}"}}'),
        ('{"x": [1], "y": {"z": [1]}}', f'{{"x": 1, "y": {"[" * 900}1{"]" * 900}}}'),
        pytest.param(
            '{"x": [1]}',
            f'{{"x": {"[" * 100_000}1{"]" * 100_000}}}',
            marks=pytest.mark.long,
        ),
        ('{"x": [{"anything-but": 300}]}', '{"x": 300.00000000000000000001}'),
        ('{"x": {"y": [{"anything-but": 300}]}}', '{"x": [{"y": 300.00000000000000000001}]}'),
        ('{"x": {"y": [300]}}', '{"x": [{"y": 300.00000000000000000001}]}'),
        ('{"x": {"y": [1], "z": [2]}}', '{"x": {"y": 1, "z": 2}, "x": {"y": 1}}'),
        ('{"x": {"y": [1], "z": [2]}}', '{"x": {"y": 1}, "x.z": 2}'),
        ('{"x": [1]}', '{"\\u0078": 1, "x": 2}'),
    ],
)
def test_one_pattern(pattern: str, event: str) -> None:
    same({"r": pattern}, event.encode())


@pytest.mark.parametrize(
    "numeric", ['[">", 1.7976931348623157e308]', '["<", -1.7976931348623157e308]']
)
def test_a_range_beyond_all_doubles_can_be_removed(numeric: str) -> None:
    index = PatternIndex({"r": f'{{"x": [{{"numeric": {numeric}}}]}}', "s": {"x": [1]}})
    index.remove("r")
    index.add("r", {"x": [2]})
    assert index.match(b'{"x": 2}') == ("r",)


def test_many_patterns_on_one_large_array() -> None:
    event = json.dumps({"a": [{"x": at, "y": at + 1} for at in range(500)]}).encode()
    patterns = {
        f"r{at}": {"a": {"x": [{"anything-but": [at]}], "y": [{"anything-but": [at]}]}}
        for at in range(60)
    }
    same(patterns, event)


@pytest.mark.parametrize("values", [[f"v{at}" for at in range(200)], list(range(200)), [0.5] * 200])
def test_an_array_of_many_that_many_match(values: list[object]) -> None:
    patterns: dict[str, Any] = {f"p{at}": {"a": [{"prefix": "v"}, f"q{at}"]} for at in range(50)}
    patterns |= {f"n{at}": {"a": [{"numeric": [">", -at]}]} for at in range(1, 50)}
    patterns |= {f"b{at}": {"a": [{"anything-but": at}]} for at in range(50)}
    patterns |= {f"m{at}": {"b": ["x"], "a": [{"numeric": [">", -at]}]} for at in range(1, 20)}
    same(patterns, json.dumps({"a": values, "b": "x"}).encode())


@pytest.mark.parametrize("event", [bytearray(b'{"x": 1}'), memoryview(b'{"x": 1}')])
def test_bytes_of_other_kinds(event: Any) -> None:
    assert PatternIndex({"r": {"x": [1]}}).match(event) == ("r",)


def test_text_is_refused() -> None:
    event: Any = '{"x": 1}'
    with pytest.raises(TypeError, match="UTF-8 bytes, not as str"):
        PatternIndex({"r": {"x": [1]}}).match(event)


def test_names_keep_their_order_when_a_pattern_is_replaced() -> None:
    index = PatternIndex({"a": {"x": [1]}, "b": {"x": [1]}})
    index.add("a", {"x": [2]})
    assert list(index) == ["a", "b"]


def test_a_pattern_that_is_not_valid_changes_nothing() -> None:
    index = PatternIndex({"a": {"x": [1]}})
    with pytest.raises(PatternError):
        index.update({"b": {"x": [1]}, "a": {"x": []}})
    assert list(index) == ["a"]
    assert index.match(b'{"x": 1}') == ("a",)


@pytest.mark.long
def test_a_change_that_breaks_off_changes_nothing() -> None:
    def deep(frames: int, do: Callable[[], None]) -> None:
        if frames:
            deep(frames - 1, do)
        else:
            do()

    index = PatternIndex({"s": {"x": [1]}, "t": {"y": {"z": [{"prefix": "a"}]}}})
    pattern = Pattern.parse({"y": {"z": [{"prefix": "b"}], "w": [{"anything-but": "q"}]}})
    broken = 0
    for frames in range(sys.getrecursionlimit() - 150, sys.getrecursionlimit()):
        for change in (lambda: index.add("r", pattern), lambda: index.remove("r")):
            try:
                deep(frames, change)
            except (RecursionError, KeyError):
                broken += 1
    assert broken
    if "r" in index:
        index.remove("r")
    index.add("q", {"y": {"w": [1]}})
    assert set(index.match(b'{"x": 1, "y": {"z": "ab", "w": 1}}')) == {"s", "t", "q"}
    assert set(index) == {"s", "t", "q"}


@pytest.mark.long
def test_replacing_many_alike() -> None:
    alike = {f"r{at}": {"s": ["x"], "d": ["y"]} for at in range(2_000)}
    index = PatternIndex(alike)
    index.update(alike)
    assert len(index.match(b'{"s": "x", "d": "y"}')) == 2_000
    for name in list(index)[:1_990]:
        index.remove(name)
    assert len(index.match(b'{"s": "x", "d": "y"}')) == 10


@pytest.mark.parametrize(
    ("text", "unique"),
    [
        (b'{"a": 1, "b": {"a": 1}}', True),
        (b'{"a": 1, "a": 1}', False),
        (b'[{"a": 1, "\\u0061": 2}]', False),
        (b'{"a": ":", "a\\u003a": 2, "b": 1}', True),
        (b'{"a": "\\u003a", "b": 1, "b": 2}', False),
        (b'{"a": 1e400, "b": {"c": 1}}', True),
        (b'{"a": 1e400, "b": {"c": 1, "c": 1}}', False),
        (b'{"a": "\\ud800", "a": 1}', False),
        (b'{"a": ', False),
        (b"[" * 100_000, False),
    ],
)
def test_names_are_told_to_be_unique(text: bytes, unique: bool) -> None:  # noqa: FBT001
    assert has_unique_names(text) is unique
