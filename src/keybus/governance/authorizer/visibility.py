"""Which names of the platform a principal may be told."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TypeVar

import msgspec

from keybus.governance.authorizer.ownership import Ownership
from keybus.topology import Platform
from keybus.topology.model import Grant

_Part = TypeVar("_Part")


class Visibility(msgspec.Struct, frozen=True):
    """Names that may be listed, and answered about.

    Attributes:
        accounts: Of accounts.
        publishers: Of publishers.
        subscriptions: Of subscriptions.
        grants: Of grants: those that the account received, or that are on events it owns.
        everything: Whether all of the platform may be seen, exceptions too.
    """

    accounts: frozenset[str] = frozenset()
    publishers: frozenset[str] = frozenset()
    subscriptions: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()
    everything: bool = False

    def cut(self, platform: Platform) -> Platform:
        """The platform with nothing else in it.

        Args:
            platform: The one that the names are of.
        """
        if self.everything:
            return platform
        return msgspec.structs.replace(
            platform,
            central=platform.central if platform.central in self.accounts else None,
            accounts=_only(platform.accounts, self.accounts),
            publishers=_only(platform.publishers, self.publishers),
            grants=_only(platform.grants, self.grants),
            subscriptions=_only(platform.subscriptions, self.subscriptions),
            exceptions={},
        )


def visibility_of_all(platform: Platform) -> Visibility:
    """For those who see everything."""
    return Visibility(
        frozenset(platform.accounts),
        frozenset(platform.publishers),
        frozenset(platform.subscriptions),
        frozenset(platform.grants),
        everything=True,
    )


def visibilities(platform: Platform, ownership: Ownership) -> dict[str, Visibility]:
    """What the others see: each account its own, and the grants that it gave or received."""
    publishers: dict[str, set[str]] = {name: set() for name in platform.accounts}
    subscriptions: dict[str, set[str]] = {name: set() for name in platform.accounts}
    grants: dict[str, set[str]] = {name: set() for name in platform.accounts}
    for name, publisher in platform.publishers.items():
        publishers.setdefault(publisher.account, set()).add(name)
    for name, subscription in platform.subscriptions.items():
        subscriptions.setdefault(subscription.account, set()).add(name)
    for name, grant in platform.grants.items():
        for account in _sides(grant, ownership):
            grants.setdefault(account, set()).add(name)
    return {
        name: Visibility(
            frozenset({name}),
            frozenset(publishers[name]),
            frozenset(subscriptions[name]),
            frozenset(grants[name]),
        )
        for name in platform.accounts
    }


def _sides(grant: Grant, ownership: Ownership) -> set[str]:
    """The account that received a grant, and those that own what it is on."""
    contracts, publishers = ownership.contracts, ownership.publishers
    owners = {contracts[each].owner for each in grant.events if each in contracts}
    owners |= {publishers[each].account for each in grant.sources if each in publishers}
    return {grant.account, *owners}


def _only(parts: Mapping[str, _Part], names: AbstractSet[str]) -> dict[str, _Part]:
    return {name: part for name, part in parts.items() if name in names}
