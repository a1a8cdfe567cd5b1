"""Exceptions: what they accept, what they do not, and that they are listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from keybus.governance.compliance.render import as_sarif, as_text
from tests.unit.governance.compliance.platforms import found, judge


def waiver(rule: str, subject: str, expires: str = "2027-06-30") -> dict[str, Any]:
    return {
        "rule": rule,
        "subject": subject,
        "reason": "The account moves in spring.",
        "approver": "olive",
        "expires": expires,
    }


OTHER = {"mail": {"organization": "o-other1"}}


@pytest.mark.parametrize("subject", ["/accounts/mail", "/accounts/mail/organization"])
@pytest.mark.parametrize("expires", ["2027-06-30", "2027-01-15T00:00:01Z"])
def test_it_accepts_what_is_at_its_subject_or_within(
    tmp_path: Path, subject: str, expires: str
) -> None:
    exceptions = {"move": waiver("DX02", subject, expires)}
    report = judge(tmp_path, {"accounts": OTHER, "exceptions": exceptions})
    assert report.findings == ()
    [excepted] = report.excepted
    assert (excepted.rule, excepted.excepted_by) == ("DX02", "move")
    assert report.unused == ()
    text = as_text(report)
    assert "0 errors, 0 warnings, 1 excepted" in text
    assert f"move: DX02 {subject} until {expires}\n" in text
    assert "The account moves in spring. (approved by olive)" in text


@pytest.mark.parametrize(
    ("rule", "subject"),
    [
        ("DX03", "/accounts/mail"),  # another rule
        ("DX02", "/accounts/billing"),  # another part
        ("DX02", "/accounts"),  # all parts of a kind are not one
        ("DX02", "/accounts/mail/id"),  # another key of the part
        ("DX02", "/organization"),
    ],
)
def test_it_accepts_nothing_else(tmp_path: Path, rule: str, subject: str) -> None:
    exceptions = {"move": waiver(rule, subject)}
    report = judge(tmp_path, {"accounts": OTHER, "exceptions": exceptions})
    assert found(report) == {"DX02": ["/accounts/mail/organization"]}
    assert [one.name for one in report.unused] == ["move"]
    assert "unused exception" in as_text(report)


def test_a_name_that_begins_alike_is_another(tmp_path: Path) -> None:
    other = {"id": "444444444444", "organization": "o-other1"}
    patch = {
        "accounts": {"mail-2": other},
        "exceptions": {"move": waiver("DX02", "/accounts/mail")},
    }
    assert found(judge(tmp_path, patch)) == {"DX02": ["/accounts/mail-2/organization"]}


def test_an_expired_one_accepts_nothing(tmp_path: Path) -> None:
    exceptions = {"move": waiver("DX02", "/accounts/mail", "2027-01-15")}
    report = judge(tmp_path, {"accounts": OTHER, "exceptions": exceptions})
    assert found(report) == {
        "DX02": ["/accounts/mail/organization"],
        "DX12": ["/exceptions/move/expires"],
    }
    assert report.exceptions == ()


def test_faults_of_the_declaration_cannot_be_excepted(tmp_path: Path) -> None:
    patch = {
        "grants": {"mail-orders": {"approver": "mia"}},
        "exceptions": {"own": waiver("DX06", "/grants/mail-orders")},
    }
    report = judge(tmp_path, patch)
    assert found(report) == {"DX06": ["/grants/mail-orders/approver"]}
    assert (report.excepted, report.complete) == ((), False)


@pytest.mark.parametrize(
    ("rule", "subject", "running"),
    [
        ("DX01", "/bus", {"authentication": False}),
        ("DX09", "/bus", {"sealing": False}),
        (
            "DX16",
            "/subscriptions/bills",
            {"consumers": [{"subscription": "bills", "account": "hub"}]},
        ),
        ("DX17", "/accounts/mail", {"platform": {"accounts": {"mail": {"clearance": "pii"}}}}),
        ("DX14", "/central", {"platform": {"central": "orders"}}),
        (
            "DX13",
            "/accounts/mail",
            {
                "credentials": [
                    {
                        "id": "C-1",
                        "account": "mail",
                        "roles": ["subscriber"],
                        "kind": "token",
                        "created_us": 1,
                    }
                ]
            },
        ),
    ],
)
def test_a_part_of_the_running_bus_is_excepted_by_what_it_belongs_to(
    tmp_path: Path, rule: str, subject: str, running: dict[str, Any]
) -> None:
    report = judge(tmp_path, {"exceptions": {"one": waiver(rule, subject)}}, running)
    assert report.findings == ()
    assert [finding.rule for finding in report.excepted] == [rule]
    [excepted] = report.excepted
    assert excepted.where == "running bus"
    assert Path(excepted.file).name == "platform.yaml"
    [result] = json.loads(as_sarif(report))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == excepted.line > 0


def test_a_queue_that_nothing_declares_cannot_be_excepted(tmp_path: Path) -> None:
    queue = {"name": "removed", "declared": False, "waiting": 1}
    report = judge(tmp_path, {"exceptions": {"one": waiver("DX00", "/bus")}}, {"queues": [queue]})
    assert found(report) == {"DX00": ["/running/queues/removed"]}
