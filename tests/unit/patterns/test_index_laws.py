"""The index answers what trying every pattern with the plain evaluator answers.

Patterns and events are drawn as JSON text from one small vocabulary, so that they meet: every law
also says which share of its comparisons has to be a match.
"""

import json
from collections.abc import Iterable, Sequence
from threading import Barrier, Thread
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keybus.errors import EnvelopeError, PatternError
from keybus.patterns import Pattern, PatternIndex, has_unique_names
from tests.unit.patterns.test_pattern_laws import events, flat_patterns, items, paths, simple

Texts: TypeAlias = dict[str, str]

QUICK_AND_LONG: Final = pytest.mark.parametrize(
    "times", [1, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(600)])]
)


# ---- vocabulary: every string is JSON text --------------------------------------------------

WORDS: tuple[str, ...] = (
    "",
    "a",
    "A",
    "ab",
    "aB",
    "ba",
    "abc",
    "k",
    "K",
    "\u212a",
    "ß",
    "SS",
    "ss",
    "ẞ",
    "İ",
)
WORDS += ("i̇", "i", "ǆ", "ǅ", "ﬁ", "FI", "Σ", "ς", "*", "\\", "a*b", "a\\b", "a:b", "\n", "é")
ADDRESSES: tuple[str, ...] = (
    "10.0.0.1",
    "010.0.0.1",
    "10.0.0.7",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:a00:1",
    "1",
)
TEXTS = (*WORDS, *ADDRESSES, "300", "true", "null", "😀")
ODD_TEXTS: tuple[str, ...] = (
    r'"\u0061"',
    r'"\ud800"',
    r'"\ud800a"',
    r'"\u212A"',
    r'"a\u003ab"',
    r'"\""',
    r'"\/"',
)
NUMBERS: tuple[str, ...] = (
    "0",
    "-0",
    "0.0",
    "-0.0",
    "1",
    "1.0",
    "10e-1",
    "2",
    "0.5",
    "-1",
    "300",
    "300.0",
    "3e2",
)
NUMBERS += ("3E+2", "30000e-2", "27.807807921694092", "27.807807921694092001", "5e-324", "1e-400")
NUMBERS += ("1e22", "10000000000000000000000", "12345678901234567890", "12345678901234567891")
NUMBERS += ("9007199254740993", "9007199254740992", "18446744073709551616", "-9223372036854775809")
NUMBERS += ("1.7976931348623157e308", "1e400", "-1e400", "100000000000000000000000", "9" * 400)
ENDS: tuple[str, ...] = ("-1e308", "-1e10", "-1", "0", "0.5", "1", "2", "27.807807921694092")
ENDS += ("300", "9007199254740992", "1e22", "1e308", "1.0000000000000002")
ENDS += ("-1.7976931348623157e308", "1.7976931348623157e308")
KEYS: tuple[str, ...] = ("a", "b", "c", "a-b", "a.", "", "é", "__class__")
ODD_KEYS: tuple[str, ...] = ("a.b", "a.b.c", "b.c", ".", r"\u0061", r"\ud800", r"\"", r"a\u002eb")
PATHS: tuple[str, ...] = (
    "a",
    "b",
    "c",
    "a.a",
    "a.b",
    "a.c",
    "a.b.c",
    "a.b.a",
    "b.a",
    "b.b.c",
    "c.a",
    "a-b",
    "a-b.a",
)
PATHS += ("a.", "", ".b", ".c", "é", "__class__", "b.é", "a.b.c.a.b.c.a")
ODD_PATHS: tuple[str, ...] = (r"\ud800", r"a.\ud800", r"\"", r"\u0061.c", ".".join("ab" * 13))


def written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# What comes first is drawn most: there has to be something that patterns and events agree on.
texts = st.sampled_from([written(text) for text in (*TEXTS[:5] * 8, *TEXTS)])
any_texts = st.one_of(texts, texts, texts, st.sampled_from(ODD_TEXTS))
numbers = st.sampled_from((*NUMBERS[:8] * 3, *NUMBERS))
constants = st.sampled_from(["true", "false", "null"])
leaves = st.one_of(any_texts, any_texts, numbers, constants)


# ---- patterns -------------------------------------------------------------------------------


def named(name: str, value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return value.map(lambda inner: f'{{"{name}": {inner}}}')


def listed(value: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(value, min_size=1, max_size=most).map(lambda some: f"[{', '.join(some)}]")


def one_or_many(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return value | listed(value)


wildcards = st.sampled_from(
    [
        written(text)
        for text in (
            "*",
            "a*",
            "*a",
            "*b*",
            "a*b",
            "*.0.0.*",
            r"\*",
            r"a\*b",
            r"*\\*",
            "a",
            "",
            "ß*",
        )
    ]
    + [r'"\ud800*"']
)
any_case = named("equals-ignore-case", any_texts)
single_ends = st.builds(
    lambda sign, end: f'["{sign}", {end}]',
    st.sampled_from(["=", "<", "<=", ">", ">="]),
    st.sampled_from(ENDS),
)
double_ends = st.builds(
    lambda at, width, low, high: (
        f'["{low}", {ENDS[at]}, "{high}", {ENDS[min(at + width, len(ENDS) - 1)]}]'
    ),
    st.integers(0, len(ENDS) - 2),
    st.integers(1, 4),
    st.sampled_from([">", ">="]),
    st.sampled_from(["<", "<="]),
)
ranges = named("numeric", single_ends | double_ends)
blocks = st.sampled_from(["10.0.0.0/8", "10.0.0.0/30", "::/64", "::1/127", "0.0.0.0/0"])
negations = named(
    "anything-but",
    st.one_of(
        one_or_many(any_texts),
        one_or_many(st.sampled_from(ENDS)),
        named("prefix", one_or_many(any_texts.filter(lambda text: text != '""'))),
        named("suffix", one_or_many(any_texts.filter(lambda text: text != '""'))),
        named("equals-ignore-case", one_or_many(any_texts)),
        named("wildcard", wildcards),
    ),
)
exists = st.sampled_from(['{"exists": true}', '{"exists": false}'])
operators = st.one_of(
    leaves,
    leaves,
    numbers,
    named("exactly", any_texts),
    named("prefix", any_texts | any_case),
    named("suffix", any_texts | any_case),
    any_case,
    named("wildcard", wildcards),
    ranges,
    named("cidr", blocks.map(written)),
    exists,
    negations,
    negations,
)
# What leads to a pattern no better than any other field does, so that many share one way to them.
open_ranges = named(
    "numeric",
    st.builds(
        lambda sign, end: f'["{sign}", {end}]',
        st.sampled_from(["<", "<=", ">", ">="]),
        st.sampled_from(ENDS),
    ),
)
blunt = st.one_of(exists, negations, named("prefix", st.just('""')), open_ranges)
# And the way itself: a deep path is what an index likes best among equal ones.
SHARED: Final = ("z.y.x.w", '["kept by all"]')


def valid(pattern: str) -> bool:
    try:
        Pattern.parse(pattern)
    except PatternError:
        return False
    return True


def obj(members: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in members) + "}"


@st.composite
def some_of(draw: st.DrawFn, one: st.SearchStrategy[str], most: int) -> list[str]:
    """As many as there may be, on average half of them; lists of hypothesis are short."""
    return [draw(one) for _ in range(draw(st.integers(1, most)))]


@st.composite
def patterns_of(
    draw: st.DrawFn, path: st.SearchStrategy[str], values: st.SearchStrategy[str]
) -> str:
    def fields(least: int, most: int) -> list[tuple[str, str]]:
        return draw(st.lists(st.tuples(path, values), min_size=least, max_size=most))

    if (kind := draw(st.integers(0, 5))) < 5:
        return obj(fields(1, 1 if kind < 2 else 3))
    before = fields(0, 1)
    branches = [obj(fields(1, 2)) for _ in range(draw(st.integers(2, 3)))]
    return obj([*before, ("$or", f"[{', '.join(branches)}]")])


@st.composite
def all_paths(draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 15))
    path: str = draw(st.sampled_from(PATHS[:5] if kind < 8 else PATHS if kind < 15 else ODD_PATHS))
    return path


any_patterns = patterns_of(all_paths(), listed(operators, most=8)).filter(valid)


# ---- events ---------------------------------------------------------------------------------


@st.composite
def events_of(draw: st.DrawFn, *, odd: bool) -> str:
    """Objects in objects, or in arrays, with room for every path of some length."""
    leaf = leaves if odd else plain_leaves

    def value(depth: int) -> str:
        kind = draw(st.integers(0, 7 if depth else 4))
        if kind < 4:
            return draw(leaf)
        if kind in (4, 7):
            inner = [draw(leaf) if kind == 4 else value(depth - 1) for _ in range(size())]
            return f"[{', '.join(inner)}]"
        return members(depth - 1)

    def size() -> int:
        return draw(st.integers(0, 3))

    def members(depth: int) -> str:
        found: list[tuple[str, str]] = []
        for _ in range(size() + 1):
            kind = draw(st.integers(0, 7))
            key = draw(
                st.sampled_from(KEYS[:3] if kind < 6 else ODD_KEYS if kind > 6 and odd else KEYS)
            )
            if odd or all(key != name for name, _ in found):
                found.append((key, value(depth)))
        return obj(found)

    return members(3)


plain_leaves = st.one_of(texts, texts, numbers.filter(lambda one: "e400" not in one), constants)
plain_events = events_of(odd=False)
odd_events = events_of(odd=True)
any_events = st.one_of(plain_events, odd_events)


# ---- the law --------------------------------------------------------------------------------


def unique(event: str) -> bool:
    """Whether no object has two members of one name, told by reading every object."""

    def told(members: Sequence[tuple[str, object]]) -> list[object]:
        names = [name for name, _ in members]
        assert len(set(names)) == len(names)
        return [value for _, value in members]

    try:
        json.loads(event, object_pairs_hook=told, parse_int=str)
    except AssertionError:
        return False
    return True


class Tally:
    """How many comparisons there were, and how many of them were matches."""

    def __init__(self) -> None:
        self.compared = self.matched = 0

    def compare(self, index: PatternIndex, parsed: dict[str, Pattern], some: Iterable[str]) -> None:
        """Compare the answers for some events, in the order in which they come."""
        for text in some:
            event = text.encode()
            expected = {name for name, pattern in parsed.items() if pattern.matches(event)}
            names_are_unique = unique(text)
            assert has_unique_names(event) <= names_are_unique
            for told in {False, names_are_unique}:
                names = index.match(event, unique_names=told)
                assert len(set(names)) == len(names)
                assert set(names) == expected
            self.compared += len(parsed)
            self.matched += len(expected)

    def enough(self, comparisons: int, share: float = 0.06) -> bool:
        return self.compared >= comparisons and self.matched >= share * self.compared


def law(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def numbered(some: Sequence[str]) -> Texts:
    return {f"r{at}": pattern for at, pattern in enumerate(some)}


def parsed(some: Texts) -> dict[str, Pattern]:
    return {name: Pattern.parse(pattern) for name, pattern in some.items()}


@QUICK_AND_LONG
@pytest.mark.parametrize("event", [plain_events, any_events], ids=["plain", "odd"])
def test_it_answers_as_trying_each(event: st.SearchStrategy[str], times: int) -> None:
    tally = Tally()

    @law(40 * times)
    @given(
        some=some_of(any_patterns, 40),
        events=some_of(event, 15),
    )
    def holds(some: list[str], events: list[str]) -> None:
        patterns = parsed(numbered(some))
        index = PatternIndex(patterns)
        # Twice, since an index learns from the events that it sees.
        tally.compare(index, patterns, [*events, *events])

    holds()
    assert tally.enough(5_000 * times)


@QUICK_AND_LONG
def test_many_that_are_found_by_one_value(times: int) -> None:
    """Enough alternatives that only differ in fields that tell little to be tried together."""
    tally = Tally()
    others = st.lists(st.tuples(st.sampled_from(PATHS[:9]), listed(blunt, most=2)), max_size=3)
    sharing = others.map(lambda fields: obj([*fields, SHARED])).filter(valid)

    @law(40 * times)
    @given(
        some=some_of(sharing, 40),
        events=some_of(plain_events, 10),
        gone=st.sets(st.integers(0, 39)),
    )
    def holds(some: list[str], events: list[str], gone: set[int]) -> None:
        patterns = parsed(numbered(some))
        index = PatternIndex(patterns)
        found = [
            f'{{"z": {{"y": {{"x": {{"w": ["x", "kept by all"]}}}}}}, {event[1:]}'
            for event in events
        ]
        tally.compare(index, patterns, [*found, *events])
        for name in [f"r{at}" for at in sorted(gone) if at < len(some)]:
            index.remove(name)
            del patterns[name]
        tally.compare(index, patterns, found)

    holds()
    assert tally.enough(2_000 * times)


@QUICK_AND_LONG
def test_many_ranges_of_one_path(times: int) -> None:
    tally = Tally()
    overlapping = parsed(
        {
            f"wide{at}": f'{{"a": [{{"numeric": [">", {-at}, "<=", {at + 1}]}}]}}'
            for at in range(150)
        }
    )
    value = st.one_of(numbers, st.sampled_from(ENDS), st.integers(-260, 260).map(str))
    event = st.one_of(value, listed(value)).map(lambda inner: f'{{"a": {inner}}}')

    @law(30 * times)
    @given(
        some=some_of(listed(st.one_of(ranges, ranges, numbers, negations)), 80),
        events=some_of(event, 15),
        all_of_them=st.booleans(),
    )
    def holds(some: list[str], events: list[str], all_of_them: bool) -> None:  # noqa: FBT001
        patterns = parsed(numbered([pattern for pattern in map(of_a, some) if valid(pattern)]))
        patterns |= overlapping if all_of_them else {}
        tally.compare(PatternIndex(patterns), patterns, events)

    def of_a(values: str) -> str:
        return f'{{"a": {values}}}'

    holds()
    assert tally.enough(5_000 * times)


@QUICK_AND_LONG
def test_changes(times: int) -> None:
    tally = Tally()
    names = st.sampled_from("abcdefghijkl")
    sharing = st.builds(
        lambda fields: obj([*fields, SHARED]),
        st.lists(st.tuples(st.sampled_from(PATHS[:6]), listed(blunt, most=1)), max_size=2),
    ).filter(valid)
    patterns = st.one_of(any_patterns, sharing)
    steps = st.one_of(names, st.dictionaries(names, patterns, min_size=1, max_size=12))

    @law(30 * times)
    @given(
        steps=st.lists(steps, min_size=1, max_size=16),
        events=st.lists(any_events, min_size=1, max_size=3),
    )
    def holds(steps: list[str | Texts], events: list[str]) -> None:
        events += [
            f'{{"z": {{"y": {{"x": {{"w": "kept by all"}}}}}}, {event[1:]}' for event in events
        ]
        index, model = PatternIndex(), dict[str, Pattern]()
        for step in steps:
            if isinstance(step, dict):
                index.update(step)
                model |= parsed(step)
            elif step in model:
                index.remove(step)
                del model[step]
            else:
                with pytest.raises(KeyError):
                    index.remove(step)
            assert set(index) == set(model)
            assert len(index) == len(model)
            tally.compare(index, model, events)
        # However it came about, it is what it would have been from the start.
        tally.compare(PatternIndex(model), model, events)

    holds()
    assert tally.enough(2_000 * times)


# ---- threads --------------------------------------------------------------------------------


def test_threads_match_while_others_change() -> None:
    """A pattern that nobody changes is found by every match, and in the end all is as it should."""
    kept = {"k1": '{"a": ["x"]}', "k2": '{"b": {"c": [1]}, "a": [{"prefix": "x"}]}'}
    index = PatternIndex(kept)
    event = b'{"a": "x", "b": [{"c": 1}, {"c": 2}], "d": 1}'
    rounds, start, wrong = 150, Barrier(4), list[object]()

    def change(own: str) -> None:
        start.wait()
        for at in range(rounds):
            index.update(
                {
                    f"{own}{at % 7}": f'{{"a": [{{"suffix": "{at % 3}"}}], "d": [{at % 2}]}}',
                    f"{own}x": f'{{"b": {{"p{at % 5}": [{{"exists": false}}]}}, "d": [1]}}',
                }
            )
            index.remove(f"{own}{at % 7}")

    def match() -> None:
        start.wait()
        for at in range(rounds * 4):
            names = set(index.match(event if at % 2 else b'{"a": "x%d", "b": {"c": 1}}' % at))
            expected = {"k1", "k2"} if at % 2 else {"k2"}
            if names & kept.keys() != expected or not kept.keys() <= set(index):
                wrong.append(names)

    threads = [Thread(target=change, args=(own,)) for own in "mn"]
    threads += [Thread(target=match) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert set(index) == {*kept, "mx", "nx"}
    assert set(index.match(event)) == {*kept, "mx", "nx"}


# ---- what once went wrong, or might -----------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        ('{"x": [""]}', '{"x": ' + "9" * 400 + "}"),
        ('{"x": [{"exists": true}]}', '{"x": ' + "9" * 100_000 + "}"),
        ('{"x": {"a": [{"exists": false}]}}', '{"x": -' + "9" * 5_000 + "}"),
        ('{"x": [{"exists": true}]}', '{"x": 0.' + "9" * 100_000 + "}"),
        ('{"x": [{"numeric": [">", 0]}]}', '{"x": 27.807807921694092001}'),
        ('{"x": [1e400]}', '{"x": [1, 1e400]}'),
        ('{"x": [{"numeric": ["<", -1.7976931348623157e308]}]}', '{"x": -1e400}'),
        ('{"x": [1], "x.a": [2]}', '{"x": [1.0, {"a": 2}]}'),
        ('{"x": [{"exists": false}], "x.a": [2]}', '{"x": [[1], [{"a": 2}]]}'),
        ('{"x": {"a": [1]}}', '{"x": ' + '{"a":' * 1_000 + "1" + "}" * 1_001),
        ('{"x": [1]}', '{"x": ' + "[" * 1_000 + "1" + "]" * 1_000 + "}"),
        pytest.param(
            '{"y": [1]}',
            '{"x": ' + "[" * 100_000 + "1" + "]" * 100_000 + ', "y": 1}',
            marks=pytest.mark.long,
        ),
        ('{"a": ' * 999 + "[1]" + "}" * 999, '{"a": ' * 999 + "1" + "}" * 999),
        ('{"a.": [1], ".": {"b": [2]}}', '{"a": {"": 1}, "": {"": {"b": 2}}}'),
        ('{"__class__": {"__dict__": [1]}}', '{"__class__": [{"__dict__": 1}]}'),
        ('{"x": [1]}', '\ufeff{"x": 1}'),
        ('{"x": {"a": [1], "b": [2]}}', '{"x": [{"a": 1}], "x": [{"b": 2}]}'),
    ],
)
def test_an_event(pattern: str, event: str) -> None:
    patterns = parsed({"r": pattern, "s": '{"z": [{"exists": false}]}'})
    index, text = PatternIndex(patterns), event.encode()
    expected = {name for name, one in patterns.items() if one.matches(text)}
    assert set(index.match(text)) == expected
    assert set(index.match(text)) == expected


@pytest.mark.parametrize(
    "event",
    [
        *(
            b"",
            b" ",
            b"null",
            b"[]",
            b'[{"x": 1}]',
            b'"x"',
            b'{"x": 1}x',
            b'{"x": 1}\x00',
            b"{x: 1}",
        ),
        *(b'{"x": 1,}', b'{"x": [1,]}', b'{"x": 01}', b'{"x": +1}', b'{"x": 1.}', b'{"x": .5}'),
        *(b'{"x": 1e}', b'{"x": NaN}', b'{"x": -Infinity}', b'{"x": tru}', b'{"x": "a\nb"}'),
        *(b'{"x": "\\q"}', b'{"x": "\\u12"}', b'{"x": "\xff"}', b'{"x": "\xed\xa0\x80"}'),
        *(
            b'{"x": "\xc0\x80"}',
            b'{"x": "\xf4\x90\x80\x80"}',
            b'{"x": {"a": 1}}}',
            b'{"x": {1: 2}}',
        ),
    ],
)
def test_what_is_no_event(event: bytes) -> None:
    index = PatternIndex({"r": '{"x": [{"exists": true}]}', "s": '{"x": {"a": [1]}}'})
    for told in (False, True):
        with pytest.raises(EnvelopeError):
            index.match(event, unique_names=told)


# ---- generators of the plain evaluator's laws -------------------------------------------------

ors = st.builds(
    lambda base, some: {**base, "$or": some},
    flat_patterns,
    st.lists(flat_patterns, min_size=2, max_size=3),
)
rules = st.dictionaries(
    st.sampled_from([f"r{n}" for n in range(30)]), st.one_of(flat_patterns, ors), max_size=14
)
array_events = st.fixed_dictionaries({"a": items, "b": items, "a-b": items})


@pytest.mark.long
@settings(max_examples=150)
@given(some=rules, event=st.one_of(events, array_events))
def test_patterns_and_events_of_the_evaluators_laws(
    some: dict[str, Any], event: dict[str, Any]
) -> None:
    text = json.dumps(event)
    patterns = {name: Pattern.parse(pattern) for name, pattern in some.items()}
    Tally().compare(PatternIndex(some), patterns, [text, text])


@settings(max_examples=150)
@given(
    some=st.dictionaries(
        st.sampled_from([f"r{n}" for n in range(30)]),
        st.dictionaries(paths, simple, min_size=1, max_size=4),
        max_size=20,
    ),
    event=st.one_of(events, array_events),
)
def test_simple_ones_of_the_evaluators_laws(some: dict[str, Any], event: dict[str, Any]) -> None:
    patterns = {name: Pattern.parse(pattern) for name, pattern in some.items()}
    Tally().compare(PatternIndex(some), patterns, [json.dumps(event)])
