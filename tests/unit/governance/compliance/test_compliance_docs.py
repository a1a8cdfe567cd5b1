"""docs/compliance.md says what the rules say."""

import re

from keybus.governance.compliance import RULES
from tests.running import ROOT
from tests.unit.governance.compliance.compliance_page import ELSEWHERE_ROWS, RULE_ROWS

PAGE = (ROOT / "docs" / "compliance.md").read_text()


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_table_of_rules_is_the_rules() -> None:
    assert re.findall(r"^\| DX.*$", section("Rules"), re.MULTILINE) == RULE_ROWS


def test_the_table_of_what_is_not_seen_is_the_rules() -> None:
    assert re.findall(r"^\| DX.*$", section("What cannot be seen yet"), re.MULTILINE) == (
        ELSEWHERE_ROWS
    )


def test_every_rule_with_a_check_says_what_it_looks_at() -> None:
    told = re.findall(r"^- \*\*(DX\d\d)\*\*:", section("Rules"), re.MULTILINE)
    assert told == [rule.id for rule in RULES.values() if rule.check is not None]


def test_the_rules_are_the_whole_taxonomy() -> None:
    assert list(RULES) == [f"DX{number:02d}" for number in range(19)]
    for rule in RULES.values():
        assert rule.title
        assert rule.purpose.endswith(".")
        assert rule.hint
        assert (rule.check is None) == (rule.seen == ("templates",))
        assert ("templates" in rule.seen) <= bool(rule.elsewhere)
