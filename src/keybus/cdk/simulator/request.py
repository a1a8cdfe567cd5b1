"""Whether policy statements permit a request: as much of IAM as platforms on EventBridge use.

What is not known here is taken for what it may be at worst: it allows, and does not deny.
`doubt_of` says so.

Source: IAM user guide, "Policy evaluation logic", "Condition operators".
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from keybus.cdk.checker.normal_statement import Condition, NormalStatement

PUT: Final = "events:putevents"
SEND: Final = "sqs:sendmessage"
RECEIVE: Final = "sqs:receivemessage"
ASSUME: Final = "sts:assumerole"
_ASKED: Final = (PUT, SEND, RECEIVE, ASSUME)
KEYS: Final = frozenset(
    {
        "aws:currenttime",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "events:detail-type",
        "events:source",
    }
)
"""The condition keys that are known: a request that lacks one of them lacks it on AWS."""
_EXACT: Final = frozenset({"StringEquals", "Bool", "ArnEquals"})
_LIKE: Final = frozenset({"StringLike", "ArnLike"})
_OPERATORS: Final = _EXACT | _LIKE | {"Null", "DateLessThan"}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


class Request(NamedTuple):
    """What somebody asks for.

    Attributes:
        action: In lower case.
        resource: An ARN.
        context: Condition keys in lower case, and their values; a time is RFC 3339 in UTC, and
            ``aws:principalarn`` a pattern where any of several may ask.
        principals: As whom: pairs such as ``("AWS", "111111111111")``; an ARN may be a pattern.
    """

    action: str
    resource: str
    context: Mapping[str, str]
    principals: frozenset[tuple[str, str]] = frozenset()


def permitted(statements: Iterable[NormalStatement], request: Request) -> bool:
    """Whether one of a policy's statements allows a request and none denies it."""
    effects = {each.effect for each in statements if _applies(each, request)}
    return "Allow" in effects and "Deny" not in effects


def denied(statements: Iterable[NormalStatement], request: Request) -> bool:
    """Whether one of a policy's statements denies a request."""
    return any(each.effect == "Deny" and _applies(each, request) for each in statements)


def doubt_of(statement: NormalStatement) -> str:
    """What of a statement is not evaluated; empty where all is, or where nobody asks."""
    asked = any(like(action, each) for action in _ASKED for each in statement.actions)
    if not asked and not statement.negated:
        return ""
    unknown = [
        f"{each.operator} {each.key}" for each in statement.conditions if not _is_known(each)
    ]
    parts = [key for key, _ in statement.negated] + list(statement.others) + unknown
    parts += [each for each in statement.resources if _VARIABLE.search(each)]
    if not parts:
        return ""
    taken = "to allow" if statement.effect == "Allow" else "not to deny"
    return f"{', '.join(sorted(set(parts)))}: not evaluated, and taken {taken}"


def like(text: str, pattern: str) -> bool:
    """Whether a text is one of those that a pattern with ``*`` and ``?`` stands for."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _applies(statement: NormalStatement, request: Request) -> bool:
    allows = statement.effect == "Allow"
    if statement.negated:
        return allows
    if statement.principals and not _is_meant(statement.principals, request.principals):
        return False
    if not any(like(request.action, each) for each in statement.actions):
        return False
    patterns = [_VARIABLE.sub("*", each) if allows else each for each in statement.resources]
    if patterns and not any(like(request.resource, one) for one in patterns):
        return False
    return all(
        _holds(each, request.context) if _is_known(each) else allows
        for each in statement.conditions
    )


def _is_meant(named: Iterable[tuple[str, str]], asking: Iterable[tuple[str, str]]) -> bool:
    return any(
        one == "*" or (kind == kind_asking and (one == who or like(one, who)))
        for kind, one in named
        for kind_asking, who in asking
    )


def _is_known(condition: Condition) -> bool:
    if condition.operator not in _OPERATORS or condition.key not in KEYS:
        return False
    if condition.operator == "DateLessThan":
        return all(_MOMENT.fullmatch(each) for each in condition.values)
    return not any(_VARIABLE.search(each) for each in condition.values)


def _holds(condition: Condition, context: Mapping[str, str]) -> bool:
    found, operator = context.get(condition.key), condition.operator
    if operator == "Null":
        return condition.values == (str(found is None).lower(),)
    if found is None:
        return False
    if operator == "DateLessThan":
        return all(found < each for each in condition.values)
    if condition.key == "aws:principalarn" and "*" in found:
        return any(like(each, found) or like(found, each) for each in condition.values)
    if operator in _EXACT:
        return found in condition.values
    return any(like(found, each) for each in condition.values)
