"""A condition of a statement: an operator, a key of the request, and values.

Source: AWS IAM user guide, "IAM JSON policy elements: Condition operators" and "Set operators for
multivalued context keys".
"""

import re
from collections.abc import Callable
from typing import Final, Literal, cast, get_args

import msgspec

from keybus.governance.bus_policy.faults import MalformedPolicy
from keybus.governance.bus_policy.glob import fits

Key = Literal["events:source", "events:detail-type", "aws:PrincipalAccount", "aws:PrincipalOrgID"]
Every = Literal["", "ForAnyValue", "ForAllValues"]
Test = Literal["Equals", "EqualsIgnoreCase", "Like", "Null"]
KEYS: Final[dict[str, Key]] = {each.lower(): each for each in get_args(Key)}
"""The keys that are evaluated, by their names in lower case: IAM compares them so."""
OF_THE_EVENT: Final[frozenset[Key]] = frozenset({"events:source", "events:detail-type"})
_OPERATOR: Final = re.compile(
    r"(?:(ForAnyValue|ForAllValues):)?String(Not)?(Equals|EqualsIgnoreCase|Like)(IfExists)?"
)
_NULL: Final = "Null"
Fits = Callable[[str, str], bool]
"""Whether a value of the request fits one of the policy's."""


class Condition(msgspec.Struct, frozen=True):
    """One condition. Each key has one value in a request, or none.

    Attributes:
        key: The key, as IAM writes it.
        test: ``Equals``, ``EqualsIgnoreCase``, ``Like`` or ``Null``.
        values: The policy's values; one that fits is enough.
        is_negated: Whether none may fit.
        every: The set operator; with one value it matters only where there is none.
        if_exists: Whether it holds where the request does not have the key.
    """

    key: Key
    test: Test
    values: tuple[str, ...]
    is_negated: bool = False
    every: Every = ""
    if_exists: bool = False

    def holds(self, value: str | None) -> bool:
        """Whether it holds for a request.

        Args:
            value: What the request has under the key; None: nothing.
        """
        if self.test == _NULL:
            return ("true" if value is None else "false") in self.values
        if value is None:
            return self._holds_without
        test = _TESTS[self.test]
        return any(test(value, each) for each in self.values) != self.is_negated

    @property
    def _holds_without(self) -> bool:
        """Whether it holds for a request without the key."""
        if self.if_exists or self.every == "ForAllValues":
            return True
        return self.is_negated and self.every != "ForAnyValue"

    @property
    def is_plain(self) -> bool:
        """Whether it only says which values there may be."""
        return self.test == "Equals" and not self.is_negated and not self.if_exists


def read_condition(operator: str, key: str, values: tuple[str, ...]) -> Condition:
    """A condition as a policy writes it.

    Raises:
        MalformedPolicy: Its operator or its key would not be evaluated.
    """
    known = KEYS.get(key.lower())
    if known is None:
        raise MalformedPolicy(
            f"the condition key {key!r} is not evaluated", hint=f"one of {', '.join(KEYS.values())}"
        )
    if any("${" in each for each in values):
        raise MalformedPolicy(
            f"a value of {known} has a policy variable", hint="variables are not evaluated here"
        )
    if operator == _NULL:
        if not {"true", "false"}.issuperset(values):
            raise MalformedPolicy(f"Null of {known} is true or false")
        return Condition(known, "Null", values)
    found = _OPERATOR.fullmatch(operator)
    if found is None:
        raise MalformedPolicy(
            f"the condition operator {operator!r} is not evaluated",
            hint="String[Not]Equals[IgnoreCase] or String[Not]Like, with ForAnyValue:, ForAllValues:"
            " or …IfExists, and Null",
        )
    every, negation, test, if_exists = found.groups(default="")
    plain, of_several = cast("Test", test), cast("Every", every)
    return Condition(known, plain, values, bool(negation), of_several, bool(if_exists))


def _equals(value: str, wanted: str) -> bool:
    return value == wanted


def _equals_ignoring_case(value: str, wanted: str) -> bool:
    return value.casefold() == wanted.casefold()


_TESTS: Final[dict[str, Fits]] = {
    "Equals": _equals,
    "EqualsIgnoreCase": _equals_ignoring_case,
    "Like": fits,
}
