"""The tables of docs/compliance.md, written from the rules themselves.

`python -m tests.unit.governance.compliance.compliance_page` prints them.
"""

from keybus.governance.compliance import RULES

RULE_ROWS = [
    f"| {rule.id} | {rule.title} | {rule.purpose} | {rule.severity} | {', '.join(rule.seen)} |"
    for rule in RULES.values()
]
ELSEWHERE_ROWS = [f"| {rule.id} | {rule.elsewhere} |" for rule in RULES.values() if rule.elsewhere]

if __name__ == "__main__":
    print("\n".join([*RULE_ROWS, "", *ELSEWHERE_ROWS]))  # noqa: T201 - it is what the page holds
