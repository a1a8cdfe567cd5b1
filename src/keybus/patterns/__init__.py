"""Event patterns: parse and validate, match, explain, and index many of them.

`Pattern` is the plain evaluator: written to be right and read, and the yardstick of
`PatternIndex`, which answers the same for many patterns at once, fast. Semantics are those of aws/event-ruler 2.0; see Amazon EventBridge User Guide, "Amazon
EventBridge event patterns".
"""

from keybus.patterns.explanation import (
    AlternativeOutcome,
    Disagreement,
    Explanation,
    FieldElements,
    FieldOutcome,
)
from keybus.patterns.index import PatternIndex, has_unique_names
from keybus.patterns.pattern import Pattern, explain, matches, validate

__all__ = [
    "AlternativeOutcome",
    "Disagreement",
    "Explanation",
    "FieldElements",
    "FieldOutcome",
    "Pattern",
    "PatternIndex",
    "explain",
    "has_unique_names",
    "matches",
    "validate",
]
