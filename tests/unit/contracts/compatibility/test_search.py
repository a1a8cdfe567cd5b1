"""The law: breaking means that an event exists, compatible means that none does.

Budget: a quick run tries 12 pairs of schemas for each draft and policy, a long one 60 times as many,
each pair with every one of some thousand small events. What the differ proves is looked at by the
validator and by a judge of declared names that shares no code with it.
"""

from typing import Any, Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema_rs import ValidationError

from keybus.contracts.compatibility import Incompatibility, check
from keybus.errors import BrokenContracts
from tests.unit.contracts.compatibility.judging import breaks, is_declared, validator
from tests.unit.contracts.compatibility.schemas import EVENTS, PATTERNS, pairs, schemas

LONG: Final = pytest.param(30, marks=[pytest.mark.long, pytest.mark.timeout(900)])
QUICK_AND_LONG: Final = pytest.mark.parametrize("times", [1, LONG])
PAIRS: Final = 12
DRAFTS: Final = {"draft-04": 4, "2020-12": 2020}


def checked(old: Any, new: Any, policy: str, draft: str) -> list[Incompatibility]:
    try:
        return check(old, new, "BACKWARD", policy, draft=draft)
    except BrokenContracts as error:
        assume({fault.code for fault in error.faults} != {"ref-loop"})
        raise


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("policy", ["strict", "tolerant"])
@QUICK_AND_LONG
def test_the_law(times: int, policy: str, draft: str) -> None:
    seen = {"compatible": 0, "proven": 0, "unknown": 0}

    @settings(max_examples=PAIRS * times, suppress_health_check=list(HealthCheck), deadline=None)
    @given(pair=pairs(DRAFTS[draft]))
    def holds(pair: tuple[Any, Any]) -> None:
        old, new = pair
        found = checked(old, new, policy, draft)
        accepts, refuses = validator(old, draft), validator(new, draft)
        judged = (lambda event: is_declared(event, [old], old)) if policy == "tolerant" else None
        for one in found:
            assert one.proven == (not one.reason)
            if one.proven:
                assert accepts(one.example)
                assert not refuses(one.example)
                assert judged is None or judged(one.example), one
        if not found:
            broken = [event for event in EVENTS if accepts(event) and not refuses(event)]
            assert not [event for event in broken if judged is None or judged(event)][:1]
        verdict = "unknown" if found else "compatible"
        seen["proven" if any(one.proven for one in found) else verdict] += 1

    holds()
    total = sum(seen.values())
    assert seen["unknown"] <= 1 + total / 50, seen
    if times > 1:  # a short run may be one-sided
        assert min(seen["compatible"], seen["proven"]) > total / 10, seen


@QUICK_AND_LONG
def test_what_takes_more_is_compatible_and_what_is_the_same_as_well(times: int) -> None:
    unknown = 0

    @settings(
        max_examples=PAIRS * times // 2, suppress_health_check=list(HealthCheck), deadline=None
    )
    @given(one=schemas(4), other=schemas(4))
    def holds(one: Any, other: Any) -> None:
        nonlocal unknown
        shared = {"definitions": {"X": {"type": "string"}}}
        whole, second = {"allOf": [one], **shared}, {"allOf": [other], **shared}
        wider = {"anyOf": [one, other], **shared}
        narrower = {"allOf": [one, other], **shared}
        not_not = {"not": {"not": one}, **shared}
        for old, new in (
            *((whole, wider), (second, wider), (narrower, whole), (narrower, second)),
            *((whole, not_not), (not_not, whole)),
        ):
            for found in check(old, new, "BACKWARD", "strict"):
                assert not found.proven, (found, old, new)
                unknown += 1

    holds()
    assert unknown <= 1 + PAIRS * times / 20


@QUICK_AND_LONG
def test_patterns(times: int) -> None:
    more = ("^[A-Z]{3}-[0-9]{2,4}$", "^[A-Z]+-\\d+$", "^.{2,5}$", "^\\w+$", "^[^a]*$", "a|b|^$")
    patterns = st.sampled_from((*PATTERNS, *more))

    @settings(max_examples=PAIRS * times, deadline=None, suppress_health_check=list(HealthCheck))
    @given(one=patterns, other=patterns, data=st.data())
    def holds(one: str, other: str, data: Any) -> None:
        old, new = {"type": "string", "pattern": one}, {"type": "string", "pattern": other}
        found = check(old, new, "BACKWARD", "strict")
        assert all(each.proven and breaks(each.example, old, new) for each in found)
        for _ in range(3):
            text = data.draw(st.from_regex(one))
            if not found and validator(old, "draft-04")(text):
                assert validator(new, "draft-04")(text), (one, other, text)

    holds()


PIECES: Final = st.sampled_from(
    [*"ab0.-_/é ", "[ab]", "[^a]", "[a-c]", "[-a]", "[\\d-]", "[\\w.]", "[^\\d\\s]", "\\.", "\\x41"]
    + [f"\\{letter}" for letter in "dDwWsSnt"]
)
REGEXES: Final = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{2,}", "*?", "+?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=6,
)
TEXTS: Final = st.text(st.sampled_from("ab0c-_. \n\tAé/\r\u2028\u00a0Z9\x0b\ufeff"), max_size=5)


@QUICK_AND_LONG
def test_patterns_are_read_as_the_validator_reads_them(times: int) -> None:
    @settings(
        max_examples=PAIRS * 8 * times, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(regex=REGEXES, ends=st.sampled_from(["{}", "^{}", "{}$", "^{}$", "^a|{}$"]), text=TEXTS)
    def holds(regex: str, ends: str, text: str) -> None:
        exactly = "".join(f"\\u{ord(each):04x}" for each in text)
        old = {"type": "string", "pattern": f"^{exactly}$"}
        new = {"type": "string", "pattern": ends.format(regex)}
        matches = validator(new, "draft-04")(text)
        assert (check(old, new, "BACKWARD", "strict") == []) == matches, (new["pattern"], text)

    holds()


NUMBERS: Final = [
    *(number for whole in range(-10, 40) for number in (whole, float(whole))),
    *(count / 100 for count in range(-150, 350)),
]
STEPS: Final = (1, 2, 3, 0.1, 0.01, 0.3, 0.05, 7, 1.5, 0.25, 6)
BOUNDS: Final = (0, 1, -2, 0.1, 0.05, 2.5, 1.01, 5)
RANGES: Final = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["integer", "number"]),
        "minimum": st.sampled_from(BOUNDS),
        "maximum": st.sampled_from(BOUNDS),
        "multipleOf": st.sampled_from(STEPS),
    },
)


@QUICK_AND_LONG
def test_numbers(times: int) -> None:
    @settings(
        max_examples=PAIRS * 4 * times, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(one=RANGES, two=RANGES, other=RANGES, but=st.booleans(), closed=st.booleans())
    def holds(one: Any, two: Any, other: Any, *, but: bool, closed: bool) -> None:
        ends = {"exclusiveMinimum": True} if closed and "minimum" in one else {}
        old = {"allOf": [one, {"not": two} if but else {"anyOf": [two, other]}]}
        new = {**one, **ends}
        for before, after in ((old, new), (new, old), (one, two)):
            found = check(before, after, "BACKWARD", "strict")
            accepts, refuses = validator(before, "draft-04"), validator(after, "draft-04")
            broken = any(accepts(each) and not refuses(each) for each in NUMBERS)
            assert found or not broken, (before, after)
            for each in found:
                assert each.proven, each
                assert accepts(each.example), each
                assert not refuses(each.example), each

    holds()


def test_the_judges_see_what_breaks() -> None:
    """The judges themselves: they can say yes, and no."""
    closed = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    assert breaks({"b": 1}, {"type": "object"}, closed)
    assert not breaks({"a": 1}, {"type": "object"}, closed)
    assert not is_declared({"b": 1}, [closed], closed)
    assert is_declared({"a": {"c": [1]}}, [closed], closed)
    with pytest.raises(ValidationError):
        validator({"type": "nothing"}, "draft-04")
