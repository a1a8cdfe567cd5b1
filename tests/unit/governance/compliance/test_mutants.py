"""Every mutant is found under the right rule, and nothing besides."""

from pathlib import Path

import msgspec
import pytest

from keybus.governance.compliance import RULES
from keybus.topology.model import RuleId
from tests.unit.governance.compliance.platforms import FIXTURES, found, judge, mutant

MUTANTS = sorted(FIXTURES.glob("DX*/*.yaml"))
SEEN = [rule.id for rule in RULES.values() if rule.check is not None]


@pytest.mark.parametrize("path", MUTANTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_mutant(tmp_path: Path, path: Path) -> None:
    read = mutant(path)
    assert read.keys() <= {"platform", "running", "finds"}
    report = judge(tmp_path, read.get("platform", {}), read.get("running"))
    assert found(report) == {rule: sorted(places) for rule, places in read["finds"].items()}
    assert path.parent.name in read["finds"]
    assert report.faults == ()


@pytest.mark.parametrize("rule", SEEN)
def test_every_rule_that_can_be_seen_has_mutants(rule: str) -> None:
    assert len([path for path in MUTANTS if path.parent.name == rule]) >= 5


def test_exceptions_may_name_the_rules_that_there_are_and_no_others() -> None:
    said = {f"DX{number:02}" for number in range(100)}
    assert {each for each in said if fits(each)} == set(RULES)


def fits(rule: str) -> bool:
    try:
        return msgspec.convert(rule, RuleId) == rule
    except msgspec.ValidationError:
        return False


def test_mutants_are_of_rules_that_can_be_seen() -> None:
    assert {path.parent.name for path in MUTANTS} == set(SEEN)
    assert set(RULES) - set(SEEN) == {"DX07", "DX08"}
