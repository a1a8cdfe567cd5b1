"""What a team's own file may not say is an exchange that nobody allowed."""

import shutil
from pathlib import Path

import pytest

from keybus.cli.platform.evidence import read_evidence
from keybus.governance.compliance import check_compliance
from keybus.topology.model import moment_us
from tests.unit.governance.compliance.platforms import FIXTURES, NOW, found

APPROVED = "reason: r, approver: omar, expires: 2027-02-01"


@pytest.mark.parametrize(
    ("text", "rule", "pointer"),
    [
        (
            "subscriptions: {more: {account: mail, events: [order.placed@1]}}",
            "DX14",
            "/subscriptions/more/account",
        ),
        ("publishers: {more: {account: orders, events: []}}", "DX14", "/publishers/more/account"),
        (
            f"grants: {{more: {{account: mail, events: [order.counted], {APPROVED}}}}}",
            "DX06",
            "/grants/more/events/0",
        ),
    ],
)
def test_a_team_speaks_for_itself(tmp_path: Path, text: str, rule: str, pointer: str) -> None:
    (tmp_path / "contracts").symlink_to(FIXTURES / "contracts")
    shutil.copy(FIXTURES / "sound.yaml", tmp_path / "platform.yaml")
    with (tmp_path / "platform.yaml").open("a") as file:
        file.write("\ninclude: {billing: billing.yaml}\n")
    (tmp_path / "billing.yaml").write_text(text + "\n")
    report = check_compliance(read_evidence(tmp_path, url=None, now_us=moment_us(NOW)))
    assert found(report) == {rule: [pointer]}
    [finding] = report.findings
    assert (finding.file, finding.line) == (str(tmp_path / "billing.yaml"), 1)
    assert report.faults == ()
