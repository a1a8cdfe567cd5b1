"""A platform of many accounts: what each owns, subscribes to and is granted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from keybus.contracts import ContractRepository
from keybus.contracts.folder import RepositorySettings
from keybus.governance import Principal, Role
from keybus.topology import Account, Platform, Publisher, Subscription
from keybus.topology.model import Grant

_OWNED: Final = 4  # event types of an account
_ASKED: Final = 3  # event types of a subscription
_OPEN_TO_ALL: Final = 10  # one subscription in so many has a filter and no event types
_EXPIRES: Final = "2100-01-01"
_STEP: Final = 7  # how far an account is from the next one whose events it asks for


class Tenants(msgspec.Struct, frozen=True):
    """A platform, its contracts, and who publishes.

    Attributes:
        platform: The platform.
        contracts: The contracts beside it, 4 event types an account.
        principals: Each account's publisher, in the order of the accounts.
    """

    platform: Platform
    contracts: ContractRepository
    principals: tuple[Principal, ...]

    def own(self, account: int) -> list[tuple[str, str]]:
        """Sources and event types that an account emits; accounts are counted from 0."""
        return [(f"source-{account}", event_type) for event_type in _types(account)]


def tenants(accounts: int, subscriptions: int) -> Tenants:
    """So many accounts with a publisher each, and subscriptions spread evenly over them.

    A subscription asks for three event types of three other accounts, on a grant of its own; one
    in ten asks by filter for whatever its account may receive.
    """
    names = [f"account-{number}" for number in range(accounts)]
    platform = Platform(
        bus="bench",
        central=names[0],
        accounts={
            name: Account(f"{number:012}", clearance="pii") for number, name in enumerate(names)
        },
        publishers={
            f"publisher-{number}": Publisher(name, _types(number), [f"source-{number}"])
            for number, name in enumerate(names)
        },
        grants={
            f"grant-{number}": Grant(
                names[number % accounts], "measured", "owner", _EXPIRES, _asked(number, accounts)
            )
            for number in range(subscriptions)
        },
        subscriptions={
            f"subscription-{number}": _subscription(number, names)
            for number in range(subscriptions)
        },
    )
    documents = dict(_contract(name, each) for i, name in enumerate(names) for each in _types(i))
    contracts = ContractRepository(Path(), RepositorySettings("bench"), documents)
    roles: frozenset[Role] = frozenset({"publisher", "subscriber"})
    return Tenants(platform, contracts, tuple(Principal(name, roles) for name in names))


def _types(account: int) -> list[str]:
    return [f"thing{account}.changed{number}" for number in range(_OWNED)]


def _asked(subscription: int, accounts: int) -> list[str]:
    """Event types of the accounts 7, 14 and 21 further on, and so on for the next one."""
    first, turn = subscription % accounts, subscription // accounts
    ahead = range(turn * _ASKED + 1, (turn + 1) * _ASKED + 1)
    return [_types((first + _STEP * each) % accounts)[turn % _OWNED] for each in ahead]


def _subscription(number: int, names: list[str]) -> Subscription:
    account = names[number % len(names)]
    if number // len(names) % _OPEN_TO_ALL == 0:
        return Subscription(account, filter={"detail": {"status": ["DONE"]}})
    return Subscription(account, [f"{each}@1" for each in _asked(number, len(names))])


def _contract(owner: str, event_type: str) -> tuple[str, dict[str, Any]]:
    title = "".join(word.title() for word in event_type.split("."))
    metadata = {
        "type": event_type,
        "owner": owner,
        "version": "1.0.0",
        "classification": "confidential",
    }
    return f"{title}.json", {"title": title, "type": "object", "x-keybus": metadata}


def asked_by(subscription: Subscription, tenants: Tenants) -> Iterator[tuple[str, str]]:
    """Event types and sources that can come to a subscription, and that it is granted or owns."""
    if not subscription.events:
        account = int(subscription.account.rpartition("-")[2])
        yield from ((event_type, source) for source, event_type in tenants.own(account))
    for ref in subscription.event_refs:
        yield ref.type, f"source-{ref.type.partition('.')[0].removeprefix('thing')}"
