"""``keybus platform import --from-aws``, against a whole shop on moto, in two accounts."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from keybus.cdk.existing import move
from keybus.cli.root import keybus
from keybus.errors import KeybusError, SettingsError
from keybus.topology import load_declaration
from tests.cdk.existing.made import bus, part
from tests.cdk.existing.shop import HUB, ORDERS, REGION

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
    assert "1 error, 0 warnings" in checked.stdout
    assert "admission is 'observe'" in checked.stdout  # its events have no contracts yet


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
    assert "reading" not in refused.stderr  # a large estate takes a while
    assert file.read_text() == "bus: mine\n"
    assert run(folder, "--profile", "hub", "--force").exit_code == 0
    assert file.read_text().startswith("bus: shop\n")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--profile", "nobody"], "list-profiles"),
        (["--profile", "base"], "--region says where"),
        (["--profile", "helped"], "No such file or directory"),
        (
            ["--profile", "hub", "--endpoint-url", "nonsense"],
            "Invalid endpoint: nonsense (it needs",
        ),
        (["--profile", "hub", "--bus", "nope"], "has no bus 'nope' in eu-west-1 (it has"),
        (["--profile", "hub", "--account", "orders"], "has no two sides of a ="),
        (["--approver", "ines"], "an approver and an end go together"),
        (["--approver", "ines", "--expires", "soon"], "'soon' is no date (such as"),
        (["--approver", " ", "--expires", "2028-01-01"], "' ' is no name"),
        (["--account", "a b=111111111111"], "'a b' is no name"),
        (["--account", "a=12"], "'12' is no account's id"),
        (["--account", "a=111111111111", "--account", "a=222222222222"], "one name"),
        (["--account", "a=111111111111", "--account", "b=111111111111"], "is given twice"),
        (["--publisher", "s=a", "--publisher", "s=b"], "'s' is given twice"),
    ],
)
def test_bad_input_is_told_and_nothing_written(
    tmp_path: Path, options: list[str], said: str
) -> None:
    folder = tmp_path / "shop"
    result = run(folder, *options)
    assert result.exit_code != 0
    assert isinstance(result.exception, KeybusError | SystemExit)
    assert said in told_of(result)
    assert not folder.exists()


@pytest.mark.usefixtures("shop")
def test_a_terminal_is_shown_nothing_that_it_would_act_on(tmp_path: Path) -> None:
    events = boto3.Session(profile_name="hub").client("events")
    pattern = json.dumps({"source": ["\x1b[2Jshop"], "detail-type": ["\x07"]})
    events.put_rule(Name="odd", EventBusName="shop", EventPattern=pattern)
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{HUB}:ledger"}
    events.put_targets(Rule="odd", EventBusName="shop", Targets=[target])
    result = run(tmp_path / "shop", "--profile", "hub")
    assert "the source \\u001b[2Jshop: it is no name" in result.stderr
    assert {each for each in result.output if not each.isprintable()} == {"\n"}


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: File name too long"):
        move([part(bus())], tmp_path / ("x" * 300))
    (tmp_path / "contracts").symlink_to("x" * 300)
    with pytest.raises(SettingsError, match="cannot be read: File name too long"):
        move([part(bus())], tmp_path)


def test_from_where_is_to_be_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(keybus, ["platform", "import", str(tmp_path)])
    assert (result.exit_code, "--from-aws" in result.stderr) == (2, True)
