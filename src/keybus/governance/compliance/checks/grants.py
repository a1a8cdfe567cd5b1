"""Who may receive what: grants, their end, and classification against clearance."""

from collections.abc import Iterator, Mapping

from keybus.contracts import Contract
from keybus.contracts.pointers import pointer_of
from keybus.governance.compliance.approvals import is_own_grant
from keybus.governance.compliance.checks.wording import listed
from keybus.governance.compliance.finding import Found
from keybus.governance.compliance.reach import Reach
from keybus.governance.compliance.subject import LONGEST_GRANT_US, Subject, ends_us
from keybus.topology.findings import quoted

_NO_CONTRACT = "internal"
"""What events without a contract count as."""


def no_grant(subject: Subject) -> Iterator[Found]:
    """DX06: subscriptions that nobody granted, or whose filter lets anything through."""
    if subject.contracts is None:
        return
    yield from _granted_to_themselves(subject, subject.contracts)
    for name, reach in subject.reaches.items():
        pointer = pointer_of("subscriptions", name)
        if reach.is_open:
            message = (
                f"the filter of {quoted(name)} pins neither source nor detail-type to exact names"
            )
            yield Found(f"{pointer}/filter", message)
            continue
        yield from _ungranted(subject, name, reach, subject.contracts)


def _granted_to_themselves(subject: Subject, contracts: Mapping[str, Contract]) -> Iterator[Found]:
    for name, grant in subject.platform.grants.items():
        if is_own_grant(grant, subject.platform, contracts):
            message = f"{quoted(grant.approver)} is an owner of {quoted(grant.account)} as well"
            hint = "let an owner approve who does not receive"
            yield Found(pointer_of("grants", name, "approver"), message, hint)


def _ungranted(
    subject: Subject, name: str, reach: Reach, contracts: Mapping[str, Contract]
) -> Iterator[Found]:
    """Events of others that a subscription names or matches, and no grant is on."""
    account = subject.platform.subscriptions[name].account
    pointer = pointer_of("subscriptions", name)
    lacking: dict[str, list[str]] = {}
    for event_type in reach.types:
        contract = contracts.get(event_type)
        if contract is None or contract.owner == account:
            continue
        if not subject.grants_on(account, event_type=event_type):
            place = pointer + pointer_of(*reach.named.get(event_type, ("filter",)))
            lacking.setdefault(place, []).append(event_type)
    for source in reach.sources:
        owner = subject.source_accounts.get(source)
        if owner not in (None, account) and not subject.grants_on(account, source=source):
            lacking.setdefault(f"{pointer}/filter", []).append(f"{source} (no contract)")
    for place, events in lacking.items():
        yield Found(place, f"nobody granted {listed(events)} to the account {quoted(account)}")


def stale_grant(subject: Subject) -> Iterator[Found]:
    """DX12: grants and exceptions that have ended, that have no end in sight, or nobody uses."""
    for section, members in (
        ("grants", subject.platform.grants),
        ("exceptions", subject.platform.exceptions),
    ):
        kind = section.removesuffix("s")
        for name, one in members.items():
            pointer = pointer_of(section, name, "expires")
            end = ends_us(one.expires)
            if end is None:
                yield Found(pointer, f"the {kind} {quoted(name)} ends on no day of the calendar")
            elif end <= subject.now_us:
                message = f"the {kind} {quoted(name)} ended at {one.expires}"
                yield Found(pointer, message, "remove it, or have it approved anew")
            elif end > subject.now_us + LONGEST_GRANT_US:
                message = f"the {kind} {quoted(name)} holds for more than two years from now"
                yield Found(pointer, message, "let it end sooner, and be approved anew then")
    if subject.contracts is not None:
        yield from _unused(subject)


def _unused(subject: Subject) -> Iterator[Found]:
    for name, grant in subject.platform.grants.items():
        if not subject.any_holds([grant]):
            continue
        reaches = subject.reaches_of.get(grant.account, [])
        types = {event_type for reach in reaches for event_type in reach.types}
        unused = [("events", i, e) for i, e in enumerate(grant.events) if e not in types]
        unused += [
            ("sources", index, source)
            for index, source in enumerate(grant.sources)
            if not any(reach.takes_source(source) for reach in reaches)
        ]
        for key, index, what in unused:
            message = f"no subscription of {quoted(grant.account)} asks for {quoted(what)}"
            hint = "take it out of the grant, or subscribe"
            yield Found(pointer_of("grants", name, key, index), message, hint)


def uncleared(subject: Subject) -> Iterator[Found]:
    """DX15: subscriptions to others' events that are classified above the account's clearance."""
    for name, reach in subject.reaches.items():
        account = subject.platform.subscriptions[name].account
        pointer = pointer_of("subscriptions", name)
        above: dict[str, list[str]] = {}
        for what, classification in _received(subject, account, reach):
            if not subject.may_see(account, classification):
                place = pointer + pointer_of(*reach.named.get(what, ("filter",)))
                above.setdefault(place, []).append(f"{what} ({classification})")
        for place, events in above.items():
            clearance = subject.platform.accounts[account].clearance
            message = f"{quoted(account)} is cleared for {clearance}, and not for {listed(events)}"
            yield Found(place, message)


def _received(subject: Subject, account: str, reach: Reach) -> Iterator[tuple[str, str]]:
    """Others' events that it names, or that a filter lets through and a grant lets be sent.

    Yields:
        The event type or source, and its classification.
    """
    for event_type in reach.types:
        contract = (subject.contracts or {}).get(event_type)
        if contract is None or contract.owner == account:
            continue
        if event_type in reach.named or _granted(subject, account, event_type=event_type):
            yield event_type, contract.classification
    granted = {source for each in subject.grants_to.get(account, ()) for source in each.sources}
    for source in granted | set(reach.sources):
        own = subject.source_accounts.get(source) == account
        if not own and reach.takes_source(source) and _granted(subject, account, source=source):
            yield source, _NO_CONTRACT


def _granted(
    subject: Subject, account: str, *, event_type: str | None = None, source: str | None = None
) -> bool:
    return subject.any_holds(subject.grants_on(account, event_type=event_type, source=source))
