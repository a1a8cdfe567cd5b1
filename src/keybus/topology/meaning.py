"""What the shape cannot see: names that lead nowhere, things declared twice, filters."""

from collections.abc import Iterator, Sequence

from keybus.contracts import ContractRepository
from keybus.contracts.pointers import pointer_of
from keybus.topology.filters import filter_findings
from keybus.topology.findings import Finding, known_names, quoted
from keybus.topology.model import EventRef, Publisher
from keybus.topology.shape import Parts


def meaning_findings(parts: Parts, contracts: ContractRepository | None) -> Iterator[Finding]:
    """All that is wrong with what the parts say.

    Args:
        parts: Those that have the right shape.
        contracts: None where they cannot be used; events are not looked up then.
    """
    yield from _account_findings(parts)
    yield from _source_findings(parts)
    for name, publisher in parts.publishers.items():
        pointer = pointer_of("publishers", name)
        yield from _repeated(publisher.events, pointer)
        if contracts is not None:
            yield from _emitted(publisher, contracts, pointer)
    for name, subscription in parts.subscriptions.items():
        pointer = pointer_of("subscriptions", name)
        if not subscription.events and subscription.filter is None:
            hint = "name events, a filter, or both"
            yield Finding("no-events", "the subscription asks for nothing", pointer, hint)
        yield from _repeated(subscription.events, pointer)
        if contracts is not None:
            for index, ref in enumerate(subscription.event_refs):
                yield from _asked(ref, contracts, f"{pointer}/events/{index}")
        publishers = parts.publishers if parts.all_publishers else None
        yield from filter_findings(subscription, f"{pointer}/filter", publishers, contracts)


def _account_findings(parts: Parts) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name, account in parts.accounts.items():
        other = first.setdefault(account.id, name)
        if other != name:
            message = f"the id {account.id} is the account {other!r}'s already"
            yield Finding("duplicate-account-id", message, pointer_of("accounts", name, "id"))
    if parts.names is None:
        return
    places = [(pointer_of("publishers", n), p.account) for n, p in parts.publishers.items()]
    places += [(pointer_of("subscriptions", n), s.account) for n, s in parts.subscriptions.items()]
    for pointer, wanted in places:
        if wanted not in parts.names:
            message = f"no account is named {quoted(wanted)}"
            hint = known_names(wanted, parts.names)
            yield Finding("unknown-account", message, f"{pointer}/account", hint)


def _source_findings(parts: Parts) -> Iterator[Finding]:
    """Sources of two publishers, of which the bus could tell neither by an event."""
    first: dict[str, str] = {}
    for name, publisher in parts.publishers.items():
        pointer = pointer_of("publishers", name)
        places = [(f"{pointer}/sources/{i}", s) for i, s in enumerate(publisher.sources)]
        for place, source in places or [(pointer, name)]:
            if source in first:
                message = (
                    f"the source {quoted(source)} is the publisher {first[source]!r}'s already"
                )
                hint = "a source belongs to one publisher"
                yield Finding("duplicate-source", message, place, hint)
            first.setdefault(source, name)


def _repeated(events: Sequence[str], pointer: str) -> Iterator[Finding]:
    for index, event in enumerate(events):
        if event in events[:index]:
            message = f"{quoted(event)} stands twice in the list"
            yield Finding("duplicate-event", message, f"{pointer}/events/{index}", "remove one")


def _emitted(
    publisher: Publisher, contracts: ContractRepository, pointer: str
) -> Iterator[Finding]:
    for index, event_type in enumerate(publisher.events):
        place = f"{pointer}/events/{index}"
        contract = contracts.get(event_type)
        if contract is None:
            yield _unknown(event_type, contracts, place)
        elif contract.owner != publisher.account:
            message = f"{quoted(event_type)} is owned by {quoted(contract.owner)}"
            hint = "a publisher emits only what its own account owns"
            yield Finding("not-owner", message, place, hint)


def _asked(ref: EventRef, contracts: ContractRepository, place: str) -> Iterator[Finding]:
    contract = contracts.get(ref.type)
    if contract is None:
        yield _unknown(ref.type, contracts, place)
    elif contract.major != ref.major:
        message = f"{quoted(ref.type)} has no major version {ref.major}"
        hint = f"its contract is at {contract.version}: write {ref.type}@{contract.major}"
        yield Finding("unknown-major", message, place, hint)


def _unknown(event_type: str, contracts: ContractRepository, place: str) -> Finding:
    message = f"no contract has the type {quoted(event_type)}"
    return Finding("unknown-event", message, place, known_names(event_type, contracts.types))
