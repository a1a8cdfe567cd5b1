"""What an account may receive, and until when."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

import msgspec

from keybus.governance.authorizer.ownership import Ownership
from keybus.governance.authorizer.refusal import Refusal
from keybus.topology.findings import quoted
from keybus.topology.model import CLASSIFICATIONS, Account, Grant

FOREVER: Final = 2**63 - 1
"""Later than every moment, in microseconds since the Unix epoch."""
_UNDECLARED = "internal"
"""The classification of events that have no contract, which nobody classified."""


class Right(msgspec.Struct, frozen=True):
    """An event type, or a source of events without a contract, that an account may receive.

    Attributes:
        until: The first moment at which it may no longer, in microseconds since the Unix epoch; 0
            where it may not at all.
        refusal: Why not, from then on.
    """

    until: int
    refusal: Refusal | None = None


_OWN: Final = Right(FOREVER)
_RANK: Final[Mapping[str, int]] = {each: rank for rank, each in enumerate(CLASSIFICATIONS)}

NamedGrant: TypeAlias = tuple[str, Grant]


class Rights:
    """What one account may receive. Immutable.

    Args:
        name: The account's name.
        account: What is declared of it.
        grants: The grants to it, by name, in the order of their declaration.
        ownership: Who owns what.
    """

    __slots__ = ("_account", "_contracts", "_sources", "_types")

    def __init__(
        self, name: str, account: Account, grants: Iterable[NamedGrant], ownership: Ownership
    ) -> None:
        self._account = name
        self._contracts: AbstractSet[str] = ownership.contracts.keys()
        given = sorted(grants, key=_end)  # what ends last is put last into a dict, and stays
        self._types = {
            event_type: _granted(account, event_type, contract.classification, grant)
            for grant in given
            for event_type in grant[1].events
            if (contract := ownership.contracts.get(event_type)) is not None
        }
        self._sources = {
            source: _granted(account, source, _UNDECLARED, grant)
            for grant in given
            for source in grant[1].sources
        }
        self._types |= dict.fromkeys(ownership.types.get(name, ()), _OWN)
        self._sources |= dict.fromkeys(ownership.sources.get(name, ()), _OWN)

    def refusal(self, event_type: str, source: str, now_us: int) -> Refusal | None:
        """Whether the account may receive an event now.

        Args:
            event_type: The envelope's detail-type.
            source: The envelope's source; it decides where the type has no contract.
            now_us: Microseconds since the Unix epoch.
        """
        right = self._types.get(event_type)
        if right is None:
            if event_type in self._contracts:
                return self._no_grant(quoted(event_type))
            right = self._sources.get(source)
            if right is None:
                return self._no_grant(f"events without a contract from {quoted(source)}")
        return None if now_us < right.until else right.refusal

    def owns(self, event_type: str, source: str) -> bool:
        """Whether an event is the account's own."""
        if event_type in self._contracts:
            return self._types.get(event_type) is _OWN
        return self._sources.get(source) is _OWN

    def until(self, event_types: Iterable[str]) -> int:
        """Up to when the account may receive every event of these types, whatever its source.

        Returns:
            Microseconds since the Unix epoch; 0 where it may not receive one of them, or where
            the source decides.
        """
        rights = map(self._types.get, event_types)
        return min((right.until if right else 0 for right in rights), default=FOREVER)

    def _no_grant(self, what: str) -> Refusal:
        message = f"the account {quoted(self._account)} has no grant for {what}"
        return Refusal("no-grant", message, "ask their owner to approve a grant in the platform")


def _end(named: NamedGrant) -> int:
    return named[1].expires_us


def _granted(account: Account, what: str, classification: str, named: NamedGrant) -> Right:
    name, grant = named
    if _RANK[account.clearance] < _RANK[classification]:
        message = (
            f"{quoted(what)} is classified {classification}, and the account"
            f" {quoted(grant.account)} is cleared up to {account.clearance}"
        )
        hint = "the central account clears accounts: clearance in the platform"
        return Right(0, Refusal("clearance", message, hint))
    message = f"the grant {quoted(name)} of {quoted(what)} ended on {grant.expires}"
    hint = "renew its approval and `expires` in the platform: what is held is then delivered"
    return Right(grant.expires_us, Refusal("grant-expired", message, hint))
