"""What is wrong with a subscription's filter: a pattern, against the contracts of its events."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from msgspec.structs import replace

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.pattern_lint import ErrorRule, PatternFinding, lint_pattern
from keybus.contracts.pointers import pointer_of
from keybus.errors import PatternError
from keybus.patterns import Pattern
from keybus.topology.findings import Finding, quoted, repeated
from keybus.topology.inputs.naming import allows, named_fields
from keybus.topology.model import Platform, Publisher, Subscription


def lint_filters(
    platform: Platform, contracts: ContractRepository
) -> Iterator[tuple[str, PatternFinding]]:
    """All that filters can never match, and what of them always matches.

    Args:
        platform: A platform without faults, so nothing that is found is an error.
        contracts: Its contracts.

    Yields:
        A subscription's name and something that is found in its filter; the finding's pointer is
        into the platform file.
    """
    for name, subscription in platform.subscriptions.items():
        pointer = pointer_of("subscriptions", name, "filter")
        for found in _lint(subscription, platform.publishers, contracts):
            yield name, replace(found, pointer=pointer + found.pointer)


def filter_findings(
    subscription: Subscription,
    pointer: str,
    publishers: Mapping[str, Publisher] | None,
    contracts: ContractRepository | None,
) -> Iterator[Finding]:
    """What is wrong with a subscription's filter; what merely filters nothing is not.

    Args:
        subscription: The subscription.
        pointer: Where its filter stands.
        publishers: All publishers; None where some are not known.
        contracts: None where they are not known.
    """
    try:
        found = _lint(subscription, publishers, contracts)
    except PatternError as error:
        yield Finding("bad-filter", str(error), pointer)
        return
    for one in found:
        # What every event matches may be written out all the same.
        if one.severity == "error":
            code = cast("ErrorRule", one.rule)
            yield Finding(code, one.message, pointer + one.pointer, _hint(one))


def allowance_findings(subscription: Subscription, pointer: str) -> Iterator[Finding]:
    """Fields that are allowed to be undeclared, and that neither filter nor input names.

    Args:
        subscription: The subscription.
        pointer: Where it stands.
    """
    yield from repeated(subscription.allow_undeclared, f"{pointer}/allow_undeclared")
    try:
        pattern = Pattern.parse(subscription.filter) if subscription.filter is not None else None
    except PatternError:
        return
    paths = {path for one in pattern.alternatives for path in one} if pattern else set()
    paths |= set(named_fields(subscription.target))
    for index, field in enumerate(subscription.allow_undeclared):
        if not any(allows(field, path) for path in paths):
            message = f"neither the filter nor the input names {quoted(field)}"
            yield Finding(
                "needless-allowance", message, f"{pointer}/allow_undeclared/{index}", "remove it"
            )


def _lint(
    subscription: Subscription,
    publishers: Mapping[str, Publisher] | None,
    contracts: ContractRepository | None,
) -> list[PatternFinding]:
    """Lint a filter; one beside no events is for those without a contract as well."""
    if subscription.filter is None:
        return []
    found = [
        lint_pattern(
            subscription.filter,
            kinds,
            sources={event_type: _sources(event_type, publishers or {}) for event_type in kinds},
            foreign=not subscription.events,
            allow=subscription.allow_undeclared,
        )
        for kinds in _selections(subscription, contracts)
    ]
    # What one of several majors makes possible is possible.
    return [each for each in found[0] if all(_has(others, each) for others in found[1:])]


def _selections(
    subscription: Subscription, contracts: ContractRepository | None
) -> list[dict[str, Contract | None]]:
    """The contracts of a subscription's events; several times where it asks for several majors."""
    if not subscription.events:
        return [dict(contracts or {})]
    majors: dict[str, list[Contract | None]] = {}
    for ref in subscription.event_refs:
        found = None if contracts is None else contracts.at(ref.type, ref.major)
        majors.setdefault(ref.type, []).append(found)
    most = max(map(len, majors.values()))
    return [
        {event_type: each[min(index, len(each) - 1)] for event_type, each in majors.items()}
        for index in range(most)
    ]


def _has(found: Sequence[PatternFinding], one: PatternFinding) -> bool:
    return any((each.rule, each.pointer) == (one.rule, one.pointer) for each in found)


def _sources(event_type: str, publishers: Mapping[str, Publisher]) -> frozenset[str]:
    """The sources that emit an event type; none where that is not said."""
    return frozenset(
        source
        for name, publisher in publishers.items()
        if event_type in publisher.events
        for source in publisher.sources or [name]
    )


def _hint(found: PatternFinding) -> str:
    if not found.overridable or not found.field:
        return found.hint
    meant = f"if it is meant, say so with allow_undeclared: [{found.field}]"
    return f"{found.hint}; {meant}" if found.hint else meant
