"""Event patterns against contracts: what can never match, and what filters nothing."""

from keybus.contracts.pattern_lint.findings import (
    RULES,
    ErrorRule,
    PatternFinding,
    PatternRule,
    RuleId,
    WarningRule,
)
from keybus.contracts.pattern_lint.lint import lint_pattern

__all__ = [
    "RULES",
    "ErrorRule",
    "PatternFinding",
    "PatternRule",
    "RuleId",
    "WarningRule",
    "lint_pattern",
]
