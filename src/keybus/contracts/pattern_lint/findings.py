"""What the lint finds in a pattern, and the rules that find it, as data."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from keybus.errors import SettingsError

Severity = Literal["error", "warning"]

ErrorRule = Literal[
    "unknown-envelope-field",
    "undeclared-field",
    "impossible-field",
    "not-a-leaf",
    "required-field",
    "impossible-type",
    "impossible-value",
    "impossible-range",
    "impossible-text",
    "no-such-event-type",
    "no-such-source",
    "contradiction",
]
"""Rules about what can never match; docs/contracts.md says what each means."""

WarningRule = Literal["unlisted-value", "always-matches", "excludes-nothing"]
"""Rules about what matches nothing yet, and what filters nothing."""

RuleId = Literal[ErrorRule, WarningRule]
"""Every rule."""


class PatternRule(msgspec.Struct, frozen=True):
    """One rule.

    Attributes:
        id: Its stable name.
        purpose: What it finds, in one sentence.
        severity: ``error`` for what can never match, ``warning`` for what filters nothing.
        overridable: Whether a caller may allow what it finds, by the rule's name.
    """

    id: RuleId
    purpose: str
    severity: Severity = "error"
    overridable: bool = False


_ALL: Final = (
    PatternRule("unknown-envelope-field", "The envelope has no such field."),
    PatternRule(
        "undeclared-field",
        "None of the events declares the field; contracts are open, so it may still be meant.",
        overridable=True,
    ),
    PatternRule("impossible-field", "The contracts leave no room for a field there."),
    PatternRule(
        "not-a-leaf", "The field is an object; patterns, `exists` too, look at leaves only."
    ),
    PatternRule("required-field", "`exists: false` on a field that every event has."),
    PatternRule("impossible-type", "The field never has a value of that JSON type."),
    PatternRule("impossible-value", "The field's contract refuses the value."),
    PatternRule("impossible-range", "No number that the contract allows is in the range."),
    PatternRule("impossible-text", "No text that the contract allows is like that."),
    PatternRule("no-such-event-type", "None of the events has that type.", overridable=True),
    PatternRule("no-such-source", "None of the events comes from that source."),
    PatternRule("contradiction", "Each field can match, but no one event can match them all."),
    PatternRule(
        "unlisted-value",
        "A list that is declared extensible does not have the value yet.",
        severity="warning",
        overridable=True,
    ),
    PatternRule(
        "always-matches",
        "Every event matches: the filter filters nothing.",
        severity="warning",
        overridable=True,
    ),
    PatternRule(
        "excludes-nothing",
        "`anything-but` names what never occurs anyway.",
        severity="warning",
        overridable=True,
    ),
)

RULES: Final[Mapping[str, PatternRule]] = {rule.id: rule for rule in _ALL}
"""The rules by their names."""


class PatternFinding(msgspec.Struct, frozen=True):
    """Something in a pattern that can never match, or that always does.

    Attributes:
        rule: The rule that found it.
        severity: ``error`` for what can never match, ``warning`` for what filters nothing.
        pointer: JSON pointer into the pattern.
        field: The field, steps joined by dots: ``detail.status``; empty for the whole pattern.
        message: What is wrong, in one sentence.
        hint: What to do next: the nearest valid name or value, where there is one.
        event_types: The event types that it is true of.
        overridable: Whether it rests on what a caller may allow: for an error, on fields that
            contracts do not declare (or, where foreign events are meant, on event types).
    """

    rule: RuleId
    severity: Severity
    pointer: str
    field: str
    message: str
    hint: str = ""
    event_types: tuple[str, ...] = ()
    overridable: bool = False

    def __str__(self) -> str:
        """``pointer: message (hint) [rule]``."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.pointer or '/'}: {self.message}{hint} [{self.rule}]"


class Allowed:
    """What a caller allows: rules by name, and undeclared fields by their dotted paths.

    A field allows all that is within it.
    """

    def __init__(self, names: "frozenset[str]") -> None:
        """Sort the names.

        Raises:
            SettingsError: One is neither an overridable rule nor a field of an event.
        """
        self.rules = {name for name in names if name in RULES}
        self._fields = names - self.rules
        fixed = sorted(name for name in self.rules if not RULES[name].overridable)
        if fixed:
            known = ", ".join(rule.id for rule in _ALL if rule.overridable)
            raise SettingsError(f"the rule {fixed[0]!r} cannot be allowed", hint=f"only {known}")
        for name in sorted(self._fields):
            if not name.startswith("detail.") and name != "detail-type":
                raise SettingsError(
                    f"{name!r} is neither a rule nor a field such as 'detail.colour'",
                    hint=f"the rules that can be allowed are {', '.join(sorted(_overridable()))}",
                )

    def undeclared(self, path: str) -> bool:
        """Whether a field outside the declared view is meant."""
        return "undeclared-field" in self.rules or any(
            path == field or path.startswith(f"{field}.") for field in self._fields
        )

    @property
    def event_types(self) -> bool:
        """Whether event types without a contract are meant, however they are spelt."""
        return "no-such-event-type" in self.rules or "detail-type" in self._fields


def _overridable() -> set[str]:
    return {rule.id for rule in _ALL if rule.overridable}
