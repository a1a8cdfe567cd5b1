"""`keybus contracts discover`, as it is typed: from files and from standard input."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.contracts import ContractRepository
from keybus.contracts.discovery import UNCERTAIN
from keybus.errors import ContractError

PLACED = {"order_id": "O-1", "amount": 12.5, "at": "2026-01-31T08:00:00Z"}
ENVELOPE = {"detail-type": "order.placed", "source": "shop.till", "account": "1", "detail": PLACED}
HEAD = {
    "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
    "type": "order.placed",
    "time": "2026-01-31T08:00:00Z",
    "publisher": {"name": "till"},
    "schema_version": "0.1.0",
}


def run(*arguments: object, given: str = "", code: int = 0) -> Result:
    found = CliRunner().invoke(contracts, [str(each) for each in arguments], input=given)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == code, found.output
    return found


def lines(*values: Any) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in values)


def settled(value: Any) -> Any:
    """The same without its marks."""
    if isinstance(value, dict):
        return {name: settled(each) for name, each in value.items() if name != UNCERTAIN}
    return [settled(each) for each in value] if isinstance(value, list) else value


def test_whatever_wraps_events(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    wrapped = [
        ENVELOPE,
        {"type": "event", "position": 1, "ingested_at": 2, "envelope": ENVELOPE},
        {"DetailType": "order.placed", "Source": "shop.desk", "Detail": json.dumps(PLACED)},
        {**HEAD, **PLACED},
        {"type": "alive"},
        {"type": "left-out", "count": 3},
    ]
    told = run(
        *("discover", folder, "--from", "-", "--owner", "shop", "--json"), given=lines(*wrapped)
    )
    [row] = json.loads(told.output)["drafts"]
    assert (row["type"], row["events"], row["sources"]) == (
        "order.placed",
        4,
        ["shop.desk", "shop.till"],
    )
    reasons = {(each["pointer"], each["about"]) for each in row["uncertain"]}
    assert ("", "classification") in reasons
    assert ("/allOf/1/properties/at", "format") in reasons
    contract = ContractRepository.load(folder)["order.placed"]
    assert contract.accepts({**HEAD, **PLACED})
    assert contract.version == "0.1.0"
    body = contract.schema["allOf"][1]
    assert sorted(body["properties"]) == ["amount", "at", "order_id"]  # the rest is the core's


def test_a_list_and_one_event_over_many_lines(tmp_path: Path) -> None:
    for name, value in (("list", [ENVELOPE, ENVELOPE]), ("one", ENVELOPE)):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(value, indent=2))
        told = run("discover", tmp_path / name, "--from", file, "--owner", "shop", "--json")
        [row] = json.loads(told.output)["drafts"]
        assert row["events"] == (2 if name == "list" else 1)


def test_a_draft_is_checked_and_not_released_until_it_is_settled(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    run("discover", folder, "--from", "-", "--owner", "shop", given=lines(ENVELOPE))
    assert run("lint", folder).exit_code == 0
    checked = run("check", folder, "--json", code=1)
    found = json.loads(checked.output)
    rules = {each["rule"] for each in found["findings"]}
    assert (rules, found["releasable"]) == ({"unsettled"}, False)
    assert "not settled yet" in run("check", folder, code=1).output
    for draft in ((), ("--draft",)):
        refused = run("release", folder, "--yes", *draft, code=1)
        assert "Uncertain: format" in refused.output
    file = folder / "order" / "OrderPlaced.json"
    file.write_text(json.dumps(settled(json.loads(file.read_text()))))
    assert "order.placed 0.1.0: new" in run("check", folder).output
    run("release", folder, "--yes")
    document = json.loads(file.read_text())
    document["x-keybus"]["version"] = "0.2.0"
    document["allOf"][1]["properties"]["more"] = {UNCERTAIN: "who knows"}
    file.write_text(json.dumps(document))
    again = run("check", folder, code=1).output
    assert "order.placed 0.2.0: not settled yet" in again
    assert "It is marked as uncertain." in again


def test_a_file_without_events_is_told_from_one_whose_events_have_contracts(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    for content, words in (("", ()), ("[]", ()), (json.dumps(ENVELOPE), ("--type", "order.gone"))):
        file.write_text(content)
        told = run("discover", tmp_path / "contracts", "--from", file, *words).output
        of = " of the type 'order.gone'" if words else ""
        assert told == f"there is no event{of} in {file}\n"


def test_a_byte_order_mark_is_no_part_of_an_event(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text(json.dumps([ENVELOPE]), encoding="utf-8-sig")
    told = run("discover", tmp_path / "contracts", "--from", file, "--owner", "shop")
    assert "OrderPlaced.json: 1 event, " in told.output


def test_what_has_a_contract_is_passed_over_and_never_written_over(
    fixtures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(fixtures / "valid", folder)
    known = {"detail-type": "delivery.status.updated", "source": "s", "detail": {"n": 1}}
    before = (folder / "delivery" / "DeliveryStatusUpdated.json").read_text()
    told = run("discover", folder, "--from", "-", given=lines(known))
    assert "1 event has a contract already" in told.output
    assert "no event without a contract" in told.output
    (folder / "order").mkdir()
    (folder / "order" / "OrderPlaced.json").write_text(
        '{"$schema": "http://json-schema.org/draft-04/schema#"}'
    )
    with pytest.raises(ContractError, match="is there already"):
        run("discover", folder, "--from", "-", "--owner", "o", given=lines(ENVELOPE))
    run("discover", folder, "--from", "-", "--owner", "o", "--force", given=lines(ENVELOPE))
    assert "order.placed" in ContractRepository.load(folder)
    assert (folder / "delivery" / "DeliveryStatusUpdated.json").read_text() == before


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    given = "\n".join(
        [
            *("nonsense", '{"a": NaN, "type": "x.y"}', '{"type": "x.y", "a": "\\ud800"}'),
            *("[" * 10_000, "7", '{"no": "type"}', '{"detail-type": "x.y", "detail": 7}'),
            *("", json.dumps(ENVELOPE)),
        ]
    )
    folder = tmp_path / "contracts"
    told = run("discover", folder, "--from", "-", "--owner", "o", given=given)
    for words in ("line 1 was left out: it is no JSON", "NaN", "2 more lines"):
        assert words in told.output
    with pytest.raises(ContractError, match="nothing that was read is an event"):
        run("discover", tmp_path / "none", "--from", "-", given="nonsense\n")
    for odd in (tmp_path / "no.jsonl", tmp_path):
        with pytest.raises(ContractError, match="cannot be read"):
            run("discover", tmp_path / "none", "--from", odd)
    assert not (tmp_path / "none").exists()
    some = run(
        *("discover", folder, "--from", "-", "--limit", "2", "--type", "a.b", "--owner", "o"),
        given=lines({"n": 1}, {"n": 2}, {"n": 3}),
    )
    assert "only the first 2 events" in some.output


def test_names_that_are_no_types(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = [
        {"detail-type": each, "source": "shop.till", "detail": {}}
        for each in ("Order Placed", "注文")
    ]
    told = run(
        "discover",
        tmp_path / "c",
        "--from",
        "-",
        "--owner",
        "o",
        "--json",
        given=lines(*events),
        code=1,
    )
    found = json.loads(told.output)
    assert [each["type"] for each in found["drafts"]] == ["order.placed"]
    assert "has no word for a type" in found["refused"]["注文"][0]
    assert "type" in [each["about"] for each in found["drafts"][0]["uncertain"]]


def test_what_contradicts_the_core_is_marked(tmp_path: Path) -> None:
    odd = {**PLACED, "id": 7, "type": "order.placed", "schema_version": "3.1.0", "trace": "t"}
    given = lines(*[odd] * 3)
    told = run("discover", tmp_path / "c", "--from", "-", "--owner", "o", "--json", given=given)
    [row] = json.loads(told.output)["drafts"]
    [mark] = [each for each in row["uncertain"] if each["about"] == "id"]
    assert (mark["samples"], mark["of"]) == (0, 3)
    assert ContractRepository.load(tmp_path / "c")["order.placed"].version == "3.0.0"


def test_hostile_names_are_names(tmp_path: Path) -> None:
    names = [
        "$ref",
        "class",
        "*/",
        '"',
        "a/b~c",
        "é",
        "A",
        "a",
        "__proto__",
        "x-keybus",
        "properties",
    ]
    detail = {name: {name: "x"} for name in names}
    given = lines({"detail-type": "order.odd", "source": "s", "detail": detail})
    run("discover", tmp_path / "c", "--from", "-", "--owner", "o", given=given)
    contract = ContractRepository.load(tmp_path / "c")["order.odd"]
    assert contract.accepts({**HEAD, **detail})
    assert not contract.accepts({**HEAD, **detail, "*/": 7})
