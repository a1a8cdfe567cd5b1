"""Whether policy statements permit a request: as much of IAM as platforms on EventBridge use.

Source: IAM user guide, "Policy evaluation logic", "Condition operators".
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from keybus.cdk.checker.normal_statement import Condition, NormalStatement

_EXACT: Final = frozenset({"StringEquals", "Bool", "ArnEquals"})
_LIKE: Final = frozenset({"StringLike", "ArnLike"})


class Request(NamedTuple):
    """What somebody asks for.

    Attributes:
        action: In lower case.
        resource: An ARN.
        context: Condition keys in lower case, and their values; a time is RFC 3339 in UTC.
        principals: As whom: pairs such as ``("AWS", "111111111111")``.
    """

    action: str
    resource: str
    context: Mapping[str, str]
    principals: frozenset[tuple[str, str]] = frozenset()


def permitted(statements: Iterable[NormalStatement], request: Request) -> bool:
    """Whether one of a policy's statements allows a request and none denies it.

    Statements with ``NotAction`` and the like, and conditions that are not known here, are taken
    for what they may be at worst: they allow, and do not deny.
    """
    effects = {each.effect for each in statements if _applies(each, request)}
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: NormalStatement, request: Request) -> bool:
    if statement.negated:
        return statement.effect == "Allow"
    named = statement.principals
    if named and not (named & request.principals) and not _is_everybody(named):
        return False
    if not any(_like(request.action, each) for each in statement.actions):
        return False
    if statement.resources and not any(_like(request.resource, one) for one in statement.resources):
        return False
    return all(_holds(each, statement.effect, request.context) for each in statement.conditions)


def _is_everybody(named: Iterable[tuple[str, str]]) -> bool:
    return any(one == "*" for _, one in named)


def _holds(condition: Condition, effect: str, context: Mapping[str, str]) -> bool:
    found, operator = context.get(condition.key), condition.operator
    if operator == "Null":
        return condition.values == (str(found is None).lower(),)
    if operator in _EXACT:
        return found is not None and found in condition.values
    if operator in _LIKE:
        return found is not None and any(_like(found, each) for each in condition.values)
    if operator == "DateLessThan":
        return found is not None and all(found < each for each in condition.values)
    return effect == "Allow"


def _like(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))
