"""Why an event does not match: the verdict is the evaluator's, and every word of it is true."""

import json
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.errors import EnvelopeError, PatternError
from keybus.patterns import (
    AlternativeOutcome,
    Explanation,
    FieldOutcome,
    Pattern,
    explain,
    matches,
)
from tests.unit.patterns.test_pattern_corpora import PAIRS
from tests.unit.patterns.test_pattern_laws import (
    events,
    flat_patterns,
    items,
    operators,
    paths,
    simple,
    trees,
)

pytestmark = pytest.mark.timeout(60)

QUICK_AND_LONG: Final = pytest.mark.parametrize(
    "times", [1, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)


def only(pattern: Any, event: Any) -> AlternativeOutcome:
    [alternative] = explain(pattern, event).alternatives
    return alternative


def field(values: list[Any], event: Any, path: str = "x") -> FieldOutcome:
    [found] = only({path: values}, event).fields
    return found


def told(values: list[Any], value: object) -> str:
    """The whole line about a field, without its mark and name."""
    line = str(field(values, {"x": value}))
    assert line.startswith("✗ x: ")
    return line.removeprefix("✗ x: ")


# Laws


def check(pattern: dict[str, Any], event: Any) -> None:
    """All laws of an explanation of a pattern without `$or`, its keys being paths."""
    [one] = explain(pattern, event).alternatives
    assert one.matched is matches(pattern, event)
    assert [outcome.path for outcome in one.fields] == list(pattern)
    failed = [outcome for outcome in one.fields if not outcome.matched]
    assert one.matched is not bool(failed or one.disagreements)
    for outcome in failed:
        assert not matches({outcome.path: pattern[outcome.path]}, event), outcome
    for group in one.disagreements:
        together = {part.path: pattern[part.path] for part in group.fields}
        assert not matches(together, event), group
        for path, values in together.items():
            assert matches({path: values}, event)
    for outcome in one.fields:
        if outcome.value:
            # What is pointed at is what is spoken of.
            assert outcome.value == json.dumps(at(event, outcome.pointer), ensure_ascii=False)
            alone = matches({"leaf": pattern[outcome.path]}, {"leaf": at(event, outcome.pointer)})
            assert alone is outcome.matched


def at(event: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        event = event[int(key)] if isinstance(event, list) else event[key]
    return event


@QUICK_AND_LONG
def test_the_laws(times: int) -> None:
    @settings(max_examples=100 * times)
    @given(pattern=flat_patterns, event=events)
    def hold(pattern: dict[str, Any], event: dict[str, Any]) -> None:
        check(pattern, event)

    hold()


@QUICK_AND_LONG
def test_the_laws_on_arrays(times: int) -> None:
    @settings(max_examples=75 * times)
    @given(
        pattern=st.dictionaries(paths, simple, min_size=2, max_size=5),
        event=st.fixed_dictionaries({"a": items, "b": items, "a-b": items}),
    )
    def hold(pattern: dict[str, Any], event: dict[str, Any]) -> None:
        check(pattern, event)

    hold()


objects = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([0, 1, "a"]), max_size=3), max_size=4
)


@QUICK_AND_LONG
def test_the_laws_where_elements_disagree(times: int) -> None:
    @settings(max_examples=100 * times)
    @given(
        pattern=st.dictionaries(
            st.sampled_from(["o.a", "o.b", "o.c", "p.a", "p.b"]), simple, min_size=2
        ),
        event=st.fixed_dictionaries({"o": objects, "p": objects}),
    )
    def hold(pattern: dict[str, Any], event: dict[str, Any]) -> None:
        check(pattern, event)

    hold()


@given(
    pattern=flat_patterns,
    branches=st.lists(flat_patterns, min_size=2, max_size=3),
    event=events,
)
def test_the_laws_of_or(
    pattern: dict[str, Any], branches: list[dict[str, Any]], event: dict[str, Any]
) -> None:
    whole = {**pattern, "$or": branches}
    explained = explain(whole, event)
    assert explained.matched is matches(whole, event)
    assert [one.branch for one in explained.alternatives] == [
        f"$or[{number}]" for number in range(len(branches))
    ]
    for one, branch in zip(explained.alternatives, branches, strict=True):
        assert one.matched is matches(pattern | branch, event)
    assert explained.left_out == 0


anything = st.one_of(trees, st.text(), st.floats(), st.integers())


@given(
    values=st.lists(
        operators | st.builds(lambda text: {"prefix": text}, st.text()), min_size=1, max_size=2
    ),
    event=st.dictionaries(st.text(), anything),
    path=st.text(),
)
def test_any_text_can_be_printed(values: list[Any], event: dict[str, Any], path: str) -> None:
    pattern = {path: values, f"{path}x": ["\ud800", {"exists": False}]}
    explained = explain(pattern, event)
    assert explained.matched is matches(pattern, event)
    text = str(explained)
    assert text.replace("\n", "").isprintable()
    json_text = msgspec.json.encode(explained)
    assert msgspec.json.decode(json_text, type=Explanation) == explained


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["from"])
def test_the_corpus(pair: dict[str, Any]) -> None:
    explained = explain(pair["pattern"], pair["event"])
    assert explained.matched is pair["matches"]
    assert str(explained).startswith("match" if pair["matches"] else "no match")


# Sentences


@pytest.mark.parametrize(
    ("values", "value", "line"),
    [
        (["a"], "b", '"b" is not "a" (at /x)'),
        (["a", "b"], "c", '"c" is none of "a", "b" (at /x)'),
        (list("abcdefg"), "x", '"x" is none of "a", "b", "c", "d", "e", and 2 more (at /x)'),
        ([{"prefix": "a"}], 5, "5 is a number, and only strings can have a prefix (at /x)"),
        ([{"suffix": "a"}], None, "the value is null, and only strings can have a suffix (at /x)"),
        ([{"suffix": "a"}], "b", '"b" does not end with "a" (at /x)'),
        (
            [{"prefix": {"equals-ignore-case": "A"}}],
            "b",
            '"b" does not begin with "a" in any case (at /x)',
        ),
        ([{"equals-ignore-case": "A"}], "b", '"b" is not "a" in any case (at /x)'),
        ([{"numeric": [">", 5]}], 5, "5 is not greater than 5 (at /x)"),
        ([{"numeric": [">=", 0, "<", 5]}], 5, "5 is not less than 5 (at /x)"),
        ([{"numeric": [">=", 0, "<", 5]}], -1, "-1 is not at least 0 (at /x)"),
        ([{"numeric": ["=", 0.5]}], 5, "5 is not equal to 0.5 (at /x)"),
        (
            [{"numeric": ["<=", 5]}],
            "5",
            '"5" is a string, and only numbers can be at most 5 (at /x); publish it as a number',
        ),
        ([{"cidr": "10.0.0.0/16"}], "10.1.0.1", '"10.1.0.1" is not in 10.0.0.0/16 (at /x)'),
        (
            [{"cidr": "2001:db8::/32"}],
            "x",
            ('"x" is not an IP address, while the pattern asks for an IP address in '
            "2001:db8::/32 (at /x)"),
        ),
        (["10.0.0.1"], "10.0.0.2", '"10.0.0.2" is not the IP address 10.0.0.1 (at /x)'),
        (
            ["300"],
            300,
            ('300 is a number, while the pattern asks for the string "300" (at /x); '
            "without quotes the pattern would ask for 300"),
        ),
        (
            [300],
            "300",
            ('"300" is a string, while the pattern asks for the number 300 (at /x); '
            "publish it as a number, or put the pattern's in quotes"),
        ),
        (
            [True],
            "true",
            ('"true" is a string, while the pattern asks for the boolean true (at /x); '
            "publish it as true, without quotes"),
        ),
        ([None], 0, "0 is a number, while the pattern asks for null (at /x)"),
        (
            ["a", {"prefix": "b"}],
            1,
            ('1 is a number, while the pattern asks for strings: "a", a string that begins with '
            '"b" (at /x)'),
        ),
        (
            ["a", {"numeric": ["<", 1]}],
            1,
            '1 is none of these: "a"; a number less than 1 (at /x)',
        ),
        (
            [{"anything-but": ["a", "b"]}],
            "b",
            '"b" is refused: the pattern asks for anything but "b" (at /x)',
        ),
        (
            [{"anything-but": {"prefix": ["a", "b"]}}],
            "bc",
            ('"bc" is refused: the pattern asks for anything but a string that begins with "b" '
            "(at /x)"),
        ),
        (
            [{"wildcard": "a*c"}],
            "ab",
            '"ab" does not fit the wildcard: it does not end with "c" (at /x)',
        ),
        (
            [{"wildcard": "a*c*d"}],
            "abd",
            '"abd" does not fit the wildcard: it has no "c" after "a" (at /x)',
        ),
        (
            [{"wildcard": "ab*bc"}],
            "abc",
            '"abc" does not fit the wildcard: its parts overlap (at /x)',
        ),
        (["abc"], "ABC", ('"ABC" is not "abc" (at /x); only the case differs, and '
         '"equals-ignore-case" would ignore it')),
        (
            [{"prefix": "Ab"}],
            "abc",
            (
                '"abc" does not begin with "Ab" (at /x); only the case differs, and '
                '"equals-ignore-case" would ignore it'
            ),
        ),
        (
            [{"wildcard": "Ab*"}],
            "abc",
            (
                '"abc" does not fit the wildcard: it does not begin with "Ab" (at /x); only the '
                "case differs"
            ),
        ),
        # "equals-ignore-case" goes by the pattern's characters: k refuses a Kelvin sign.
        (["k"], "\u212a", '"\u212a" is not "k" (at /x)'),
        (["\u212a"], "k", ('"k" is not "\u212a" (at /x); only the case differs, and '
         '"equals-ignore-case" would ignore it')),
        (["abc"], " abc", '" abc" is not "abc" (at /x); the value has blanks around it'),
        (["abc "], "abc", '"abc" is not "abc " (at /x); the pattern\'s value has blanks around it'),
        (
            ["ab*"],
            "abc",
            ('"abc" is not "ab*" (at /x); a star stands for itself here; {"wildcard": "ab*"} would '
            "match"),
        ),
        (["IN_GARAG"], "IN_GARAGE", ('"IN_GARAGE" is not "IN_GARAG" (at /x); it is nearly '
         '"IN_GARAG"')),
        (["a", "b"], ["c", "d"], 'none of its 2 values ("c", "d") is one of: "a", "b" (at /x/0)'),
        ([{"exists": False}], 1, "must be absent, but is present: 1 (at /x)"),
        ([{"exists": False}, "a"], "b", '"b" is not "a", nor is it absent (at /x)'),
        ([{"exists": True}], [], "counts as absent, because it is an empty array (at /x)"),
        ([{"exists": True}], [{}], "counts as absent, because it is an empty object (at /x/0)"),
        (
            [{"exists": True}],
            {"a": 1},
            "counts as absent, because it is an object; name the fields in it (at /x)",
        ),
    ],
)  # fmt: skip
def test_the_first_thing_that_failed(values: list[Any], value: object, line: str) -> None:
    assert told(values, value) == line


def test_numbers_that_no_double_holds() -> None:
    event = '{"x": 1e400}'
    assert "1e400 cannot be compared, because no double holds it" in str(
        explain({"x": [{"numeric": [">", 0]}]}, event)
    )
    assert "1e400 compares by its digits only" in str(explain({"x": [1]}, event))
    assert "1e500 compares by its digits only" in str(explain('{"x": [1e500]}', {"x": 1}))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("nothing", 'nothing: is absent: the event has no field "nothing"'),
        (
            "detail.statsu",
            (
                'detail.statsu: is absent: "detail" has no field "statsu" (at /detail); did you mean '
                '"status"?'
            ),
        ),
        (
            "detail.Status",
            (
                'detail.Status: is absent: "detail" has no field "Status" (at /detail); there is '
                '"status", which differs only in case'
            ),
        ),
        (
            "status",
            'status: is absent: the event has no field "status"; the event has "detail.status"',
        ),
        (
            "detail.source",
            (
                'detail.source: is absent: "detail" has no field "source" (at /detail); the event has '
                '"source"'
            ),
        ),
        (
            "detail.status.code",
            (
                'detail.status.code: is absent, because "detail.status" is a string, not an object '
                "(at /detail/status)"
            ),
        ),
        (
            "detail.body.a",
            (
                'detail.body.a: is absent, because "detail.body" is a string, not an object '
                "(at /detail/body); it looks like JSON inside a string; publish it as an object"
            ),
        ),
        (
            "detail.items.sku",
            'detail.items.sku: is absent: none of the 2 objects of "detail.items" has "sku"',
        ),
    ],
)
def test_what_is_there_instead(path: str, line: str) -> None:
    event = {
        "source": "s",
        "detail": {"status": "x", "body": '{"a": 1}', "items": [{"a": 1}, {"b": 1}]},
    }
    for source in (event, json.dumps(event)):
        assert str(field([{"exists": True}], source, path)) == f"✗ {line}"


def test_what_matched_and_where() -> None:
    event = {"a": [{"b": "x"}, {"b": "y", "c~/": 7}]}
    one = only({"a": {"b": [{"prefix": "y"}], "c~/": [{"numeric": [">", 5]}]}}, event)
    assert [(it.operator, it.value, it.pointer) for it in one.fields] == [
        ('{"prefix": "y"}', '"y"', "/a/1/b"),
        ('{"numeric": [">", 5]}', "7", "/a/1/c~0~1"),
    ]
    assert str(one.fields[1]) == "✓ a.c~/: 7 is a number greater than 5 (at /a/1/c~0~1)"
    assert field([{"exists": False}], {}).reason == "is absent, as the pattern asks"
    assert field([{"exists": True}], {"x": None}).reason == "null is there"


@pytest.mark.parametrize(
    "values",
    [
        ['"a"', "true", "null", "1.5", '{"exists": true}'],
        ['{"prefix": {"equals-ignore-case": "a"}}', '{"suffix": {"equals-ignore-case": "a"}}'],
        ['{"equals-ignore-case": "a"}', '{"suffix": "a"}', '{"wildcard": "\\\\**\\\\\\\\"}'],
        ['{"exists": false}', '"10.0.0.1"', '{"exactly": "10.0.0.1"}', '{"cidr": "10.0.0.0/8"}'],
        ['{"anything-but": ["a", "b"]}', '{"anything-but": [1]}', '{"numeric": ["=", 1]}'],
        ['{"anything-but": {"suffix": ["a", "b"]}}', '{"anything-but": {"wildcard": ["*"]}}'],
        ['{"anything-but": {"equals-ignore-case": ["a"]}}', '{"numeric": [">=", 0, "<=", 1.5]}'],
    ],
)
def test_what_is_expected_is_said_in_the_patterns_own_words(values: list[str]) -> None:
    written = f"[{', '.join(values)}]"
    [found] = only(f'{{"x": {written}}}', {}).fields
    assert found.expected == written


# Arrays


ITEMS = {"o": {"items": [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}, {"sku": "A", "n": 3}]}}


def test_fields_that_match_in_different_elements() -> None:
    pattern = {"o": {"items": {"sku": ["A"], "n": [2]}}, "p": [{"exists": False}]}
    one = only(pattern, ITEMS)
    assert all(outcome.matched for outcome in one.fields)
    [group] = one.disagreements
    assert group.array == "o.items"
    assert {part.path: part.elements for part in group.fields} == {
        "o.items.sku": (0, 2),
        "o.items.n": (1,),
    }
    assert group.fields[0].pointers == ("/o/items/1/n",)
    assert str(group) == (
        "✗ o.items: each of these fields matches somewhere, but no single element of the array "
        "o.items satisfies them all: o.items.n in element 1; o.items.sku in elements 0, 2"
    )


def test_only_the_fields_that_disagree_are_named() -> None:
    event = {"o": [{"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 2, "c": 2}], "p": [{"a": 1}, {}]}
    one = only({"o": {"a": [1], "b": [1], "c": [2]}, "p": {"a": [1]}}, event)
    [group] = one.disagreements
    assert [part.path for part in group.fields] == ["o.b", "o.c"]
    nested = {"o": [{"p": [{"a": 1}, {"b": 2}]}, {"p": [{"a": 3}, {"b": 4}]}]}
    [group] = only({"o": {"p": {"a": [1], "b": [2]}}}, nested).disagreements
    assert group.array == "o.p"
    [group] = only({"o": {"p": {"a": [1], "b": [4]}}}, nested).disagreements
    assert group.array == "o"


def test_absence_in_arrays() -> None:
    pattern = {"a": {"b": [2], "c": [{"exists": False}]}}
    matched = only(pattern, {"a": [{"c": 1}, {"b": 2}]})
    assert matched.fields[1].reason == (
        "is absent from the chosen array element, as the pattern asks"
    )
    failed = only(pattern, {"a": [{"c": 1, "b": 2}, {"x": 2}]})
    assert [outcome.matched for outcome in failed.fields] == [True, False]
    assert failed.fields[1].hint == ""
    early = only({"a": {"b": [{"exists": False}], "c": [2]}}, {"a": [{"b": 1}, {"c": 2}]})
    assert early.fields[0].reason == "must be absent, but is present: 1"
    assert "fields are taken in the order of their paths" in early.fields[0].hint
    # Whoever fails otherwise does not make absence fail.
    other = only({"a": {"b": [2], "c": [{"exists": False}], "d": [9]}}, {"a": [{"c": 1}, {"b": 2}]})
    assert [outcome.matched for outcome in other.fields] == [True, True, False]


# Alternatives


def test_alternatives_are_named_by_their_branches() -> None:
    pattern = {
        "s": ["x"],
        "d": {"$or": [{"a": [1]}, {"e": {"$or": [{"b": [2]}, {"c": [3]}]}}]},
    }
    explained = explain(pattern, {"s": "x", "d": {"e": {"c": 4}}})
    assert [one.branch for one in explained.alternatives] == [
        "d.$or[0]",
        "d.$or[1], d.e.$or[0]",
        "d.$or[1], d.e.$or[1]",
    ]
    lines = str(explained).splitlines()
    assert lines[0] == "no match: none of 3 alternatives is satisfied"
    assert lines[1:4] == [
        "d.$or[0]:",
        '  ✗ d.a: is absent: "d" has no field "a" (at /d)',
        '  ✓ s: "x" is "x" (at /s)',
    ]
    text = str(explain(pattern, {"s": "x", "d": {"e": {"c": 3}}}))
    assert text.splitlines()[:2] == ["match", "d.$or[1], d.e.$or[1]:"]


def test_the_nearest_alternatives_come_first() -> None:
    branches = [{"a": [1], "b": [1]}, {"a": [1], "c": [2]}] + [{"d": [1], "e": [1]}] * 9
    explained = explain({"$or": branches}, {"a": 1})
    assert explained.nearest[0].branch == "$or[0]"
    assert explained.nearest[0].failures == 1
    lines = str(explained).splitlines()
    assert lines[-1] == "and 6 more"


# Bounds and errors


def test_many_alternatives() -> None:
    branches = {f"k{at}": {"$or": [{"a": [1]}, {"b": [1]}]} for at in range(9)}
    explained = explain(branches, {f"k{at}": [{"b": 1}] * 50 for at in range(9)})
    assert explained.matched
    assert len(explained.alternatives) + explained.left_out == 512
    assert any(one.matched for one in explained.alternatives)
    assert not explain(branches, {}).matched


def test_texts_are_short_and_printable() -> None:
    long, secret = "x" * 100_000, "\x1b[31m\u202e"
    pattern = {"a": [long, {"prefix": long}], f"{long}.b": [secret]}
    explained = explain(pattern, {"a": long[1:] + "y", "c": "hidden"})
    for text in (str(explained), msgspec.json.encode(explained).decode()):
        assert len(text) < 5_000
        assert "\x1b" not in text
        assert "hidden" not in text
        assert "… (100,000 characters)" in text


HURTS = {"a": {f"x{which}": [1] for which in range(12)}}
HURT = "{" + ",".join(['"a": [' + ",".join(f'{{"{x}": 1}}' for x in HURTS["a"]) + "]"] * 40) + "}"


@pytest.mark.long
def test_what_hurts_the_evaluator() -> None:
    with pytest.raises(EnvelopeError, match="too many combinations"):
        explain(HURTS, HURT)


def test_what_hurts_behind_what_is_satisfied() -> None:
    # The evaluator stops at the first alternative, and so does the verdict.
    explained = explain(json.dumps({"$or": [{"a.x0": [1]}, HURTS]}), HURT)
    assert explained.matched
    assert explained.left_out == 1


@pytest.mark.parametrize("depth", [998, pytest.param(100_000, marks=pytest.mark.long)])
def test_depth(depth: int) -> None:
    event = '{"x": 1, "a": ' + '{"a":' * depth + "1" + "}" * (depth + 1)
    explained = explain({"x": [2], "a": {"a": [{"exists": True}], "b": [1]}}, event)
    assert not explained.matched
    assert "is an object" in str(explained)
    arrays = '{"a":' + "[" * depth + "1" + "]" * depth + "}"
    assert len(str(explain({"a": [2]}, arrays))) < 1_000


def test_many_fields_over_a_large_event() -> None:
    event = {"detail": {f"field{at}": at for at in range(20_000)}}
    pattern = {"detail": {f"feild{at}": [at] for at in range(2_000)}}
    explained = explain(pattern, event)
    assert explained.alternatives[0].failures == 2_000


def test_names_that_are_all_alike() -> None:
    event = {f"{'q' * 95}{at}": at for at in range(2_000)}
    pattern = {f"{'q' * 90}z{at}": [at] for at in range(500)}
    hints = [field.hint for field in only(pattern, event).fields if field.hint]
    assert 0 < len(hints) < 20


def test_many_fields_over_large_arrays() -> None:
    event = {"a": [{f"k{which}": at for which in range(20)} for at in range(2_000)]}
    pattern = {"a": {f"k{which}": [which, -1] for which in range(20)}}
    [group] = only(pattern, event).disagreements
    assert group.array == "a"


def test_events_that_are_not_json_inside() -> None:
    pattern = Pattern.parse({"a": {"b": [1]}, "c": [2]})
    assert not pattern.explain({"a": {"c": {1, 2}}, "d": object()}).matched
    with pytest.raises(EnvelopeError):
        pattern.explain({"c": {1, 2}})
    with pytest.raises(EnvelopeError, match="must be a JSON object"):
        pattern.explain("[]")
    with pytest.raises(PatternError, match="must be an object or an array"):
        explain({"a": 1}, {})
