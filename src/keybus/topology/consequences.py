"""What follows for a running bus from a change of its platform, in words."""

from collections.abc import Iterable

from keybus.contracts.pointers import tokens_of
from keybus.topology.model import CLASSIFICATIONS, Grant, Platform

_SUBSCRIPTION = {
    "account": "its queue, and what waits in it, is the other account's from then on",
    "events": "deliveries already waiting are kept; what is published from then on is chosen anew",
    "filter": "deliveries already waiting are kept; what is published from then on is chosen anew",
    "fields": "deliveries carry these fields from then on",
    "retry": "deliveries already waiting give up by the new rule",
}
_PUBLISHER = {
    "account": "the other account may emit its events from then on, and this one may not",
    "events": "event types that are gone are refused from then on",
    "sources": "sources that are gone are refused from then on",
}
_TOP = {
    "bus": "clients that name the bus must name the new one",
    "central": "credentials of the other account administer the bus from then on",
    "contracts": "events are checked against the contracts of the other folder",
    "footing": "nothing that waits is carried over to another footing",
    "region": "envelopes of new events say the new region",
}


def consequence(pointer: str, before: Platform | None, after: Platform) -> str:
    """What follows from a change, or nothing where that goes without saying.

    Args:
        pointer: JSON pointer to what changes.
        before: The platform before; None where there was none.
        after: The platform after.
    """
    section, name, field, *_ = (*tokens_of(pointer), "", "")
    if not name:
        return _TOP.get(section, "") if before is not None else ""
    if section == "subscriptions":
        return _of_subscription(name, field, before, after)
    if section == "grants":
        return _of_grant(name, before, after)
    if section == "accounts":
        return _of_account(name, field, before, after)
    if section == "publishers":
        gone = name not in after.publishers
        return "what it puts is refused from then on" if gone else _PUBLISHER.get(field, "")
    return "" if name in after.exceptions else "compliance reports it again"


def _of_subscription(name: str, field: str, before: Platform | None, after: Platform) -> str:
    if name not in after.subscriptions:
        return "its queue stays until pruned, and comes back under the same name"
    if before is None or name not in before.subscriptions:
        return "starts at the log's end, unless a queue of its name has stayed"
    return _SUBSCRIPTION.get(field, "")


def _of_grant(name: str, before: Platform | None, after: Platform) -> str:
    old = before.grants.get(name) if before is not None else None
    new = after.grants.get(name)
    found = []
    if old is not None:
        lost = [what for what in _covered(old) if not _granted(after, old.account, what)]
        if lost:
            found.append(f"deliveries of {_list(lost)} to {old.account} are held from then on")
    if new is not None:
        until = f"{_list(_covered(new))} to {new.account} until {new.expires}"
        found.append(f"allows {until}; what was held for want of it is delivered")
    return "; ".join(found)


def _of_account(name: str, field: str, before: Platform | None, after: Platform) -> str:
    if name not in after.accounts:
        return "its credentials are refused from then on"
    if field == "id":
        return "envelopes of its new events say the new id"
    if field == "clearance" and before is not None:
        old, new = before.accounts[name].clearance, after.accounts[name].clearance
        if CLASSIFICATIONS.index(new) < CLASSIFICATIONS.index(old):
            return f"events of others that are classified above {new} are kept from it"
        return f"it may receive events of others up to {new}, where they are granted"
    return ""


def _covered(grant: Grant) -> list[str]:
    return [*grant.events, *grant.sources]


def _granted(platform: Platform, account: str, what: str) -> bool:
    """Whether any grant covers it, or the account's own publisher has the source."""
    own = any(
        publisher.account == account and (what in publisher.events or what in publisher.sources)
        for publisher in platform.publishers.values()
    )
    return own or any(
        grant.account == account and what in _covered(grant) for grant in platform.grants.values()
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
