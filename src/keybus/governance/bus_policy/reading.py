"""Policies read from IAM's JSON; what would not be evaluated is refused, never passed over."""

import re
from collections.abc import Collection
from typing import Any, Final, Literal

import msgspec

from keybus.arns import Arn
from keybus.governance.bus_policy.condition import Condition, read_condition
from keybus.governance.bus_policy.faults import MalformedPolicy
from keybus.governance.bus_policy.statement import PUT_EVENTS, Statement
from keybus.patterns import has_unique_names

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_SID: Final = re.compile(r"[a-zA-Z0-9_-]{0,64}")
_EVERYBODY: Final = "*"
Texts = str | list[str]


class _Written(msgspec.Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    effect: Literal["Allow", "Deny"]
    principal: str | dict[str, Texts]
    action: Texts
    resource: Texts
    sid: str = ""
    condition: dict[str, dict[str, str | bool | list[str]]] = {}


class _Policy(msgspec.Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    statement: dict[str, Any] | list[dict[str, Any]]
    version: Literal["2012-10-17", "2008-10-17"] = "2008-10-17"  # they differ in variables alone
    id: str = ""


def read_policy(text: str, resources: Collection[str]) -> list[Statement]:
    """The statements of a policy.

    Args:
        text: The policy as JSON.
        resources: The ARNs of the bus that it is of.

    Raises:
        MalformedPolicy: It is none, or something of it would not be evaluated.
    """
    content = text.encode("utf-8", "surrogatepass")
    try:
        policy = msgspec.json.decode(content, type=_Policy)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedPolicy(f"the policy is none that can be kept to: {error}") from error
    if not has_unique_names(content):
        raise MalformedPolicy("the policy has an object with two members of one name")
    found = policy.statement if isinstance(policy.statement, list) else [policy.statement]
    statements = [read_statement(each, resources) for each in found]
    names = [each.sid for each in statements if each.sid]
    if len(set(names)) < len(names):
        raise MalformedPolicy("two statements have one Sid")
    return statements


def read_statement(plain: dict[str, Any], resources: Collection[str]) -> Statement:
    """A statement, as IAM writes it.

    Raises:
        MalformedPolicy: It is none, or something of it would not be evaluated.
    """
    try:
        written = msgspec.convert(plain, _Written)
    except msgspec.ValidationError as error:
        raise MalformedPolicy(f"a statement is none that can be kept to: {error}") from error
    where = f"the statement {written.sid!r}" if written.sid else "a statement"
    if _SID.fullmatch(written.sid) is None:
        raise MalformedPolicy(f"{where}: a Sid has at most 64 letters, digits, - and _")
    try:
        _check_action(_texts(written.action))
        _check_resource(_texts(written.resource), resources)
        principals = _principals(written.principal)
        conditions = tuple(_conditions(written))
    except MalformedPolicy as error:
        raise MalformedPolicy(f"{where}: {error.args[0]}", hint=error.hint) from error
    return Statement(written.sid, written.effect, principals, conditions, plain)


def _check_action(actions: list[str]) -> None:
    """Only putting is decided by policies; IAM compares actions whatever their case."""
    for each in actions:
        if each.lower() != PUT_EVENTS.lower():
            raise MalformedPolicy(
                f"the action {each!r} is not decided by the bus's policy",
                hint=f"a statement is of {PUT_EVENTS}; who may do what else follows from roles and"
                " accounts (platform.yaml, credentials)",
            )


def _check_resource(found: list[str], resources: Collection[str]) -> None:
    for each in found:
        if each != _EVERYBODY and each not in resources:
            raise MalformedPolicy(
                f"the resource {each!r} is not this bus", hint=f"one of {', '.join(resources)}"
            )


def _principals(principal: str | dict[str, Texts]) -> frozenset[str] | None:
    """The accounts that are named; None: everybody."""
    if isinstance(principal, str):
        if principal == _EVERYBODY:
            return None
        raise MalformedPolicy(f"the principal {principal!r} is no account", hint=_PRINCIPALS)
    if principal.keys() != {"AWS"}:
        kinds = ", ".join(sorted(principal)) or "nobody"
        raise MalformedPolicy(f"the principal names {kinds}", hint=_PRINCIPALS)
    named = _texts(principal["AWS"])
    if _EVERYBODY in named:
        return None
    return frozenset(map(_account_id, named))


_PRINCIPALS: Final = (
    'principals are accounts here: "*", or {"AWS": …} with 12 digits or arn:aws:iam::DIGITS:root'
)


def _account_id(text: str) -> str:
    arn = Arn.parse(text)
    is_root = arn is not None and (arn.service, arn.resource) == ("iam", "root")
    account_id = arn.account if arn is not None and is_root else text
    if _ACCOUNT.fullmatch(account_id) is None:
        raise MalformedPolicy(f"the principal {text!r} is no account", hint=_PRINCIPALS)
    return account_id


def _conditions(written: _Written) -> list[Condition]:
    found = []
    for operator, keys in written.condition.items():
        if not keys:
            raise MalformedPolicy(f"the condition {operator!r} has no key")
        for key, value in keys.items():
            plain = str(value).lower() if isinstance(value, bool) else value
            found.append(read_condition(operator, key, tuple(_texts(plain))))
    return found


def _texts(value: Texts) -> list[str]:
    """A text, or several; never none."""
    texts = [value] if isinstance(value, str) else value
    if not texts:
        raise MalformedPolicy("a list is empty")
    return texts
