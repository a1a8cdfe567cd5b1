"""Event patterns: parse and validate, match.

`Pattern` is the plain evaluator: written to be right and read, and the yardstick of any faster
one. Semantics are those of aws/event-ruler 2.0; see Amazon EventBridge User Guide, "Amazon
EventBridge event patterns".
"""

from keybus.patterns.pattern import Pattern, matches, validate

__all__ = ["Pattern", "matches", "validate"]
