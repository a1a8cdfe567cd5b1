"""What the shape cannot see: names that lead nowhere, things declared twice, filters."""

from collections.abc import Iterator, Mapping

from keybus.contracts import ContractRepository
from keybus.contracts.pointers import pointer_of
from keybus.topology.approval import grant_findings, waiver_findings
from keybus.topology.fields import field_findings, order_findings
from keybus.topology.filters import allowance_findings, filter_findings
from keybus.topology.findings import Finding, known_names, no_contract, quoted, repeated
from keybus.topology.inputs.findings import input_findings
from keybus.topology.model import EventRef, Grant, Publisher, Subscription
from keybus.topology.parts import Parts


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
        yield from repeated(publisher.events, f"{pointer}/events")
        if contracts is not None:
            yield from _emitted(publisher, contracts, pointer)
    for name, subscription in parts.subscriptions.items():
        pointer = pointer_of("subscriptions", name)
        if not subscription.events and subscription.filter is None:
            hint = "name events, a filter, or both"
            yield Finding("no-events", "the subscription asks for nothing", pointer, hint)
        yield from repeated(subscription.events, f"{pointer}/events")
        yield from _started(subscription, pointer)
        if contracts is not None:
            for index, ref in enumerate(subscription.event_refs):
                yield from _asked(ref, contracts, f"{pointer}/events/{index}")
        publishers = parts.publishers if parts.all_publishers else None
        yield from filter_findings(subscription, f"{pointer}/filter", publishers, contracts)
        yield from allowance_findings(subscription, pointer)
        yield from input_findings(subscription, pointer, contracts)
        if contracts is not None:
            yield from field_findings(subscription, pointer, contracts)
            yield from order_findings(subscription, pointer, contracts)
    if contracts is not None:
        yield from _admitted(parts, contracts)
    yield from grant_findings(parts, contracts)
    yield from waiver_findings(parts)


def _admitted(parts: Parts, contracts: ContractRepository) -> Iterator[Finding]:
    for event_type in parts.admission.types:
        if event_type not in contracts:
            place = pointer_of("admission", "types", event_type)
            yield no_contract(event_type, contracts.types, place)


def _started(subscription: Subscription, pointer: str) -> Iterator[Finding]:
    try:
        _ = subscription.start_us
    except ValueError:
        message = f"the calendar has no {quoted(subscription.start)}"
        hint = "a date such as 2027-06-30, latest, or archive"
        yield Finding("bad-date", message, f"{pointer}/start", hint)


def _account_findings(parts: Parts) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name, account in parts.accounts.items():
        other = first.setdefault(account.id, name)
        if other != name:
            message = f"the id {account.id} is the account {other!r}'s already"
            yield Finding("duplicate-account-id", message, pointer_of("accounts", name, "id"))
    if parts.names is None:
        return
    for pointer, wanted in _named_accounts(parts):
        if wanted not in parts.names:
            message = f"no account is named {quoted(wanted)}"
            hint = known_names(wanted, parts.names)
            yield Finding("unknown-account", message, pointer, hint)


def _named_accounts(parts: Parts) -> Iterator[tuple[str, str]]:
    """Where an account is named, and its name."""
    sections: dict[str, Mapping[str, Publisher | Grant | Subscription]] = {
        "publishers": dict(parts.publishers),
        "grants": dict(parts.grants),
        "subscriptions": dict(parts.subscriptions),
    }
    for section, members in sections.items():
        for name, member in members.items():
            yield pointer_of(section, name, "account"), member.account
    if parts.central is not None:
        yield "/central", parts.central
    for name, place in parts.document.included.items():
        yield place, name


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


def _emitted(
    publisher: Publisher, contracts: ContractRepository, pointer: str
) -> Iterator[Finding]:
    for index, event_type in enumerate(publisher.events):
        place = f"{pointer}/events/{index}"
        contract = contracts.get(event_type)
        if contract is None:
            yield no_contract(event_type, contracts.types, place)
        elif contract.owner != publisher.account:
            message = f"{quoted(event_type)} is owned by {quoted(contract.owner)}"
            hint = "a publisher emits only what its own account owns"
            yield Finding("not-owner", message, place, hint)


def _asked(ref: EventRef, contracts: ContractRepository, place: str) -> Iterator[Finding]:
    contract = contracts.get(ref.type)
    if contract is None:
        yield no_contract(ref.type, contracts.types, place)
        return
    if contracts.at(ref.type, ref.major) is None:
        majors = " or ".join(f"{ref.type}@{each}" for each in contracts.editions[ref.type])
        message = f"{quoted(ref.type)} has no major version {ref.major}"
        hint = f"its contract is at {contract.version}: write {majors}, or take the releases of"
        hint += f" {ref.major} from version control or the registry (keybus contracts pull)"
        yield Finding("unknown-major", message, place, hint)
