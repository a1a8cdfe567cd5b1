"""What a running bus does beside what is declared."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from keybus.contracts.pointers import pointer_of
from keybus.governance.compliance.finding import RUNNING, Found
from keybus.governance.compliance.subject import Subject
from keybus.topology.findings import quoted
from keybus.topology.model import Platform

_SECTIONS = ("accounts", "publishers", "grants", "subscriptions", "exceptions")
_UNORDERED = frozenset(
    ("events", "sources", "owners", "destinations", "fields", "allow_undeclared")
)


def unmodelled_carrier(subject: Subject) -> Iterator[Found]:
    """DX00: queues that belong to no subscription, and events that nothing holds to a contract."""
    yield from _not_enforced(subject)
    running = subject.running
    if running is None:
        return
    if running.admission != "enforce" and running.platform.admission.default is None:
        message = f"admission is {running.admission!r}: events that break their contract are taken"
        yield Found(f"{RUNNING}/admission", message, "start the bus with admission enforced")
    for queue in running.queues:
        # Also one that is declared and not applied yet: who declares it would get the events.
        left = queue.name not in running.platform.subscriptions and not queue.made
        if left and any((queue.waiting, queue.held, queue.dead)):
            message = (
                f"the queue {quoted(queue.name)} holds events, and no subscription runs for it"
            )
            yield Found(RUNNING + pointer_of("queues", queue.name), message)


def _not_enforced(subject: Subject) -> Iterator[Found]:
    """What the platform itself says of admission."""
    said, taken = subject.platform.admission, "events that break their contract are taken"
    if said.default not in (None, "enforce"):
        message = f"admission is {said.default!r}: {taken}"
        yield Found("/admission/default", message, "enforce it, or leave it out")
    for event_type, mode in said.types.items():
        if mode != "enforce":
            message = f"admission of {quoted(event_type)} is {mode!r}: {taken}"
            hint = "enforce it once its publishers keep to the contract"
            yield Found(pointer_of("admission", "types", event_type), message, hint)


def open_queue(subject: Subject) -> Iterator[Found]:
    """DX16: queues that others than their account can take from."""
    running = subject.running
    if running is None:
        return
    if running.authorization != "enforce":
        message = f"authorization is {running.authorization!r}: nobody is kept from any queue"
        yield Found(
            f"{RUNNING}/authorization", message, "start the bus with authorization enforced"
        )
    declared = subject.platform.subscriptions
    for index, consumer in enumerate(running.consumers):
        if not consumer.account and not running.authentication:
            continue  # nobody was asked: that is DX01
        subscription = declared.get(consumer.subscription)
        if subscription is None or subscription.account != consumer.account:
            who = quoted(consumer.account or "nobody")
            owner = f"{subscription.account!r}'s" if subscription is not None else "undeclared"
            message = f"{who} takes from {quoted(consumer.subscription)}, which is {owner}"
            yield Found(RUNNING + pointer_of("consumers", index), message)


def shadow_bus(subject: Subject) -> Iterator[Found]:
    """DX17: another bus than the declared one, or parts of it that were made by hand."""
    declared, running = subject.platform, subject.running
    if declared.bus.casefold() == "default":
        message = "the bus is named 'default', as the one that every AWS account has beside it"
        yield Found("/bus", message, "give it a name of its own")
    if running is None:
        return
    if {running.bus, running.platform.bus} != {declared.bus}:
        message = f"the bus is {quoted(running.bus)}, and {quoted(declared.bus)} is declared"
        yield Found(f"{RUNNING}/bus", message)
    if running.platform.organization != declared.organization:
        found = quoted(running.platform.organization or "none")
        message = f"the bus runs with the organization {found}, which is not the declared one"
        yield Found(f"{RUNNING}/platform/organization", message)
    for section in _SECTIONS:
        yield from _made_by_hand(section, declared, running.platform)


def _made_by_hand(section: str, declared: Platform, running: Platform) -> Iterator[Found]:
    """Parts that run and are not declared, or not so; what is not applied yet exchanges nothing."""
    wanted: Mapping[str, Any] = getattr(declared, section)
    kind = section.removesuffix("s")
    for name, found in getattr(running, section).items():
        pointer = RUNNING + pointer_of("platform", section, name)
        if name not in wanted:
            message = f"the {kind} {quoted(name)} runs, and is not declared"
            yield Found(pointer, message)
        elif differing := _differing(found, wanted[name]):
            message = (
                f"the {kind} {quoted(name)} runs otherwise than declared: {', '.join(differing)}"
            )
            yield Found(pointer, message)


def _differing(one: msgspec.Struct, other: msgspec.Struct) -> list[str]:
    """The fields in which two parts differ; the order of names in a list does not count."""
    return [field for field in one.__struct_fields__ if _value(one, field) != _value(other, field)]


def _value(part: msgspec.Struct, field: str) -> Any:
    value = getattr(part, field)
    return sorted(value) if field in _UNORDERED else value
