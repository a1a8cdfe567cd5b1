"""`keybus contracts new`: what it writes passes, whatever the type."""

import json
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.cli.contracts import contracts
from keybus.contracts import ContractRepository
from keybus.contracts.rules_events import TYPE
from keybus.contracts.scaffold import scaffold
from keybus.errors import BrokenContracts, ContractError


def new(folder: Path, *arguments: str) -> list[str]:
    command = ["new", *arguments[:1], str(folder), *arguments[1:], "--json"]
    found = CliRunner().invoke(contracts, command, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return [Path(file).relative_to(folder).as_posix() for file in json.loads(found.output)]


def test_a_repository_is_made_around_the_first(tmp_path: Path) -> None:
    folder = tmp_path / "shop" / "contracts"
    assert new(folder, "order.placed", "--owner", "shop", "--classification", "pii") == [
        "keybus.toml",
        "core/Event.json",
        "core/EventType.json",
        "core/Publisher.json",
        "order/OrderPlaced.json",
    ]
    found = ContractRepository.load(folder)
    assert (found.name, found.types) == ("shop", ("order.placed",))
    made = found["order.placed"]
    assert (made.owner, made.classification, made.version) == ("shop", "pii", "1.0.0")


@pytest.mark.parametrize("name", ["läden \U0001f6d2", 'a "shop"', "back\\slash"])
def test_a_repository_is_called_as_its_folder_whatever_that_is(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "contracts"
    new(folder, "order.placed", "--owner", "shop")
    assert ContractRepository.load(folder).name == name


def test_a_folder_above_a_repository_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    new(folder, "order.placed", "--owner", "shop")
    with pytest.raises(BrokenContracts, match=re.escape(f"did you mean {folder}?")):
        ContractRepository.load(tmp_path)


def test_one_goes_beside_the_others_and_has_their_owner_and_core(
    fixtures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(fixtures / "valid", folder)
    (folder / "core").rename(folder / "base")
    for file in folder.glob("*/*.json"):
        file.write_text(file.read_text().replace("../core/", "../base/"))
    assert new(folder, "delivery.noted") == ["delivery/DeliveryNoted.json"]
    made = ContractRepository.load(folder)["delivery.noted"]
    assert made.owner == "deliveries"
    assert "base/Event.json" in made.closure


@settings(max_examples=15, deadline=None)
@given(st.from_regex(TYPE, fullmatch=True).filter(lambda text: len(text) < 100))
def test_whatever_the_type_it_passes(event_type: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        scaffold(Path(name) / "contracts", event_type, owner="somebody")
        assert ContractRepository.load(Path(name) / "contracts").types == (event_type,)


@pytest.mark.parametrize("event_type", ["order", "Order.Placed", "order..placed", "", "a.b/../c"])
def test_what_is_no_type_is_refused(tmp_path: Path, event_type: str) -> None:
    with pytest.raises(ContractError, match="no event type"):
        scaffold(tmp_path, event_type, owner="shop")
    assert not list(tmp_path.iterdir())


def test_an_owner_has_to_be_known(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nobody is known to own") as caught:
        scaffold(tmp_path, "order.placed")
    assert "--owner" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays(tmp_path: Path) -> None:
    *_, made = scaffold(tmp_path, "order.placed", owner="shop")
    made.write_text(before := made.read_text().replace("TODO: what", "What"))
    with pytest.raises(ContractError, match="is there already"):
        scaffold(tmp_path, "order.placed")
    assert made.read_text() == before


def test_two_types_of_one_title_leave_nothing_behind(tmp_path: Path) -> None:
    scaffold(tmp_path, "order.line.added", owner="shop")
    with pytest.raises((BrokenContracts, ContractError)):
        scaffold(tmp_path, "order.line_added")
    assert ContractRepository.load(tmp_path).types == ("order.line.added",)


def test_faults_of_the_repository_come_first(tmp_path: Path) -> None:
    *_, made = scaffold(tmp_path, "order.placed", owner="shop")
    made.write_text("{")
    with pytest.raises(BrokenContracts):
        scaffold(tmp_path, "order.paid", owner="shop")
