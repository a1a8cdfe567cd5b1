"""What is as it should be, or nearly was not, is left alone."""

from pathlib import Path

import pytest

from keybus.cli.platform.evidence import read_evidence
from keybus.governance.compliance import check_compliance
from keybus.topology.model import moment_us
from tests.running import EXAMPLE
from tests.unit.governance.compliance.platforms import FIXTURES, found, judge, mutant

BENIGN = sorted(FIXTURES.glob("benign/*.yaml"))


@pytest.mark.parametrize("path", BENIGN, ids=lambda path: path.stem)
def test_nothing_is_found(tmp_path: Path, path: Path) -> None:
    read = mutant(path)
    report = judge(tmp_path, read.get("platform", {}), read.get("running"))
    assert (found(report), report.faults, report.complete) == ({}, (), True)


def test_nothing_is_found_in_the_sound_platform(tmp_path: Path) -> None:
    report = judge(tmp_path, {})
    assert (report.findings, report.faults, report.judged) == ((), (), ("declaration",))


def test_nothing_is_found_in_the_reference_application() -> None:
    report = check_compliance(read_evidence(EXAMPLE, url=None, now_us=moment_us("2027-01-15")))
    assert (found(report), report.faults, report.complete) == ({}, (), True)
