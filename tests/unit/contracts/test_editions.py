"""Editions: what holds of each major of a type."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keybus.contracts import ContractRepository
from keybus.contracts.editions import Edition, PackedEdition
from keybus.contracts.packed import PackedContracts
from keybus.errors import BrokenContracts
from tests.unit.bus.majors import BACK, FIRST, TYPE, order_schema, write_contracts

NO_CONTRACT = '{"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}'


def load(tmp_path: Path, **more: Any) -> ContractRepository:
    return ContractRepository.load(write_contracts(tmp_path, **more))


def sent(contracts: ContractRepository) -> PackedContracts:
    return msgspec.json.decode(msgspec.json.encode(contracts.pack()), type=PackedContracts)


def told(edition: Edition | None) -> tuple[str, str]:
    assert edition is not None
    return edition.contract.version, edition.status


def test_there_is_one_of_each_major(tmp_path: Path) -> None:
    contracts = load(tmp_path, first="sunset")
    assert [told(each) for each in contracts.editions[TYPE].values()] == [
        ("1.0.0", "sunset"),
        ("2.0.0", "active"),
    ]
    assert contracts.at(TYPE, 2) is contracts[TYPE]
    first = contracts.at(TYPE, 1)
    assert first is not None
    assert "city" in {each.pointer.removeprefix("/") for each in first.declared()}
    assert contracts.at(TYPE, 3) is None
    assert contracts.at("order.plced", 1) is None


def test_a_repository_without_releases_has_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "keybus.toml").write_text('[repository]\nname = "tiny"\n')
    (folder / "OrderPlaced.json").write_text(json.dumps(order_schema("1.2.0", FIRST)))
    contracts = ContractRepository.load(folder)
    assert [told(each) for each in contracts.editions[TYPE].values()] == [("1.2.0", "active")]
    assert contracts.pack().editions == []
    assert len(contracts.migrations) == 0


def test_the_folder_has_the_newest_form_of_its_major(tmp_path: Path) -> None:
    folder = write_contracts(tmp_path, second="deprecated")
    schema = json.loads((folder / "OrderPlaced.json").read_text())
    schema["x-keybus"]["version"] = "2.1.0"
    (folder / "OrderPlaced.json").write_text(json.dumps(schema))
    contracts = ContractRepository.load(folder)
    assert told(contracts.editions.at(TYPE, 2)) == ("2.1.0", "deprecated")


@pytest.mark.parametrize(
    ("first", "second", "meant"),
    [
        ("active", "active", -1),
        ("deprecated", "active", 2),
        ("active", "retired", 1),
        ("deprecated", "retired", 1),
        ("deprecated", "sunset", -1),
        ("retired", "retired", -1),
    ],
)
def test_the_only_active_major_is_meant(
    tmp_path: Path, first: str, second: str, meant: int
) -> None:
    editions = load(tmp_path, first=first, second=second).editions
    assert editions.meant(TYPE) == meant
    assert editions.meant("order.plced") == -1


def test_warnings_say_what_to_do(tmp_path: Path) -> None:
    editions = load(tmp_path, first="sunset").editions
    first, second = editions[TYPE][1], editions[TYPE][2]
    assert first.warning == (
        "order.placed@1 is past its sunset (its sunset date is 2027-06-30); use order.placed@2"
    )
    assert second.warning == ""


def test_they_travel_with_the_contracts(tmp_path: Path) -> None:
    contracts = load(tmp_path, first="deprecated", migrations={"2-to-1.json": BACK})
    packed = sent(contracts)
    again = ContractRepository.unpack(packed)
    assert dict(again.editions) == dict(contracts.editions)
    assert again.migrations.texts == contracts.migrations.texts
    assert again.pack() == contracts.pack() == packed
    other = load(tmp_path / "b", first="sunset", migrations={"2-to-1.json": BACK})
    assert other.pack().digest != packed.digest


def test_what_is_newer_of_two_holds(tmp_path: Path) -> None:
    mine = load(tmp_path, first="active").editions
    theirs = load(tmp_path / "b", first="deprecated").editions
    assert told(mine.joined(theirs).at(TYPE, 1)) == ("1.0.0", "deprecated")
    newer = order_schema("1.1.0", {**FIRST, "note": {"type": "string"}}, "city")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "keybus.toml").write_text('[repository]\nname = "tiny"\n')
    (tmp_path / "c" / "OrderPlaced.json").write_text(json.dumps(newer))
    own = ContractRepository.load(tmp_path / "c").editions
    assert told(own.joined(theirs).at(TYPE, 1)) == ("1.1.0", "active")
    assert told(theirs.joined(own).at(TYPE, 1)) == ("1.1.0", "active")
    assert told(own.joined(theirs).at(TYPE, 2)) == ("2.0.0", "active")


@pytest.mark.parametrize("wrong", ["type", "version", "document"])
def test_what_does_not_go_together_is_refused(tmp_path: Path, wrong: str) -> None:
    packed = sent(load(tmp_path, first="deprecated"))
    [edition] = packed.editions
    changes: dict[str, dict[str, Any]] = {
        "type": {"type": "order.plced"},
        "version": {"version": "1.0.1"},
        "document": {"documents": dict.fromkeys(edition.documents, "{")},
    }
    changed = msgspec.structs.replace(edition, **changes[wrong])
    with pytest.raises(BrokenContracts) as caught:
        ContractRepository.unpack(msgspec.structs.replace(packed, editions=[changed]))
    assert caught.value.faults


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    packed = sent(load(tmp_path, first="deprecated"))
    for documents in ({}, {"Elsewhere.json": NO_CONTRACT}):
        stranger = PackedEdition(TYPE, "1.0.0", file="Elsewhere.json", documents=documents)
        with pytest.raises(BrokenContracts, match="is missing"):
            ContractRepository.unpack(msgspec.structs.replace(packed, editions=[stranger]))


def test_broken_releases_are_told_of_where_they_are_needed(tmp_path: Path) -> None:
    folder = write_contracts(tmp_path)
    ledger = folder / "releases" / "ledgers" / f"{TYPE}.jsonl"
    ledger.write_text(ledger.read_text().replace("ada", "eve"))
    contracts = ContractRepository.load(folder)
    with pytest.raises(BrokenContracts) as caught:
        _ = contracts.editions
    assert caught.value.faults[0].code == "ledger-changed"
