"""What is not a pattern, or not an event, and the words it is refused in."""

import json
from typing import Any

import pytest

from keybus.errors import EnvelopeError, PatternError
from keybus.patterns import matches, validate


def reason(pattern: Any, **options: bool) -> str:
    with pytest.raises(PatternError) as refused:
        validate(pattern, **options)
    return str(refused.value)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "Filter is not an object"),
        ("[]", "Filter is not an object"),
        ('"x"', "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        ('{"a": {}}', "Empty objects are not allowed"),
        ('{"a": []}', "Empty arrays are not allowed"),
        ('{"a": "x"}', '"a" must be an object or an array'),
        ('{"a": null}', '"a" must be an object or an array'),
        ('{"a": [[1]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": [{}]}', "Match expression name not found"),
        ('{"a": [{"regex": "x"}]}', "Unrecognized match type regex"),
        ('{"a": [{"Prefix": "x"}]}', "Unrecognized match type Prefix"),
        ('{"a": [{"prefix": {}}]}', "Prefix expression name not found"),
        ('{"a": [{"cidr": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"cidr": "1.2.3.4/32"}]}', "IPv4 mask bits must be < 32"),
        ('{"a": [{"cidr": "::/128"}]}', "IPv6 mask bits must be < 128"),
        ('{"a": [{"cidr": "1.2.3.4/x"}]}', "Malformed CIDR, mask bits must be an integer"),
        ('{"a": [{"cidr": "1.2.3.4/-1"}]}', "Malformed CIDR, mask bits must not be negative"),
        ('{"a": [{"cidr": "1.2.3.256/8"}]}', "Invalid IP address: 1.2.3.256"),
        ('{"a": [{"cidr": "host/8"}]}', "Nonstandard IP address: host"),
        ('{"a": [{"numeric": 1}]}', "Value of numeric must be an array."),
        ('{"a": [{"numeric": []}]}', "Invalid member in numeric match: ]"),
        ('{"a": [{"numeric": [">=", 5, "<=", 5]}]}', "Bottom must be less than top"),
        ('{"a": [{"numeric": [">", 5, ">", 6]}]}', "Bad numeric range operator: >"),
        ('{"a": [{"numeric": [">", 5, 6]}]}', "Bad value in numeric range: 6"),
        ('{"a": [{"numeric": [">", 1e400]}]}', "Cannot compare number : 1e400"),
        (
            '{"a": [{"anything-but": null}]}',
            "Value of anything-but must be an array or single string/number value.",
        ),
        (
            '{"a": [{"anything-but": ["x", null]}]}',
            "Inside anything but list, start|null|boolean is not supported.",
        ),
        (
            '{"a": [{"anything-but": []}]}',
            (
                "Inside anything but list, either all values are number or string, "
                "mixed type is not supported"
            ),
        ),
        ('{"a": [{"anything-but": {"prefix": []}}]}', "Empty arrays are not allowed"),
        ('{"a": [{"anything-but": {}}]}', "Anything-But expression name not found"),
        (
            '{"a": [{"anything-but": {"numeric": ["=", 1]}}]}',
            "Unsupported anything-but pattern: numeric",
        ),
        (
            '{"a": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}',
            "Unsupported anything-but pattern: cidr",
        ),
        (
            '{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]}',
            "Value of anything-but must be an array or single string/number value.",
        ),
        ('{"$or": {}}', "It must be an Array followed with $or."),
        ('{"$or": []}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": [1, 2]}', "Only JSON object is allowed in array of $or relationship."),
        ('{"$or": [{"a": [1]}, {}]}', "Empty objects are not allowed"),
        (
            '{"$or": [{"a": [1]}, {"b": {"prefix": [1]}}]}',
            "prefix is Ruler reserved fieldName which cannot be used inside $or.",
        ),
    ],
)
def test_refused(pattern: str, words: str) -> None:
    assert reason(pattern) == words
    if pattern.startswith("{") and "e400" not in pattern:
        assert reason(json.loads(pattern)) == words


def test_names_of_operators_are_fields_outside_or() -> None:
    assert matches({"prefix": [1], "$or": [{"a": [1]}, {"b": [1]}]}, {"prefix": 1, "a": 1})


@pytest.mark.parametrize(
    ("wildcard", "words"),
    [
        ("a**b", "Consecutive wildcard characters at pos 2"),
        ("**", "Consecutive wildcard characters at pos 1"),
        ("é😀**", "Consecutive wildcard characters at pos 7"),
        ("\ud800**", "Consecutive wildcard characters at pos 2"),
        (r"a\b", "Invalid escape character at pos 2"),
        ("a\\", "Invalid escape character at pos 2"),
        (r"\\\*\\\q", "Invalid escape character at pos 7"),
    ],
)
def test_wildcard_errors_name_the_byte(wildcard: str, words: str) -> None:
    assert reason({"a": [{"wildcard": wildcard}]}) == words
    assert reason({"a": [{"anything-but": {"wildcard": [wildcard]}}]}) == words


def test_the_bound_of_wildcards() -> None:
    too_complex = (
        "Rule is too complex - try using fewer wildcard characters or fewer repeating character "
        "sequences after a wildcard character"
    )
    validate({"a": [{"wildcard": "a*" * 5}]})
    validate({"a": [{"wildcard": f"*.{suffix}"} for suffix in ("jpg", "png", "gif", "tif", "bmp")]})
    validate({"a": [{"wildcard": f"{first}*"} for first in "abcdefghij"]})
    validate({"a": [{"wildcard": "*" + "a" * 9}]})
    for values in (
        [{"wildcard": "a*" * 6}],
        # The opening quote is a prefix of every wildcard.
        [{"wildcard": f"{first}*"} for first in "abcdefghijk"],
        [{"wildcard": "*" + "a" * 10}],
        [{"wildcard": f"*{letter}"} for letter in "abcdef"],
        [{"anything-but": {"wildcard": [f"*{letter}" for letter in "abcdef"]}}],
        [{"wildcard": "*a*"}, {"anything-but": {"wildcard": ["*b*", "*c*", "*d*"]}}],
    ):
        assert reason({"a": values}) == too_complex, values


def test_a_path_twice_only_where_override_is_allowed() -> None:
    for pattern in ('{"a.b": [1], "a": {"b": [2]}}', '{"a": {"b": [1], "b": [2]}}'):
        validate(pattern)
        expected = "Path `a.b` cannot be allowed multiple times"
        assert reason(pattern, allow_override=False) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": [1]', "expected close marker for Object"),
        ('{"a": [1', "expected close marker for Array"),
        ('{"a" [1]}', "was expecting a colon to separate field name and value"),
        ("{a: [1]}", "was expecting double-quote to start field name"),
        ('{"a": [1] "b": [2]}', "was expecting comma to separate Object entries"),
        ('{"a": [1,]}', "expected a valid value"),
        ('{"a": [1],}', "was expecting double-quote to start field name"),
        ('{"a": [yes]}', "Unrecognized token 'yes'"),
        ('{"a": [01]}', "Leading zeroes not allowed"),
        ('{"a": [1.]}', "in numeric value"),
        ('{"a": [-]}', "in numeric value"),
        ('{"a": ["\n"]}', "Illegal unquoted character ((CTRL-CHAR, code 10))"),
        (r'{"a": ["\q"]}', "Unrecognized character escape 'q' (code 113)"),
        (r'{"a": ["\u12"]}', "Invalid unicode escape"),
        ('{"a": ["\\', "Unexpected end-of-input: was expecting closing quote"),
        ('{"a', "Unexpected end-of-input in field name"),
        ('{"a":', "Unexpected end-of-input"),
        ('{"a": [1]} {}', "expected the end of the document"),
        ('{"a": [1}', "Unexpected close marker '}': expected ']' (for Array starting at"),
    ],
)
def test_what_is_not_json_is_neither_pattern_nor_event(text: str, words: str) -> None:
    assert words in reason(text)
    with pytest.raises(EnvelopeError, match="Event is not valid JSON") as refused:
        matches({"a": [1]}, text)
    assert words in str(refused.value)


def test_places_have_line_and_column() -> None:
    assert reason('{\n "a": [1}').endswith("; line: 2, column: 7])")
    assert reason(b'{"a": [1}').endswith('[Source: (byte[])"{"a": [1}"; line: 1, column: 7])')
    assert "[truncated 10 chars]" in reason('{"a": [1}' + " " * 501)


def test_bytes_are_utf8() -> None:
    assert matches('{"é": ["ü"]}'.encode(), '\ufeff{"é": "ü"}'.encode())
    assert reason(b'{"\xff": [1]}') == "Invalid UTF-8 at byte 2"


@pytest.mark.parametrize("event", ["[]", "1", '"x"', "null", b"[]"])
def test_an_event_is_an_object(event: str | bytes) -> None:
    with pytest.raises(EnvelopeError, match="Event must be a JSON object"):
        matches({"a": [1]}, event)


def test_what_json_does_not_have() -> None:
    assert reason({"a": [{1, 2}]}) == "Match value must be String, number, true, false, or null"
    assert reason({1: [1]}) == "Field names must be strings"
    with pytest.raises(EnvelopeError, match="holds a set"):
        matches({"a": [1]}, {"a": {1}})
    with pytest.raises(EnvelopeError, match="is a int, not a string"):
        matches({"a": [1]}, {"a": [1, {2: 3}]})
