"""Whether a field can be removed from a contract, and who would miss it."""

from collections.abc import Iterator

import msgspec

from keybus.contracts import ContractRepository
from keybus.contracts.contract import Contract
from keybus.contracts.pointers import pointer_of, tokens_of
from keybus.errors import ContractError
from keybus.governance.usage.crossing import Crossing
from keybus.governance.usage.named import Named
from keybus.governance.usage.reading import Reading
from keybus.governance.usage.steps import Steps, is_within
from keybus.governance.usage.users import SubscriptionTo, users_of
from keybus.governance.usage.values import Value, Values
from keybus.governance.usage.verdicts import Affected, Reason, Verdict, worst
from keybus.topology.model import Platform, Subscription

WORDS = {
    "filter": "its filter names",
    "fields": "its fields name",
    "order": "its deliveries are ordered by",
    "input": "its target's input is made of",
}
"""How something is named, as the beginning of a sentence."""


class Removal(msgspec.Struct, frozen=True):
    """What follows from removing a field.

    Attributes:
        type: The event type.
        version: The contract's version.
        pointer: The field.
        verdict: The worst of all.
        reasons: What the contract itself says against it.
        users: Each publisher and each subscription, and what it does to them.
        file: The file that declares the field.
        also: Other fields of the contract that the same declaration declares.
        types: Other event types whose contracts share the file.
    """

    type: str
    version: str
    pointer: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    users: tuple[Affected, ...]
    file: str
    also: tuple[str, ...]
    types: tuple[str, ...]


def can_remove(
    platform: Platform,
    contracts: ContractRepository,
    event_type: str,
    pointer: str,
    *,
    major: int | None = None,
) -> Removal:
    """Whether a field can be removed from a contract.

    *Safe* means: whatever the event, what each subscription gets is the same, byte for byte, with
    the field and without it, and so is what its filter says.

    Args:
        platform: Who uses the type.
        contracts: All contracts.
        event_type: The type.
        pointer: The field, as ``/site/kind``; ``*`` is for the items of an array, or may be left out.
        major: Which major's contract; None: the repository's own.

    Raises:
        UnknownEventType: There is no such type.
        ContractError: The contract declares nothing there, or no name of its own, or there is no
            such major.
    """
    contract = edition_of(contracts, event_type, major)
    values = Values(contract)
    value = values.find(pointer)
    if not value.declared_at:
        around = pointer.rpartition("/")[0]
        raise ContractError(
            f"{event_type} {contract.version} takes any name at {around}, and declares none of them",
            hint=f"ask for {around}, or for what is within: {pointer}/…",
        )
    reasons = tuple(_of_contract(contract, value))
    affected = _affected(platform, contracts, contract, value)
    verdicts = [each.verdict for each in reasons] + [each.verdict for each in affected]
    file = value.declared_at[-1].file
    return Removal(
        event_type,
        contract.version,
        pointer,
        worst(verdicts),
        reasons,
        affected,
        file,
        _also(values, value),
        tuple(
            each.type for each in contracts.values() if file in each.closure and each != contract
        ),
    )


def _affected(
    platform: Platform, contracts: ContractRepository, contract: Contract, value: Value
) -> tuple[Affected, ...]:
    """Every publisher of the type and every subscription to it."""
    users, crossing = users_of(platform, contract.type), Crossing(contracts, contract)
    writing = [
        Affected.publisher(each.name, each.account, [_of_publisher(value)])
        for each in users.publishers
    ]
    found = (
        (each, _of_subscription(platform, each, contract, value, crossing))
        for each in users.subscriptions
    )
    reading = (Affected.subscription(each.name, each.account, why) for each, why in found)
    return (*writing, *reading)


def edition_of(contracts: ContractRepository, event_type: str, major: int | None) -> Contract:
    """The contract of a type's major; None for the repository's own.

    Raises:
        UnknownEventType: There is no such type.
        ContractError: There is no such major.
    """
    own = contracts[event_type]
    found = own if major is None else contracts.at(event_type, major)
    if found is None:
        known = ", ".join(f"{event_type}@{each}" for each in contracts.editions[event_type])
        raise ContractError(f"there is no {event_type}@{major}", hint=f"there is {known}")
    return found


def _of_contract(contract: Contract, value: Value) -> Iterator[Reason]:
    if value.required:
        yield Reason(
            "breaks",
            "required",
            f"{contract.version} requires it, and readers that hold events against it refuse them"
            " without it",
            value.pointer,
            f"write it as {contract.major + 1}.0.0, with a migration to {contract.major}",
        )
    if contract.key is not None and is_within(tuple(tokens_of(contract.key)), value.steps):
        message = f"the contract's key is {contract.key}, by which events are ordered"
        yield Reason("breaks", "contract-key", message, value.pointer, "choose another key first")


def _of_publisher(value: Value) -> Reason:
    """What it means for whoever writes the field; who that is, nobody knows."""
    if not value.closed:
        message = "its events are taken with the field and without it, as the contract is open"
        return Reason("safe", "taken", message, value.pointer)
    message = (
        "the object is closed, or says what else it may have: an event that still has the field is"
        " refused, or may be"
    )
    return Reason("breaks" if value.required else "unknown", "closed", message, value.pointer)


def _of_subscription(
    platform: Platform,
    one: SubscriptionTo,
    contract: Contract,
    value: Value,
    crossing: Crossing,
) -> list[Reason]:
    declared = platform.subscriptions[one.name]
    if one.by_filter or contract.major in one.majors:  # it gets the events as they come
        return _of_reading(Reading(declared, contract), value.steps, value.pointer)
    return [each for major in one.majors for each in _across(declared, major, value, crossing)]


def _of_reading(reading: Reading, steps: Steps, pointer: str) -> list[Reason]:
    """What a field that goes is to one subscription."""
    named = [of_name(each, pointer) for each in reading.names(steps)]
    if named:
        return named
    if reading.gets(steps):
        return [of_delivery(reading, pointer)]
    return [Reason("safe", "left-out", reading.why_not(steps), pointer)]


def _across(
    declared: Subscription, major: int, value: Value, crossing: Crossing
) -> Iterator[Reason]:
    """What it is to a reader of another major: what migrations make of the field."""
    target = crossing.target(major)
    if target is None or crossing.path(major) is None:
        message = f"it takes @{major}, and nothing translates to that"
        yield Reason("safe", "other-major", message, value.pointer)
        return
    images = crossing.images(major, value.steps)
    if images is None:
        message = f"it takes @{major}, by a migration whose expression is not looked into"
        yield Reason("unknown", "translated", message, value.pointer, "look into the migration")
        return
    reading = Reading(declared, target)
    found = [each for steps in images for each in _of_reading(reading, steps, pointer_of(*steps))]
    yield from found
    if all(each.verdict == "safe" for each in found):
        for steps in filter(reading.gets, crossing.around(major, value.steps)):
            message = f"it gets {pointer_of(*steps)}, which the migration makes to put the field in"
            yield Reason(
                "unknown", "made-around", message, value.pointer, "look into the migration"
            )
    if not images:
        message = f"it takes @{major}, and the migration to that drops the field"
        yield Reason("safe", "dropped", message, value.pointer)


def of_name(named: Named, pointer: str) -> Reason:
    """Why a field is read for sure."""
    return Reason("breaks", f"named-{named.how}", f"{WORDS[named.how]} {named.pointer}", pointer)


def of_delivery(reading: Reading, pointer: str) -> Reason:
    """Why nobody knows whether a field is read."""
    message = f"it gets {pointer}, and nobody knows whether it reads it"
    if reading.has_expression:
        message = f"{pointer} is given to its JSONata expression, which is not looked into"
    elif reading.is_whole:
        message = "it gets all of an event, and nobody knows what it reads"
    hint = "let it say what it needs, by `fields`"
    return Reason("unknown", "delivered", message, pointer, hint)


def _also(values: Values, value: Value) -> tuple[str, ...]:
    """What else the declaration of a field declares."""
    places = set(value.declared_at)
    return tuple(
        each.pointer
        for each in values.all
        if each.steps != value.steps and places & set(each.declared_at)
    )
