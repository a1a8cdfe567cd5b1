"""`keybus bench contracts`: what it measures is what it says; never its speeds."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from keybus.cli.bench import bench
from keybus.cli.bench.contracts.command import show
from keybus.cli.bench.contracts.delivering import deliveries
from keybus.cli.bench.contracts.making import broken, changed, contract, make
from keybus.cli.bench.contracts.measuring import Costs, Figure
from keybus.cli.bench.contracts.translating import translations
from keybus.cli.bench.report import setting
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.compatibility import check

SMALL = ["--contracts", "10", "--properties", "12", "--rounds", "1"]


@pytest.mark.long
def test_the_command_measures_all_of_it() -> None:
    done = CliRunner().invoke(bench, ["contracts", "--json", *SMALL])
    assert done.exit_code == 0, done.output
    found = msgspec.json.decode(done.stdout, type=Costs)
    assert [each.unit for each in found.figures] == ["ms", "ms", "s", "s", *["µs"] * 5]
    assert all(each.took > 0 and each.baseline > 0 for each in found.figures)
    assert not found.faults


def test_made_up_contracts_are_sound_and_all_differ(tmp_path: Path) -> None:
    make(tmp_path, 10, 25)
    found = ContractRepository.load(tmp_path)
    assert len(found) == 10
    assert len({each.digest for each in found.values()}) == 10
    declared = {row.pointer for row in found["thing3.changed"].declared()}
    assert {"/part_0/field_3_0", "/part_2/field_3_24"} <= declared


def test_a_safe_change_is_safe_and_a_breaking_one_is_not(tmp_path: Path) -> None:
    make(tmp_path, 10, 25)
    old = ContractRepository.load(tmp_path)["thing0.changed"]

    def as_contract(schema: object) -> Contract:
        return Contract({**old.closure, old.file: schema}, old.file)

    assert not check(old, as_contract(changed(contract(0, 25))))
    found = check(old, as_contract(broken(contract(0, 25))))
    assert len({each.field for each in found}) == 3  # one of each ten


def test_an_event_is_translated_by_both_forms() -> None:
    pytest.importorskip("jsonata")
    found = translations()
    assert [name for name, *_ in found] == [
        "one event translated, three field moves",
        "one event translated, JSONata",
    ]
    for _, translated, plain, _ in found:
        translated()
        plain()


def test_a_delivery_is_translated_once_for_all_who_ask() -> None:
    found = deliveries()
    assert [name.partition(", ")[2] for name, *_ in found] == [
        "the first subscription",
        "each further subscription",
    ]
    for _, _, translated, untouched, _ in found:
        translated()
        untouched()


def test_what_was_found_wrong_is_shown() -> None:
    figure = Figure("one event", "µs", 2.5, 1.25, "nothing", 5.0)
    costs = Costs(10, 5, 1, setting(None), [figure], ["a safe change: 1 incompatibilities"])
    console = Console(width=120)
    with console.capture() as captured:
        show(console, costs)
    assert "2.5 µs" in captured.get()
    assert "a safe change: 1 incompatibilities" in captured.get()


@pytest.mark.parametrize("option", ["--contracts", "--properties", "--rounds"])
def test_wrong_numbers_are_wrong_usage(option: str) -> None:
    assert CliRunner().invoke(bench, ["contracts", option, "0"]).exit_code == 2
