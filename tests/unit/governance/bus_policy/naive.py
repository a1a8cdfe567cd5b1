"""IAM's evaluation of a statement, word by word: every key of a request has a list of values.

Source: AWS IAM user guide, "Policy evaluation logic" and "Condition operators".
"""

import re
from typing import Any

Request = dict[str, list[str]]


def applies(statement: dict[str, Any], request: Request) -> bool:
    """Whether a statement is about a request."""
    principal = statement["Principal"]
    named = [principal] if principal == "*" else as_list(principal["AWS"])
    account = request["aws:principalaccount"][0]
    if not any(each in ("*", account, f"arn:aws:iam::{account}:root") for each in named):
        return False
    return all(
        holds(operator, request.get(key.lower(), []), [str(each) for each in as_list(values)])
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def holds(operator: str, values: list[str], wanted: list[str]) -> bool:
    """Whether a condition holds of the values that a request has under its key."""
    if operator == "Null":
        return any((not values) == (each.lower() == "true") for each in wanted)
    every, _, test = operator.rpartition(":")
    if test.endswith("IfExists"):
        if not values:
            return True
        test = test.removesuffix("IfExists")
    negated = "Not" in test
    test = test.replace("Not", "")

    def fits(value: str) -> bool:
        return any(matches(test, value, each) for each in wanted) != negated

    if every == "ForAllValues":
        return all(fits(each) for each in values)
    if every == "ForAnyValue":
        return any(fits(each) for each in values)
    return fits(values[0]) if values else negated


def matches(test: str, value: str, wanted: str) -> bool:
    if test == "StringLike":
        parts = [
            ".*" if each == "*" else "." if each == "?" else re.escape(each) for each in wanted
        ]
        return re.fullmatch("".join(parts), value, re.DOTALL) is not None
    if test == "StringEqualsIgnoreCase":
        return value.casefold() == wanted.casefold()
    return value == wanted


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
