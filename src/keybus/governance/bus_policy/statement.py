"""A statement: to whom something is allowed or denied, and when."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from keybus.governance.bus_policy.condition import Condition, Key

PUT_EVENTS: Final = "events:PutEvents"
"""The one action of which statements are."""


class Statement(msgspec.Struct, frozen=True):
    """What a statement says of putting events.

    Attributes:
        sid: What it is called; empty where it has no name.
        effect: Whether it allows or denies.
        principals: The 12 digits of the accounts that it is about; None: everybody.
        conditions: All of them have to hold.
        written: The statement as it was put.
    """

    sid: str
    effect: Literal["Allow", "Deny"]
    principals: frozenset[str] | None
    conditions: tuple[Condition, ...]
    written: Mapping[str, Any]

    def says_the_same(self, other: "Statement") -> bool:
        """Whether it means what another one means, however both are written."""
        return _meaning(self) == _meaning(other)

    def concerns(self, account_id: str, organization: str | None) -> bool:
        """Whether it is about an account, as far as that does not depend on the event."""
        if self.principals is not None and account_id not in self.principals:
            return False
        known: Mapping[Key, str | None] = {
            "aws:PrincipalAccount": account_id,
            "aws:PrincipalOrgID": organization,
        }
        return all(each.holds(known[each.key]) for each in self.conditions if each.key in known)

    def values_of(self, key: Key) -> tuple[str, ...]:
        """All that its conditions name under a key."""
        return tuple(value for each in self.conditions if each.key == key for value in each.values)

    def about(self, *keys: Key) -> tuple[Condition, ...]:
        """Its conditions under some keys."""
        return tuple(each for each in self.conditions if each.key in keys)


def _meaning(statement: Statement) -> object:
    conditions = frozenset(
        msgspec.structs.replace(each, values=tuple(sorted(set(each.values))))
        for each in statement.conditions
    )
    return statement.sid, statement.effect, statement.principals, conditions
