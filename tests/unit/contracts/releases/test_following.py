"""A folder's ledger goes on as another one does, and is never overwritten by it."""

from pathlib import Path

import pytest

from keybus.contracts import Contract
from keybus.contracts.releases import Ledger, Releases
from keybus.errors import BrokenContracts, ContractError
from tests.unit.contracts.releases.releasing import TEXT, TYPE, released, shown

FIRST, SECOND = shown("1.0.0", name=TEXT), shown("1.1.0", name=TEXT, more=TEXT)


def ledger(*contracts: Contract, event_type: str = TYPE, by: str = "ada") -> Ledger:
    found = Ledger(event_type)
    for each in contracts:
        found = found.then(released(each, by=by))
    return found


def opened(digest: str) -> Contract:
    return {each.digest: each for each in (FIRST, SECOND)}[digest]


def test_what_is_new_is_added(tmp_path: Path) -> None:
    Releases.load(tmp_path).follow(ledger(FIRST), opened)
    found = Releases.load(tmp_path)
    found.follow(ledger(FIRST, SECOND), opened)
    found.follow(ledger(FIRST), opened)  # what is further along stays
    again = Releases.load(tmp_path)
    assert list(again[TYPE].releases) == ["1.0.0", "1.1.0"]
    assert again.contract(again[TYPE].releases["1.1.0"]) == SECOND


@pytest.mark.parametrize("other", [ledger(SECOND), ledger(FIRST, SECOND, by="eve")])
def test_what_says_something_else_is_refused(tmp_path: Path, other: Ledger) -> None:
    found = Releases.load(tmp_path)
    found.follow(ledger(FIRST), opened)
    with pytest.raises(ContractError, match="says something else"):
        found.follow(other, opened)
    assert Releases.load(tmp_path)[TYPE].entries == ledger(FIRST).entries


def test_a_contract_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenContracts, match=r"it is of small\.shown 1\.1\.0"):
        Releases.load(tmp_path).follow(ledger(FIRST), lambda _digest: SECOND)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("event_type", ["../../up.here", "/etc/passwd", "a", "", "Big.type"])
def test_a_type_that_is_none_becomes_no_file(tmp_path: Path, event_type: str) -> None:
    inside = tmp_path / "releases"
    with pytest.raises(ContractError, match="no event type"):
        Releases.load(inside).follow(ledger(FIRST, event_type=event_type), opened)
    assert list(tmp_path.iterdir()) == []
