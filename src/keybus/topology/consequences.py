"""What follows for a running bus from a change of its platform, in words."""

from collections.abc import Iterable, Iterator

from keybus.contracts.pointers import tokens_of
from keybus.topology.model import CLASSIFICATIONS, Grant, Platform

_SUBSCRIPTION = {
    "account": "its queue, and what waits in it, is the other account's from then on; consumers of "
    "the account that had it are ended",
    "events": "deliveries already waiting are kept; what is published from then on is chosen anew",
    "filter": "deliveries already waiting are kept; what is published from then on is chosen anew",
    "fields": "deliveries carry these fields from then on",
    "target": "what is delivered, also what waits already, goes there, and in that form, from then "
    "on",
    "start": "nothing, for a queue that is there: only a new one begins there; to send it what "
    "the bus has, replay it",
    "retry": "deliveries already waiting give up by the new rule",
}
_PUBLISHER = {
    "account": "the other account may emit its events from then on, and this one may not",
    "events": "event types that are gone are refused from then on",
    "sources": "sources that are gone are refused from then on",
}
_ADMISSION = {
    "enforce": "are refused from then on",
    "observe": "are taken and counted from then on",
    "off": "are not looked at any more",
}
_AS_STARTED = "are treated as the bus was started to"
_TOP = {
    "admission": "what does not fit its contract is treated so from then on",
    "archive": "what is settled, and older or more than this, is dropped for good from then on",
    "bus": "clients that name the bus must name the new one",
    "central": "only credentials of this account administer the bus from then on",
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
        return _of_platform(section, after) if before is not None else ""
    return _of_member(section, name, field, before, after)


def _of_member(
    section: str, name: str, field: str, before: Platform | None, after: Platform
) -> str:
    if section == "admission":
        return _of_admission(name, field, after)
    if section == "subscriptions":
        return _of_subscription(name, field, before, after)
    if section == "grants":
        return _of_grant(name, field, before, after)
    if section == "accounts":
        return _of_account(name, field, before, after)
    if section == "publishers":
        gone = name not in after.publishers
        return "what it puts is refused from then on" if gone else _PUBLISHER.get(field, "")
    gone = section == "exceptions" and name not in after.exceptions
    return "compliance reports it again" if gone else ""


def _of_platform(key: str, after: Platform) -> str:
    if key == "central" and after.central is None:
        return "nobody administers the bus from then on"
    return _TOP.get(key, "")


def _of_subscription(name: str, field: str, before: Platform | None, after: Platform) -> str:
    if name not in after.subscriptions:
        stays = "its queue stays until pruned, and comes back under the same name"
        return f"its consumers are ended; {stays}"
    if before is None or name not in before.subscriptions:
        stayed = "unless a queue of its name has stayed"
        start = after.subscriptions[name].start
        if start == "latest":
            return f"starts at the log's end, {stayed}"
        what = "all that the bus has" if start == "archive" else f"what it took since {start}"
        return f"is filled with {what} before its deliveries begin, {stayed}"
    if field == "fields" and not after.subscriptions[name].fields:
        return "deliveries carry all of the event from then on"
    return _SUBSCRIPTION.get(field, "")


def _of_grant(name: str, field: str, before: Platform | None, after: Platform) -> str:
    if field in ("reason", "approver"):
        return ""
    old = before.grants.get(name) if before is not None else None
    new = after.grants.get(name)
    found = [] if old is None else list(_lost(old, after))
    if new is not None and (old is None or field != "expires" or _is_later(new, old)):
        until = f"{_list(_covered(new))} to {new.account} until {new.expires}"
        found.append(f"allows {until}; what was held for want of it is delivered")
    return "; ".join(found)


def _lost(old: Grant, after: Platform) -> Iterator[str]:
    """What the account may no longer receive for as long as it might, by the new end of that."""
    by_end: dict[str, list[str]] = {}
    for what in _covered(old):
        if _is_own(after, old.account, what):
            continue
        covering = [
            each
            for each in after.grants.values()
            if each.account == old.account and what in _covered(each)
        ]
        last = max(covering, key=lambda each: each.expires_us, default=None)
        if last is None or _is_later(old, last):
            by_end.setdefault(last.expires if last else "then", []).append(what)
    for end, what_ends in by_end.items():
        yield f"deliveries of {_list(what_ends)} to {old.account} are held from {end} on"


def _is_later(one: Grant, other: Grant) -> bool:
    return one.expires_us > other.expires_us


def _of_account(name: str, field: str, before: Platform | None, after: Platform) -> str:
    if name not in after.accounts:
        return "its credentials are refused from then on"
    if field == "id":
        return "envelopes of its new events say the new id"
    if field == "quota":
        bounded = after.accounts[name].quota.is_declared
        beyond = "what it publishes beyond that is answered with 429 from then on"
        return beyond if bounded else "it may publish any amount from then on"
    if field == "clearance" and before is not None:
        old, new = before.accounts[name].clearance, after.accounts[name].clearance
        if CLASSIFICATIONS.index(new) < CLASSIFICATIONS.index(old):
            return f"events of others that are classified above {new} are kept from it"
        return f"it may receive events of others up to {new}, where they are granted"
    return ""


def _of_admission(key: str, event_type: str, after: Platform) -> str:
    said = after.admission
    if key == "types" and not event_type:  # all of them at once
        return _TOP["admission"]
    what = f"events of {event_type}" if event_type else "events of types that are not named"
    mode = said.types.get(event_type) or said.default
    return f"{what} that do not fit {_ADMISSION[mode] if mode else _AS_STARTED}"


def _covered(grant: Grant) -> list[str]:
    return [*grant.events, *grant.sources]


def _is_own(platform: Platform, account: str, what: str) -> bool:
    """Whether the account's own publisher emits the event, or has the source."""
    return any(
        publisher.account == account
        and (what in publisher.events or what in (publisher.sources or [name]))
        for name, publisher in platform.publishers.items()
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
