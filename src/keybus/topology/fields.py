"""What is wrong with a subscription's fields and its order: pointers that no contract declares."""

from collections.abc import Iterator

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.gathering import Node
from keybus.contracts.locations import Location
from keybus.contracts.pointers import tokens_of
from keybus.topology.findings import Finding, known_names, quoted, repeated
from keybus.topology.keeping import below_of, names_of
from keybus.topology.model import Subscription


def field_findings(
    subscription: Subscription, pointer: str, contracts: ContractRepository
) -> Iterator[Finding]:
    """What none of a subscription's events declares.

    Args:
        subscription: The subscription; where it names no events, its fields may be foreign ones.
        pointer: Where it stands.
        contracts: All contracts.
    """
    yield from repeated(subscription.fields, f"{pointer}/fields")
    known = contracts_of(subscription, contracts)
    for index, field in enumerate(subscription.fields):
        place = f"{pointer}/fields/{index}"
        if known and len(known) == len(subscription.events):
            faults = [undeclared(contract, field) for contract in known]
            if all(fault is not None for fault in faults):
                message = f"none of the events declares {quoted(field)}"
                hint = next((hint for hint in faults if hint), "")
                yield Finding("undeclared-field", message, place, hint)


def order_findings(
    subscription: Subscription, pointer: str, contracts: ContractRepository
) -> Iterator[Finding]:
    """Events that have no key to be ordered by.

    Args:
        subscription: The subscription.
        pointer: Where it stands.
        contracts: All contracts.
    """
    if subscription.order is None:
        return
    key = subscription.order.key
    if key is None and not subscription.events:
        message = "what has no contract has no key to be ordered by"
        yield Finding("no-order-key", message, f"{pointer}/order", "name the key, or the events")
    for contract in contracts_of(subscription, contracts):
        if key is None and contract.key is None:
            message = f"the contract of {quoted(contract.type)} has no key to be ordered by"
            yield Finding("no-order-key", message, f"{pointer}/order", "name it: order: {key: /…}")
        elif (
            key is not None and contract.view.find(Location(contract.file), tokens_of(key)) is None
        ):
            message = f"{quoted(contract.type)} does not declare the key {quoted(key)}"
            hint = undeclared(contract, key) or "name a field that is in no array"
            yield Finding("no-order-key", message, f"{pointer}/order/key", hint)


def contracts_of(subscription: Subscription, contracts: ContractRepository) -> list[Contract]:
    """The contracts of a subscription's events; those that there are not are passed over."""
    found = (contracts.at(ref.type, ref.major) for ref in subscription.event_refs)
    return [contract for contract in found if contract is not None]


def undeclared(contract: Contract, field: str) -> str | None:
    """What a contract declares in place of a field; None where it declares the field."""
    view = contract.view
    nodes: list[Node] = [view.node(Location(contract.file), whole=True)]
    for name in tokens_of(field):
        below = list(below_of(view, nodes, name))
        if not below:
            names = names_of(view, nodes)
            return known_names(name, names) if names else "nothing is declared within it"
        nodes = below
    return None
