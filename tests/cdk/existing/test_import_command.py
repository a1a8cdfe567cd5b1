"""``keybus platform import --from-aws``, against a whole shop on moto, in two accounts."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cli.root import keybus
from keybus.topology import load_declaration
from tests.cdk.existing.shop import ORDERS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of moto


def run(folder: Path, *options: str) -> Result:
    command = ["platform", "import", str(folder), "--from-aws", *options]
    return CliRunner().invoke(keybus, command)


def told_of(result: Result) -> str:
    """What a user would see of an error."""
    return f"{result.stderr}{result.exception}"


@pytest.mark.usefixtures("shop")
def test_a_shop_is_brought_over(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    options = ["--profile", "hub", "--profile", "mail", "--account", f"orders={ORDERS}"]
    result = run(folder, *options, "--approver", "ines", "--expires", "2028-06-30")
    assert result.exit_code == 0, result.output
    counts = "4 accounts, 2 publishers, 2 grants, 3 subscriptions"
    assert f"wrote {folder / 'platform.yaml'}: {counts}\n" in result.stdout
    assert "rule/shop/machine: arn:aws:states:" in result.stderr
    platform = load_declaration(folder).platform
    assert (platform.bus, platform.organization, platform.central) == ("shop", "o-shop1", "hub")
    assert platform.publishers["shop.orders"].account == "orders"
    ledger, letters = platform.subscriptions["ledger"], platform.subscriptions["letters"]
    assert (ledger.retry.attempts, ledger.retry.keep_dead_letters) == (5, 345_600)
    assert letters.account == "mail"
    assert letters.filter == {
        "source": ["shop.orders"],
        "detail-type": ["Order Placed"],
        "detail": {"total": [{"numeric": [">", 100]}]},
    }
    checked = CliRunner().invoke(keybus, ["platform", "check", str(folder), "--at", "2027-01-01"])
    assert "0 errors, 0 warnings" in checked.stdout


@pytest.mark.usefixtures("shop")
def test_programs_are_told_all_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    told: dict[str, Any] = json.loads(run(folder, "--profile", "hub", "--json").stdout)
    assert told["counts"] == {"accounts": 4, "publishers": 2, "grants": 0, "subscriptions": 3}
    subjects = {each["subject"].rpartition("/")[2] for each in told["not_carried"]}
    assert {"off", "machine", "count", "mail", "grants", "the archive some"} <= subjects
    assert all(each["why"] for each in told["not_carried"])


@pytest.mark.usefixtures("shop")
def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    file = folder / "platform.yaml"
    file.write_text("bus: mine\n")
    refused = run(folder, "--profile", "hub")
    assert refused.exit_code == 1
    said = "is there already (name another folder, or write it anew with --force)"
    assert said in told_of(refused)
    assert file.read_text() == "bus: mine\n"
    assert run(folder, "--profile", "hub", "--force").exit_code == 0
    assert file.read_text().startswith("bus: shop\n")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--profile", "nobody"], "list-profiles"),
        (["--profile", "base"], "--region says where"),
        (["--profile", "hub", "--bus", "nope"], "has no bus 'nope' in eu-west-1 (it has"),
        (["--profile", "hub", "--account", "orders"], "has no two sides of a ="),
        (["--approver", "ines"], "an approver and an end go together"),
        (["--approver", "ines", "--expires", "soon"], "'soon' is no date (such as"),
        (["--approver", " ", "--expires", "2028-01-01"], "' ' is no name"),
        (["--account", "a b=111111111111"], "'a b' is no name"),
        (["--account", "a=12"], "'12' is no account's id"),
        (["--account", "a=111111111111", "--account", "a=222222222222"], "one name"),
    ],
)
def test_bad_input_is_told_and_nothing_written(
    tmp_path: Path, options: list[str], said: str
) -> None:
    folder = tmp_path / "shop"
    result = run(folder, *options)
    assert result.exit_code != 0
    assert said in told_of(result)
    assert not folder.exists()


def test_from_where_is_to_be_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(keybus, ["platform", "import", str(tmp_path)])
    assert (result.exit_code, "--from-aws" in result.stderr) == (2, True)
