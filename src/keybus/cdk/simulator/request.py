"""Whether policy statements permit a request: as much of IAM as platforms on EventBridge use.

What is not known here is taken for what it may be at worst: it allows, and does not deny.
`doubt_of` says so.

Source: IAM user guide, "Policy evaluation logic", "Condition operators".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from operator import eq, lt
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
_SESSION: Final = re.compile(
    r"(arn:[a-z-]+):sts::([0-9]{12}):(?:assumed-role/([^/]+)|federated-user)/.*"
)
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
    meant = _is_let if allows else _is_barred
    if statement.principals and not meant(statement.principals, request.principals):
        return False
    if not any(like(request.action, each) for each in statement.actions):
        return False
    patterns = [_VARIABLE.sub("*", each) if allows else each for each in statement.resources]
    if patterns and not any(like(request.resource, one) for one in patterns):
        return False
    return all(
        _holds(each, request.context, surely=not allows) if _is_known(each) else allows
        for each in statement.conditions
    )


def _is_let(named: Iterable[tuple[str, str]], asking: Iterable[tuple[str, str]]) -> bool:
    """Whether one of those who may ask is named, by itself or by a session."""
    return any(
        one == "*" or (kind == kind_asking and (like(_role(one), who) or like(who, _role(one))))
        for kind, one in named
        for kind_asking, who in asking
    )


def _is_barred(named: Iterable[tuple[str, str]], asking: Iterable[tuple[str, str]]) -> bool:
    """Whether all of those who may ask are named: who is named of several keeps no other out."""
    return any(one == "*" for _, one in named) or not set(asking).isdisjoint(named)


def _role(principal: str) -> str:
    """A pattern of the role, or of the user, whose session a principal is."""
    found = _SESSION.fullmatch(principal)
    if found is None:
        return principal
    # A session does not say its role's path.
    return f"{found[1]}:iam::{found[2]}:{f'role/*{found[3]}' if found[3] else '*'}"


def _is_known(condition: Condition) -> bool:
    if condition.operator not in _OPERATORS or condition.key not in KEYS:
        return False
    if condition.operator == "DateLessThan":
        return all(_MOMENT.fullmatch(each) for each in condition.values)
    return not any(_VARIABLE.search(each) for each in condition.values)


def _holds(condition: Condition, context: Mapping[str, str], *, surely: bool) -> bool:
    """Whether a condition holds; surely, if for all of several who may ask."""
    found = context.get(condition.key)
    if condition.operator == "Null":
        found = str(found is None).lower()
    if found is None:
        return False
    several = condition.key == "aws:principalarn" and "*" in found
    if several and not surely and any(like(each, found) for each in condition.values):
        return True
    compared = _OPERATORS[condition.operator]
    return any(compared(found, each) for each in condition.values)


def _is_arn_like(text: str, pattern: str) -> bool:
    """Whether each of an ARN's six parts is as a pattern's."""
    said, asked = text.split(":", 5), pattern.split(":", 5)
    return len(said) == len(asked) and all(map(like, said, asked))


def _is_truth(text: str, asked: str) -> bool:
    return text == asked.lower()


_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "ArnEquals": _is_arn_like,  # as ArnLike, it takes patterns
    "ArnLike": _is_arn_like,
    "Bool": _is_truth,
    "DateLessThan": lt,
    "Null": _is_truth,
    "StringEquals": eq,
    "StringLike": like,
}
"""The operators that are known: whether what is found is as one of the values asked for."""
