"""Who may put what on a bus, as its policy says it."""

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from keybus.cdk.existing.inventory import Bus, NotCarried
from keybus.governance.bus_policy import MalformedPolicy, Statement, read_statement
from keybus.governance.bus_policy.condition import Key
from keybus.topology.model import OrganizationId

_TYPE: Final[Key] = "events:detail-type"
_SOURCE: Final[Key] = "events:source"
_ACCOUNT: Final[Key] = "aws:PrincipalAccount"
_ORGANIZATION: Final[Key] = "aws:PrincipalOrgID"
_DECLARE: Final = "say who publishes what: --publisher SOURCE=ACCOUNT"


class Sender(msgspec.Struct, frozen=True):
    """An account that may put.

    Attributes:
        account: Its 12 digits.
        sources: From which sources; none: from any.
        types: Events of which types; none: of any.
    """

    account: str
    sources: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class Permitted(msgspec.Struct, frozen=True):
    """What a policy permits.

    Attributes:
        senders: Who may put.
        organization: In which organization they have to be; empty: in any.
        not_carried: What of it says neither.
    """

    senders: tuple[Sender, ...]
    organization: str
    not_carried: tuple[NotCarried, ...]


def permitted(bus: Bus) -> Permitted:
    """What a bus's policy permits."""
    senders: list[Sender] = []
    organizations: list[str] = []
    lost: list[NotCarried] = []
    for each in _statements(bus.policy):
        sid = each.get("Sid") if isinstance(each, dict) else ""
        subject = f"{bus.arn}, statement {sid or '(unnamed)'}"
        try:
            statement = read_statement(each, [bus.arn])
        except MalformedPolicy as error:
            lost.append(NotCarried(subject, str(error.args[0]), _DECLARE))
            continue
        found = list(_senders(statement))
        if statement.effect == "Allow" and _is_plain(statement):
            organizations += statement.values_of(_ORGANIZATION)
        senders += found
        if not found:
            lost.append(NotCarried(subject, *_why(statement)))
    named = [each for each in dict.fromkeys(organizations) if _is_organization(each)]
    if len(named) > 1:
        why = f"it lets in several organizations: {', '.join(named)}"
        hint = f"{named[0]} is declared; give other accounts their own `organization`"
        lost.append(NotCarried(bus.arn, why, hint))
    return Permitted(tuple(senders), named[0] if named else "", tuple(lost))


def _statements(policy: str) -> list[Any]:
    """A policy's statements; the whole of what is no policy, as one that cannot be read."""
    try:
        found = json.loads(policy or "{}")
    except ValueError:
        return [policy]
    said = found.get("Statement", []) if isinstance(found, dict) else found
    return said if isinstance(said, list) else [said]


def _is_organization(text: str) -> bool:
    try:
        _ = msgspec.convert(text, OrganizationId)
    except msgspec.ValidationError:
        return False
    return True


def _senders(statement: Statement) -> Iterator[Sender]:
    if statement.effect == "Deny" or not _is_plain(statement):
        return
    said = {each.key: each.values for each in statement.conditions if each.is_plain}
    named = set(said.get(_ACCOUNT, ()))
    accounts = named if statement.principals is None else set(statement.principals)
    for account in sorted(accounts & named if named else accounts):
        yield Sender(account, said.get(_SOURCE, ()), said.get(_TYPE, ()))


def _is_plain(statement: Statement) -> bool:
    """Whether its conditions say which values of a key there may be, once; Null asks for one."""
    listing = [each for each in statement.conditions if each.test != "Null"]
    is_once = len({each.key for each in listing}) == len(listing)
    return is_once and all(each.is_plain for each in listing)


def _why(statement: Statement) -> tuple[str, str]:
    if statement.effect == "Deny":
        return "it denies, and a platform only allows", "put it on the bus again: PutPermission"
    if not _is_plain(statement):
        return "its conditions are more than lists of what may be put", _DECLARE
    return "it lets everybody in, or a whole organization, and names no account", _DECLARE
