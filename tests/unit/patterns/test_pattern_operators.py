"""One leaf against one operator, point by point."""

from decimal import Decimal
from typing import Any

import pytest

from keybus.patterns import matches


def fits(values: str, leaf: str) -> bool:
    """JSON text of a field's values against JSON text of the field."""
    return matches(f'{{"a": {values}}}', f'{{"a": {leaf}}}')


@pytest.mark.parametrize(
    ("values", "leaf", "expected"),
    [
        ('["x"]', '"x"', True),
        ('["x"]', '"X"', False),
        ('["x", "y"]', '"y"', True),
        ("[null]", "null", True),
        ("[null]", '"null"', False),
        ("[null]", "[]", False),
        ("[true]", "true", True),
        ("[true]", "1", False),
        ("[1]", "true", False),
        ("[0]", "false", False),
        ('["true"]', "true", False),
        ('["a.b"]', '"a.b"', True),
        ('[{"exactly": "x"}]', '"x"', True),
        ('[{"exactly": "x"}]', '"xx"', False),
        ('[{"exactly": "1"}]', "1", False),
    ],
)
def test_exact(values: str, leaf: str, expected: bool) -> None:  # noqa: FBT001
    assert fits(values, leaf) is expected


@pytest.mark.parametrize("number", ["300", "300.0", "3e2", "3.0E+2", "30000e-2"])
def test_a_number_is_its_value(number: str) -> None:
    assert fits("[300]", number)
    assert fits(f"[{number}]", "300")
    assert fits(f'[{{"numeric": ["=", {number}]}}]', "300")
    assert not fits(f"[{number}]", f'"{number}"')
    assert not fits(f'["{number}"]', number)


def test_negative_zero_is_zero() -> None:
    assert fits("[0]", "-0.0")
    assert fits('[{"numeric": ["=", 0]}]', "-0")


@pytest.mark.parametrize("number", ["1e400", "12345678901234567891", "0.12345678901234567891"])
def test_a_number_that_no_double_holds_matches_by_its_text_alone(number: str) -> None:
    assert fits(f"[{number}]", number)
    assert not fits(f"[{number}]", f"{number}0" if "." in number else f"1{number}")
    assert not fits('[{"numeric": [">", -1]}]', number)
    assert not fits('[{"numeric": ["<", 1e300]}]', number)


def test_the_old_limit_of_five_billion_is_gone() -> None:
    assert fits('[{"numeric": [">", 5000000000]}]', "123456789012")
    assert fits('[{"numeric": ["<", -6e9]}]', "-7e9")


@pytest.mark.parametrize(
    ("test", "inside", "outside"),
    [
        ('"=", 5', ["5", "5.0"], ["4.9", "6"]),
        ('"<", 5', ["4.999", "-1e9"], ["5", "6"]),
        ('"<=", 5', ["5", "4"], ["5.001"]),
        ('">", 5', ["5.001", "1e9"], ["5", "4"]),
        ('">=", 5', ["5", "6"], ["4.999"]),
        ('">", 0, "<", 5', ["0.1", "4.9"], ["0", "5"]),
        ('">=", 0, "<", 5', ["0", "4.9"], ["-0.1", "5"]),
        ('">", 0, "<=", 5', ["0.1", "5"], ["0", "5.1"]),
        ('">=", 0, "<=", 5', ["0", "5"], ["-0.1", "5.1"]),
    ],
)
def test_numeric(test: str, inside: list[str], outside: list[str]) -> None:
    values = f'[{{"numeric": [{test}]}}]'
    assert [leaf for leaf in inside + outside if fits(values, leaf)] == inside
    assert not fits(values, '"3"')
    assert not fits(values, "null")
    assert not fits(values, "true")


def test_affixes() -> None:
    assert fits('[{"prefix": "ab"}]', '"abc"')
    assert not fits('[{"prefix": "ab"}]', '"Abc"')
    assert fits('[{"suffix": "bc"}]', '"abc"')
    assert not fits('[{"suffix": "bc"}]', '"abC"')
    assert not fits('[{"prefix": "abc"}]', '"ab"')


@pytest.mark.parametrize("operator", ["prefix", "suffix"])
def test_an_empty_affix_matches_strings_only(operator: str) -> None:
    values = f'[{{"{operator}": ""}}]'
    assert fits(values, '""')
    assert fits(values, '"x"')
    assert not fits(values, "1")
    assert not fits(values, "null")


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("aBc", "AbC", True),
        ("aBc", "abcd", False),
        ("", "", True),
        ("ß", "SS", True),
        ("ß", "ß", True),
        ("ß", "ss", False),
        ("SS", "ß", False),
        ("k", "\u212a", False),
        ("\u212a", "k", True),
        ("ßx", "SSX", True),
        ("Ⱥ", "ⱥ", True),
        ("\U00010400", "\U00010428", True),
    ],
)
def test_case_is_the_patterns_characters(pattern: str, text: str, expected: bool) -> None:  # noqa: FBT001
    forms: list[tuple[Any, str]] = [
        ({"equals-ignore-case": pattern}, text),
        ({"prefix": {"equals-ignore-case": f"<{pattern}>"}}, f"<{text}>z"),
        ({"suffix": {"equals-ignore-case": f"<{pattern}>"}}, f"z<{text}>"),
    ]
    for operator, leaf in forms:
        assert matches({"a": [operator]}, {"a": leaf}) is expected, operator
    assert matches({"a": [{"anything-but": {"equals-ignore-case": pattern}}]}, {"a": text}) is (
        not expected
    )


@pytest.mark.parametrize(
    ("wildcard", "inside", "outside"),
    [
        ("*", ["", "a", "a\nb"], []),
        ("a*c", ["ac", "abc", "a\nc", "acac"], ["a", "c", "acb"]),
        ("*a*", ["a", "bab"], ["", "b"]),
        ("a*a", ["aa", "aba"], ["a"]),
        ("a*b*b", ["abb", "axbxb"], ["ab"]),
        (r"a\*b", ["a*b"], ["a*", "axb", r"a\*b"]),
        (r"a\\*", ["a\\", "a\\x"], ["a", "a*"]),
        ("plain", ["plain"], ["plain "]),
        ("", [""], ["a"]),
    ],
)
def test_wildcard(wildcard: str, inside: list[str], outside: list[str]) -> None:
    for text in inside + outside:
        expected = text in inside
        assert matches({"a": [{"wildcard": wildcard}]}, {"a": text}) is expected, text
        negated = {"a": [{"anything-but": {"wildcard": [wildcard]}}]}
        assert matches(negated, {"a": text}) is not expected, text
    assert not matches({"a": [{"wildcard": wildcard}]}, {"a": 1})


@pytest.mark.parametrize(
    ("block", "inside", "outside"),
    [
        ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "010.001.0.1"], ["11.0.0.0", "10.0.0"]),
        ("10.0.0.77/24", ["10.0.0.0", "10.0.0.255"], ["10.0.1.0"]),
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255", "::ffff:a00:1"], ["::1", "1.2.3.256"]),
        ("2001:db8::/32", ["2001:db8::1", "2001:0DB8:0:0::ffff"], ["2001:db9::", "1.2.3.4"]),
        ("::/127", ["::", "0:0:0:0:0:0:0:1"], ["::2", ":::", "1::2::3", "1:2"]),
    ],
)
def test_cidr(block: str, inside: list[str], outside: list[str]) -> None:
    for text in inside + outside:
        assert matches({"a": [{"cidr": block}]}, {"a": text}) is (text in inside), text
    assert not matches({"a": [{"cidr": block}]}, {"a": 10})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("10.0.0.1", "010.0.0.1", True),
        ("10.0.0.1", "::ffff:a00:1", True),
        ("10.0.0.1", "::a00:1", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("300.0.0.1", "300.0.0.1", True),
        ("08:23", "8:23", False),
    ],
)
def test_a_plain_string_that_is_an_address_matches_the_address(
    pattern: str,
    text: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert matches({"a": [pattern]}, {"a": text}) is expected
    assert matches({"a": [{"exactly": pattern}]}, {"a": text}) is (pattern == text)


@pytest.mark.parametrize(
    ("refused", "passing", "failing"),
    [
        ('"x"', ['"y"', "null", "true", "1", '"X"'], ['"x"']),
        ('["x", "y"]', ['"z"', "0"], ['"x"', '"y"']),
        ("1", ["2", '"1"', "null", "1e400"], ["1", "1.0"]),
        ("[1, 2]", ["3", '"1"'], ["2", "1e0"]),
        ('{"prefix": "x"}', ['"y"', "1", "null"], ['"x"', '"xy"']),
        ('{"prefix": ["x", "y"]}', ['"z"'], ['"xz"', '"yz"']),
        ('{"suffix": ["x", "y"]}', ['"z"'], ['"zx"', '"zy"']),
        ('{"equals-ignore-case": ["x", "y"]}', ['"z"', "1"], ['"X"', '"y"']),
        ('{"equals-ignore-case": ""}', ['"z"', "null"], ['""']),
        ('{"wildcard": ["x*", "*y"]}', ['"z"', "1"], ['"xz"', '"zy"']),
    ],
)
def test_anything_but(refused: str, passing: list[str], failing: list[str]) -> None:
    values = f'[{{"anything-but": {refused}}}]'
    assert [leaf for leaf in passing + failing if fits(values, leaf)] == passing
    assert not fits(values, "[]")
    assert not matches(f'{{"a": {values}}}', "{}")


def test_each_anything_but_is_a_branch_of_its_own() -> None:
    assert fits('[{"anything-but": "x"}, {"anything-but": "y"}]', '"x"')


def test_decoded_numbers() -> None:
    assert matches({"a": [300]}, {"a": Decimal("3E+2")})
    assert matches({"a": [Decimal("0.1")]}, {"a": 0.1})
    assert matches({"a": [2**64]}, {"a": 2**64})
    assert matches({"a": [2**64 + 1]}, '{"a": 18446744073709551617}')
    assert not matches({"a": [2**64]}, {"a": 2**64 + 1})
    assert not matches({"a": [{"numeric": [">", 0]}]}, {"a": float("inf")})
    assert not matches({"a": [{"numeric": [">", 0]}]}, {"a": float("nan")})
