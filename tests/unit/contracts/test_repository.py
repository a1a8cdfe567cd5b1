"""The repository: what it refuses, with every fault, and what it knows of its contracts."""

import json
import shutil
from pathlib import Path

import pytest

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.rules import RULES
from keybus.errors import BrokenContracts, UnknownEventType

RULE_FOLDERS = sorted(path.name for path in (Path(__file__).parent / "fixtures/rules").iterdir())
MADE_BY_TESTS = {"no-folder", "unreadable", "too-large", "not-compiled"}


def test_every_rule_has_its_folder_or_its_test() -> None:
    assert set(RULE_FOLDERS) | MADE_BY_TESTS == set(RULES)
    assert all(rule.purpose.endswith(".") for rule in RULES.values())


@pytest.mark.parametrize("rule", RULE_FOLDERS)
def test_a_rule_finds_what_breaks_it_and_no_other_does(fixtures: Path, rule: str) -> None:
    with pytest.raises(BrokenContracts) as caught:
        ContractRepository.load(fixtures / "rules" / rule)
    assert {fault.code for fault in caught.value.faults} == {rule}
    assert all(fault.message.endswith(".") and fault.file for fault in caught.value.faults)


@pytest.fixture
def copy(fixtures: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "contracts"
    shutil.copytree(fixtures / "valid", folder)
    return folder


def codes(folder: Path) -> set[str]:
    return {fault.code for fault in ContractRepository.lint(folder)}


def edit(folder: Path, file: str, pointer: list[str], value: object) -> None:
    document = json.loads((folder / file).read_text())
    inner = document
    for token in pointer[:-1]:
        inner = inner[int(token)] if isinstance(inner, list) else inner[token]
    inner[pointer[-1]] = value
    (folder / file).write_text(json.dumps(document))


STATUS = "delivery/DeliveryStatusUpdated.json"
OWN = ["allOf", "1", "properties"]


def test_no_folder(tmp_path: Path) -> None:
    assert codes(tmp_path / "missing") == {"no-folder"}


def test_a_folder_in_place_of_a_file_is_walked_and_a_link_loop_ends(copy: Path) -> None:
    (copy / "core" / "around").symlink_to(copy)
    assert codes(copy) <= {"duplicate-type", "module-clash"}


def test_unreadable_and_too_large_files(copy: Path) -> None:
    (copy / "core" / "Nowhere.json").symlink_to(copy / "core" / "Missing.json")
    (copy / "core" / "Large.json").write_text('"' + "x" * 2_000_000 + '"')
    assert codes(copy) == {"unreadable", "too-large"}


def test_a_pattern_too_large_to_compile(copy: Path) -> None:
    edit(copy, STATUS, [*OWN, "delivery_id"], {"type": "string", "pattern": "((a{500}){500}){500}"})
    assert codes(copy) == {"not-compiled"}


def test_all_faults_of_all_files_are_listed(copy: Path) -> None:
    edit(copy, STATUS, ["x-keybus", "version"], "1")
    edit(copy, STATUS, ["x-keybus", "owner"], "")
    (copy / "core" / "Broken.json").write_text("{")
    (copy / "core" / "Nan.json").write_text("[NaN]")
    (copy / "core" / "Surrogate.json").write_text('"\\ud800"')
    faults = ContractRepository.lint(copy)
    assert [fault.code for fault in faults] == [
        "bad-json",
        "bad-json",
        "bad-json",
        "missing-owner",
        "bad-version",
    ]
    assert faults[0].line == 1


@pytest.mark.parametrize("text", ["[" * 10_000, '{"a":' * 10_000, "[" * 150 + "]" * 150])
def test_hostile_depth_is_a_fault(copy: Path, text: str) -> None:
    (copy / "core" / "Deep.json").write_text(text)
    assert codes(copy) == {"too-deep"}


def test_hostile_text_takes_no_time(copy: Path) -> None:
    (copy / "core" / "Quotes.json").write_text('"' + '\\"' * 400_000)
    (copy / "core" / "Twice.json").write_text('[{"a":1,"a":2}, ' + '"' * 99)
    assert codes(copy) == {"bad-json"}


def test_recursion_through_not_and_dependencies_is_a_loop(copy: Path) -> None:
    loop = {"not": {"$ref": "#/allOf/1/properties/vehicle"}}
    edit(copy, STATUS, [*OWN, "vehicle"], loop)
    assert codes(copy) == {"ref-loop"}


def test_a_reference_with_a_space_says_what_to_do(copy: Path) -> None:
    edit(copy, STATUS, [*OWN, "vehicle"], {"$ref": "../core/My Vehicle.json"})
    (fault,) = ContractRepository.lint(copy)
    assert fault.code == "dangling-ref"
    assert "percent-encode" in fault.message


def test_files_with_spaces_and_other_letters_work(copy: Path) -> None:
    (copy / "core" / "Vehicle.json").rename(copy / "core" / "Große Wagen.json")
    for file, pointer in ((STATUS, [*OWN, "vehicle"]),):
        edit(copy, file, pointer, {"$ref": "../core/Gro%C3%9Fe%20Wagen.json"})
    shutil.rmtree(copy / "sampler")
    contract = ContractRepository.load(copy)["delivery.status.updated"]
    assert "core/Große Wagen.json" in contract.closure
    assert [f.pointer for f in contract.faults({"vehicle": {}}) if "plate" in f.pointer]


def test_lookups(repository: ContractRepository) -> None:
    assert repository.types == ("delivery.status.updated", "sampler.shapes.shown")
    assert list(repository) == list(repository.types)
    assert len(repository) == 2
    assert repository.name == "fixture"
    assert repository.get("nothing") is None
    assert "delivery.status.updated" in repository
    with pytest.raises(UnknownEventType) as caught:
        repository["delivery.status.update"]
    assert caught.value.nearest[0] == "delivery.status.updated"


def test_a_contract(repository: ContractRepository) -> None:
    contract = repository["delivery.status.updated"]
    assert isinstance(contract, Contract)
    assert (contract.title, contract.major, contract.version) == (
        "DeliveryStatusUpdated",
        1,
        "1.2.0",
    )
    assert (contract.owner, contract.classification) == ("deliveries", "internal")
    assert contract.key == "/delivery_id"
    assert list(contract.closure) == [
        "core/Event.json",
        "core/EventType.json",
        "core/Publisher.json",
        "core/Vehicle.json",
        STATUS,
    ]
    with pytest.raises(AttributeError):
        contract.owner = "mine"


def test_the_digest_covers_the_closure_and_nothing_else(copy: Path) -> None:
    before = ContractRepository.load(copy)
    edit(copy, "core/Vehicle.json", ["description"], "Changed.")
    edit(copy, "core/Priority.json", ["description"], "Changed too.")
    after = ContractRepository.load(copy)
    changed = {t for t in before if before[t].digest != after[t].digest}
    assert changed == set(before.types)
    edit(copy, "core/Priority.json", ["description"], "And again.")
    again = ContractRepository.load(copy)
    assert again["delivery.status.updated"] == after["delivery.status.updated"]
    assert again["sampler.shapes.shown"] != after["sampler.shapes.shown"]
    assert before["delivery.status.updated"].digest.startswith("sha256:")


def test_the_declared_view(repository: ContractRepository) -> None:
    rows = {row.pointer: row for row in repository["sampler.shapes.shown"].declared()}
    assert rows["/id"].required
    assert rows["/publisher/name"].types == ("string",)
    assert rows["/verdict"].types == ("null", "string")
    assert rows["/verdict"].required
    assert rows["/priority"].enum == ("high", "low", None)
    assert rows["/vehicle/colour"].types == ("string",)
    assert rows["/vehicle/plate"].required
    assert rows["/stops/*/grid/*/*/x"].types == ("integer",)
    assert rows["/fleet/*/speed"].types == ("number",)
    assert rows["/tree/children"].types == ("array",)
    assert rows["/contact/phone"].required


def test_the_documentation_lists_every_rule() -> None:
    text = (Path(__file__).parents[3] / "docs" / "contracts.md").read_text("utf-8")
    rows = [f"| `{rule.id}` | {rule.purpose} |" for rule in RULES.values()]
    assert "\n".join(rows) in text
