"""The central bus's policy: who may put what, within the 10,240 bytes that EventBridge gives it."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from keybus.cdk.deployment import Deployment, refusal
from keybus.cdk.names import STATEMENT, fitted, logical_prefix
from keybus.cdk.resource import Statement, policy
from keybus.cdk.statements import put_by_account
from keybus.contracts.pointers import pointer_of
from keybus.errors import Fault, PlanRefused
from keybus.topology import Publisher

LIMIT: Final = 10_240
"""Bytes. Source: EventBridge quotas, "Event bus policy size"."""

_Named = tuple[str, Publisher]


def bus_policy(deployment: Deployment) -> list[Statement]:
    """A statement for each publisher; for each account's publishers together where that is too long.

    Together, an account's publishers may put each other's events from each other's sources: these
    are all their account's own. What another account owns stays out of reach either way.

    Raises:
        PlanRefused: It is too long even so.
    """
    statements = list(_each(deployment))
    if size_of(statements) > LIMIT:
        statements = list(_together(deployment))
    size = size_of(statements)
    if size > LIMIT:
        raise _too_long(deployment, statements, size)
    return statements


def size_of(statements: Sequence[Statement]) -> int:
    """Bytes of the policy that these statements are."""
    return len(msgspec.json.encode(policy(*statements)))


def _each(deployment: Deployment) -> Iterator[Statement]:
    for name, publisher in deployment.platform.publishers.items():
        sid = _sid(deployment, name)
        yield put_by_account(sid, publisher.account, deployment, [(name, publisher)])


def _together(deployment: Deployment) -> Iterator[Statement]:
    # One that lists no events is held to its sources alone, and would free the others.
    groups: dict[tuple[str, bool], list[_Named]] = {}
    for name, publisher in deployment.platform.publishers.items():
        groups.setdefault((publisher.account, bool(publisher.events)), []).append((name, publisher))
    for (account, listing), publishers in groups.items():
        sid = _sid(deployment, account if listing else f"{account} untyped")
        yield put_by_account(sid, account, deployment, publishers)


def _sid(deployment: Deployment, name: str) -> str:
    # With the bus, as another bus of the account may have a publisher of this name.
    return fitted(logical_prefix(deployment.platform.bus) + logical_prefix(name), STATEMENT)


def _too_long(deployment: Deployment, statements: Sequence[Statement], size: int) -> PlanRefused:
    longest = max(deployment.platform.publishers.items(), key=lambda each: len(each[1].events))[0]
    message = (
        f"the bus's policy would have {size} bytes in {len(statements)} statements,"
        f" {size - LIMIT} more than EventBridge takes"
    )
    hint = (
        "shorten sources, have fewer accounts publish, or divide the platform between two buses;"
        f" {longest!r} lists the most events"
    )
    fault = Fault("bus-policy-size", message, pointer_of("publishers"), hint=hint)
    return refusal(deployment.platform.bus, [fault])
