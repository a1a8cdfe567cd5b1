"""What policy statements permit: as much of IAM's evaluation as the platform's statements use.

Source: IAM user guide, "Policy evaluation logic" and "Condition operators".
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any


def permitted(
    statements: Iterable[Mapping[str, Any]],
    action: str,
    resource: str,
    context: Mapping[str, str],
    principal: str = "",
) -> bool:
    """Whether a request is allowed by one of the statements and denied by none."""
    found = [
        each["Effect"]
        for each in statements
        if _is_meant(each, principal)
        and any(fnmatchcase(action.lower(), one.lower()) for one in _all(each["Action"]))
        and any(fnmatchcase(resource, str(one)) for one in _all(each.get("Resource", resource)))
        and all(
            _holds(operator, key, _all(values), context)
            for operator, asked in each.get("Condition", {}).items()
            for key, values in asked.items()
        )
    ]
    return "Allow" in found and "Deny" not in found


def _is_meant(statement: Mapping[str, Any], principal: str) -> bool:
    said = statement.get("Principal")
    if said is None or said == "*":
        return True
    [(_, named)] = said.items()
    return principal in _all(named)


def _holds(operator: str, key: str, values: list[str], context: Mapping[str, str]) -> bool:
    found = context.get(key)
    if operator == "Null":
        return values == [str(found is None).lower()]
    if found is None:
        return False
    match operator:
        case "StringEquals" | "Bool":
            return found in values
        case "ArnLike" | "StringLike":
            return any(fnmatchcase(found, each) for each in values)
        case "DateLessThan":
            return found < values[0]  # both in UTC and in one form
    raise AssertionError(f"the platform uses {operator}, which this does not evaluate")


def _all(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
