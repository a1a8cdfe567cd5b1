"""A ledger is only added to, by the rules of a release's life, and shows whatever was changed."""

import itertools
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.contracts.releases import TRANSITIONS, Ledger, Said, Status
from keybus.contracts.releases.lifecycle import MEANINGS
from tests.unit.contracts.releases.releasing import TYPE, released, shown

STATUSES: tuple[Status, ...] = get_args(Status)
FILE = "ledgers/small.shown.jsonl"


def ledger(*versions: str) -> Ledger:
    found = Ledger(TYPE)
    for version in versions:
        draft = "draft" if "-" in version else "active"
        found = found.then(released(shown(version), status=draft))
    return found


def status(of: Ledger, version: str, after: Status) -> Said:
    return released(
        shown(version), action="status", status=after, digest=of.releases[version].digest
    )


def at(wanted: Status) -> Ledger:
    """A ledger whose only release has got so far."""
    found = Ledger(TYPE).then(released(shown(), status="draft"))
    way: dict[Status, tuple[Status, ...]] = {
        "draft": (),
        "active": ("active",),
        "deprecated": ("active", "deprecated"),
        "sunset": ("active", "deprecated", "sunset"),
        "retired": ("active", "deprecated", "sunset", "retired"),
    }
    for each in way[wanted]:
        found = found.then(status(found, "1.0.0", each))
    return found


def test_what_was_written_is_read_again() -> None:
    written = ledger("1.0.0", "1.1.0")
    written = written.then(status(written, "1.0.0", "deprecated"))
    read, faults = Ledger.read(TYPE, written.text(), FILE)
    assert not faults
    assert read.entries == written.entries
    assert [(each.version, each.status) for each in read.releases.values()] == [
        ("1.0.0", "deprecated"),
        ("1.1.0", "active"),
    ]


def test_releases_stand_in_the_order_of_versions_not_of_time() -> None:
    found = ledger("2.0.0", "10.0.0", "1.0.1", "2.0.0-rc.1", "2.0.0-rc.10", "2.0.0-rc.2")
    expected = ["1.0.1", "2.0.0-rc.1", "2.0.0-rc.2", "2.0.0-rc.10", "2.0.0", "10.0.0"]
    assert list(found.releases) == expected
    assert [each.version for each in found.promises] == ["1.0.1", "2.0.0", "10.0.0"]


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STATUSES, STATUSES)))
def test_statuses_follow_the_table(before: Status, after: Status) -> None:
    found = at(before)
    said = status(found, "1.0.0", after)
    if after in TRANSITIONS[before]:
        assert found.then(said).releases["1.0.0"].status == after
    else:
        with pytest.raises(ValueError, match=f"A release that is {before}"):
            found.then(said)


def test_every_status_says_what_it_means_and_what_follows() -> None:
    assert set(MEANINGS) == set(TRANSITIONS) == set(STATUSES)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (released(shown("1.0.0")), "is released already"),
        (released(shown("1.1.0"), status="retired"), "a draft or active, not retired"),
        (released(shown("1.1.0-rc.1")), "stays a draft"),
        (released(shown("1.1.0"), action="status"), "never released"),
        (released(shown("1.0.0", more={}), action="status", status="deprecated"), "another digest"),
    ],
)
def test_what_cannot_follow_is_refused(said: Said, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ledger("1.0.0").then(said)


@given(st.data())
def test_whatever_is_changed_is_found(data: st.DataObject) -> None:
    text = ledger("1.0.0", "1.1.0", "2.0.0").text()
    at = data.draw(st.integers(0, len(text) - 2))
    letter = data.draw(st.characters(codec="ascii").filter(lambda each: each != text[at]))
    _, faults = Ledger.read(TYPE, text[:at] + letter + text[at + 1 :], FILE)
    assert len(faults) == 1
    assert faults[0].file == FILE
    assert 1 <= faults[0].line <= text.count("\n", 0, at) + 2


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [((1, 2), "ledger-gap", 1), ((0, 2), "ledger-gap", 2), ((0, 1, 1), "ledger-gap", 3)],
)
def test_entries_that_are_missing_or_twice_are_found(
    lines: tuple[int, ...], code: str, line: int
) -> None:
    written = ledger("1.0.0", "1.1.0", "2.0.0").text().splitlines()
    _, faults = Ledger.read(TYPE, "\n".join(written[each] for each in lines), FILE)
    assert [(each.code, each.line) for each in faults] == [(code, line)]


def test_another_types_entries_are_found() -> None:
    _, [fault] = Ledger.read("other.shown", ledger("1.0.0").text(), FILE)
    assert fault.code == "ledger-foreign"


def test_what_was_chained_by_hand_still_keeps_the_rules() -> None:
    first = ledger("1.0.0")
    [again] = ledger("1.0.0").entries
    forged = msgspec.structs.replace(again, sequence=2, previous=first.entries[0].hash)
    forged = msgspec.structs.replace(forged, hash=forged.right_hash)
    _, [fault] = Ledger.read(TYPE, first.text() + forged.line(), FILE)
    assert (fault.code, fault.line) == ("ledger-rules", 2)
