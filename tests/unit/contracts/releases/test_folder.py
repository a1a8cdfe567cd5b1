"""The folder of releases keeps what was released, and shows what was changed, lost or raced."""

from decimal import Decimal
from pathlib import Path

import pytest

from keybus.contracts.releases import Releases
from keybus.errors import BrokenContracts, ContractError
from tests.unit.contracts.releases.releasing import TEXT, TYPE, released, shown


def release(folder: Path, *versions: str) -> Releases:
    found = Releases.load(folder)
    for version in versions:
        of = shown(version, name=TEXT)
        found.add(of, released(of))
    return found


def test_what_was_released_is_read_again(tmp_path: Path) -> None:
    release(tmp_path, "1.0.0", "1.1.0")
    found = Releases.load(tmp_path)
    assert list(found) == [TYPE]
    first, second = found[TYPE].releases.values()
    assert found.contract(first) == shown("1.0.0", name=TEXT)
    assert found.contract(second).version == "1.1.0"


def test_numbers_stay_exact(tmp_path: Path) -> None:
    exact = Decimal("0.10000000000000000000000000001")
    of = shown(price={"type": "number", "minimum": exact})
    Releases.load(tmp_path).add(of, released(of))
    again = Releases.load(tmp_path)
    kept = again.contract(again[TYPE].releases["1.0.0"])
    assert kept.digest == of.digest
    assert kept == of


def test_where_there_is_no_folder_nothing_was_released(tmp_path: Path) -> None:
    assert len(Releases.load(tmp_path / "releases")) == 0


def test_the_same_contract_under_two_versions_is_two_objects_and_a_release_never_changes(
    tmp_path: Path,
) -> None:
    found = release(tmp_path, "1.0.0")
    other = shown("1.0.0", name={"type": "integer"})
    with pytest.raises(ContractError, match="released already"):
        found.add(other, released(other))
    assert list(Releases.load(tmp_path)[TYPE].releases) == ["1.0.0"]


def test_a_contract_that_was_changed_is_found(tmp_path: Path) -> None:
    release(tmp_path, "1.0.0", "1.1.0")
    [place, _] = sorted(tmp_path.glob("objects/*/*.json"))
    place.write_bytes(place.read_bytes().replace(b'"string"', b'"number"'))
    with pytest.raises(BrokenContracts) as caught:
        Releases.load(tmp_path)
    [fault] = caught.value.faults
    assert fault.code == "release-broken"
    assert fault.file == place.relative_to(tmp_path).as_posix()
    assert "was changed" in fault.message


def test_a_contract_that_is_missing_is_found(tmp_path: Path) -> None:
    release(tmp_path, "1.0.0")
    [place] = tmp_path.glob("objects/*/*.json")
    place.unlink()
    with pytest.raises(BrokenContracts, match="not there"):
        Releases.load(tmp_path)


def test_every_fault_of_every_ledger_is_named(tmp_path: Path) -> None:
    release(tmp_path, "1.0.0")
    ledgers = tmp_path / "ledgers"
    (ledgers / "broken.one.jsonl").write_text("{}\n")
    (ledgers / "broken.two.jsonl").write_bytes(b"\xff")
    with pytest.raises(BrokenContracts) as caught:
        Releases.load(tmp_path)
    assert [fault.file for fault in caught.value.faults] == [
        "ledgers/broken.one.jsonl",
        "ledgers/broken.two.jsonl",
    ]


def test_two_at_once_do_not_overwrite_each_other(tmp_path: Path) -> None:
    one, other = Releases.load(tmp_path), Releases.load(tmp_path)
    first, second = shown("1.0.0"), shown("1.1.0")
    one.add(first, released(first))
    with pytest.raises(ContractError, match="somebody else"):
        other.add(second, released(second))
    assert list(Releases.load(tmp_path)[TYPE].releases) == ["1.0.0"]


def test_a_folder_that_cannot_be_written_is_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("in the way")
    of = shown()
    with pytest.raises(ContractError, match="cannot be written"):
        Releases.load(tmp_path).add(of, released(of))
    assert len(Releases.load(tmp_path)) == 0
