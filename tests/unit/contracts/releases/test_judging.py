"""By how much a version has to rise, and what forbids a release."""

from typing import Any

import pytest

from keybus.contracts import Contract
from keybus.contracts.policies import DEFAULT, Policy, policy_of
from keybus.contracts.releases.judging import Judgement, Predecessor, judge
from tests.unit.contracts.releases.releasing import TEXT, shown

NARROW = {"type": "string", "maxLength": 3}
NUMBER = {"type": "integer"}


def before(*contracts: Contract) -> list[Predecessor]:
    return [Predecessor(each, is_promise=True) for each in contracts]


def judged(version: str, *earlier: Contract, **declared: Any) -> Judgement:
    return judge(shown(version, **declared), before(*earlier), DEFAULT)


@pytest.mark.parametrize(
    ("declared", "bump", "least"),
    [
        ({"name": {**TEXT, "description": "Another word."}}, "patch", "1.2.4"),
        ({"name": TEXT, "age": NUMBER}, "minor", "1.3.0"),
        ({}, "minor", "1.3.0"),
        ({"name": NARROW}, "major", "2.0.0"),
        ({"name": NUMBER}, "major", "2.0.0"),
    ],
    ids=["words", "added", "removed", "narrowed", "another type"],
)
def test_the_least_version_is_worked_out(declared: dict[str, Any], bump: str, least: str) -> None:
    old = shown("1.2.3", name=TEXT)
    found = judged("1.2.3", old, **declared)
    assert (found.rule, found.bump, found.least) == ("released-already", bump, least)
    assert least in found.objection
    assert bool(found.broken) is (bump == "major")
    assert judged("1.2.4", old, **declared).rule == ("" if bump == "patch" else "version-too-low")
    released = judged(least, old, **declared)
    assert (released.rule, released.since) == ("", "1.2.3")


def test_what_is_the_same_is_unchanged() -> None:
    found = judged("1.0.0", shown("1.0.0", name=TEXT), shown("1.1.0"), name=TEXT)
    assert (found.standing, found.since, found.rule) == ("unchanged", "1.0.0", "")


def test_what_was_never_released_may_be_anything() -> None:
    assert judged("7.1.0").standing == "new"


def test_a_higher_version_than_needed_is_fine() -> None:
    old = shown("1.0.0")
    assert not judged("1.5.0", old, name=TEXT).rule
    assert not judged("2.0.0", old, name=TEXT).rule


def test_a_new_major_is_compared_so_that_it_can_be_said_what_it_breaks() -> None:
    found = judged("2.0.0", shown("1.0.0", name=TEXT), shown("1.1.0", name=TEXT), name=NUMBER)
    assert (found.rule, found.bump, found.breaks) == ("", None, ("1.1.0",))


def test_every_release_of_the_major_counts() -> None:
    first = shown("1.0.0", name={"type": "string"})
    second = shown("1.1.0", name={})  # the property is untyped there
    found = judged("1.2.0", first, second, name=NUMBER)
    assert set(found.breaks) >= {"1.0.0"}
    last_only = judge(shown("1.2.0", name={}), before(first, second), Policy("FULL", "tolerant"))
    assert not last_only.broken


def test_an_earlier_major_is_gone_on_with() -> None:
    found = judged("1.1.0", shown("1.0.0"), shown("2.0.0", name=NUMBER), name=TEXT)
    assert (found.rule, found.since, found.bump) == ("", "1.0.0", "minor")
    breaking = judged("1.1.0", shown("1.0.0", name=TEXT), shown("2.0.0"), name=NUMBER)
    assert breaking.least == "3.0.0"


def test_a_major_that_never_was_comes_after_the_last() -> None:
    found = judged("1.0.0", shown("2.0.0"), name=TEXT)
    assert (found.rule, found.least) == ("version-too-low", "3.0.0")


def test_drafts_and_retired_releases_promise_nothing() -> None:
    earlier = [Predecessor(shown("1.0.0", name=TEXT), is_promise=False)]
    assert not judge(shown("1.0.1", name=NUMBER), earlier, DEFAULT).rule
    assert judge(shown("1.0.0", name=NUMBER), earlier, DEFAULT).rule == "released-already"


def test_a_prerelease_may_be_anything_but_not_twice() -> None:
    old = shown("1.0.0", name=TEXT)
    assert not judged("1.0.1-rc.1", old, name=NUMBER).rule
    again = judged("2.0.0-rc.1", old, shown("2.0.0-rc.1"), name=NUMBER)
    assert again.rule == "released-already"


def test_the_mode_none_asks_for_nothing_but_another_version() -> None:
    old = shown("1.0.0", name=TEXT)
    found = judge(shown("1.1.0", name=NUMBER), before(old), Policy("NONE", "tolerant"))
    assert (found.rule, found.broken) == ("", ())


def test_governance_asks_for_a_minor() -> None:
    old, new = shown("1.0.0"), shown("1.0.1")
    new.schema["x-keybus"]["classification"] = "pii"
    found = judge(new, before(old), DEFAULT)
    assert (found.bump, str(found.changes[0])) == (
        "minor",
        'changed classification: "public" → "pii"',
    )


def test_changes_are_told() -> None:
    old = shown("1.0.0", name=TEXT, state={"type": "string", "enum": ["A"]})
    found = judged("1.1.0", old, state={"type": "string", "enum": ["A", "B"]}, age=NUMBER)
    assert [str(each) for each in found.changes] == [
        "removed /name: optional string",
        'changed /state: optional "A" → optional "A" | "B"',
        "added /age: optional integer",
    ]
    assert found.files == ("SmallShown.json",)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ((None, None), DEFAULT),
        (("NONE", None), Policy("NONE", "tolerant")),
        ((None, {"strictness": "strict"}), Policy("FULL_TRANSITIVE", "strict")),
        (
            ({"mode": "BACKWARD"}, {"mode": "FULL", "strictness": "strict"}),
            Policy("BACKWARD", "strict"),
        ),
    ],
)
def test_what_a_contract_leaves_open_its_repository_says(
    written: tuple[Any, ...], found: Policy
) -> None:
    assert policy_of(*written) == found


@pytest.mark.parametrize("version", ["1.1.0", "1.1.0-rc.1", "1.0.0"])
def test_a_retired_major_does_not_come_back(version: str) -> None:
    over = Predecessor(shown("1.0.0", name=TEXT), is_promise=False, is_retired=True)
    next_one = Predecessor(shown("2.0.0", name=TEXT), is_promise=True)
    for earlier in ([over], [over, next_one]):
        found = judge(shown(version, name=TEXT, age=NUMBER), earlier, DEFAULT)
        assert found.rule == "major-retired"
        assert found.objection == "small.shown@1 is retired, and no way leads back."
        assert found.least == ("2.0.0" if len(earlier) == 1 else "3.0.0")
    assert not judge(shown("3.0.0", age=NUMBER), [over, next_one], DEFAULT).rule


def test_a_draft_that_was_given_up_ends_nothing() -> None:
    given_up = Predecessor(shown("1.0.0-rc.1", name=TEXT), is_promise=False)
    assert not judge(shown("1.0.0", name=TEXT), [given_up], DEFAULT).rule
