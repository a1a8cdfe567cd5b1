"""What rules match, as a subscription asks for it: events by type and major, and a filter."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from keybus.cdk.patterns import ways_through
from keybus.contracts import ContractRepository
from keybus.contracts.marks import marks_in

_TYPE, _SOURCE, _DETAIL, _VERSION = "detail-type", "source", "detail", "schema_version"
_OR: Final = "$or"


class Asked(NamedTuple):
    """What a subscription asks for.

    Attributes:
        events: As ``type@major``.
        filter: A pattern on top; None: none.
    """

    events: list[str]
    filter: dict[str, Any] | None


def certain_in(contracts: ContractRepository) -> frozenset[str]:
    """The event types of whose contracts nothing is marked as uncertain.

    A draft's version is a guess as well, so who asks for events by it may get none of those that
    there are.
    """
    documents = contracts.documents
    return frozenset(
        name
        for name, each in contracts.items()
        if not any(True for _ in marks_in(documents, each.file))
    )


def asks_for_these_alone(pattern: Mapping[str, Any], types: frozenset[str]) -> bool:
    """Whether a pattern is sure to list event types, of these alone."""
    listed = [_texts(way.get(_TYPE)) for way in ways_through(pattern)]
    return all(each and types.issuperset(each) for each in listed)


def ways_to_ask(
    patterns: Sequence[Mapping[str, Any]],
    contracts: ContractRepository,
    certain: frozenset[str],
    sources: Mapping[str, Collection[str]],
) -> Iterator[Asked]:
    """How one subscription can ask for what any of the patterns matches, the best way first.

    Args:
        patterns: One or more.
        contracts: Those that there are.
        certain: The types whose contracts are sure to hold.
        sources: The only sources of each type; of those that are not here, none is known.
    """
    if all(asks_for_these_alone(each, certain) for each in patterns):
        yield from _by_type(patterns, contracts, sources)
    alone = [dict(each) for each in patterns]
    yield Asked([], alone[0] if len(alone) == 1 else {_OR: alone})


def _by_type(
    patterns: Sequence[Mapping[str, Any]],
    contracts: ContractRepository,
    sources: Mapping[str, Collection[str]],
) -> Iterator[Asked]:
    typed = [
        _typed(way, contracts, sources) for pattern in patterns for way in ways_through(pattern)
    ]
    first = typed[0]
    if first is not None and all(
        each is not None and _text(each.filter) == _text(first.filter) for each in typed
    ):
        events = dict.fromkeys(ref for each in typed if each is not None for ref in each.events)
        yield Asked(list(events), first.filter)


def _text(filter_: Mapping[str, Any] | None) -> bytes:
    """A filter as text, of which 1 and true are two; whatever order its fields are in."""
    return msgspec.json.encode(filter_, order="deterministic")


def _typed(
    way: Mapping[str, Any],
    contracts: ContractRepository,
    sources: Mapping[str, Collection[str]],
) -> Asked | None:
    """What a way through a pattern asks for; None where it pins a major that there is not."""
    types = _texts(way.get(_TYPE))
    majors, rest = _majors(way)
    asked = [(each, major) for each in types for major in majors or contracts.editions[each]]
    if any(contracts.at(*each) is None for each in asked):
        return None
    refs = [f"{each}@{major}" for each, major in asked]
    del rest[_TYPE]
    everywhere = {source for each in types for source in sources.get(each, ())}
    if everywhere and everywhere <= set(_texts(rest.get(_SOURCE))):
        del rest[_SOURCE]
    return Asked(refs, rest or None)


def _majors(way: Mapping[str, Any]) -> tuple[list[int], dict[str, Any]]:
    """The majors that a pattern pins as ours do, ``{"prefix": "1."}`` each; and what it says beside."""
    detail = way.get(_DETAIL)
    said = detail.get(_VERSION) if isinstance(detail, Mapping) else None
    found = [_major(each) for each in said] if isinstance(said, list) else []
    majors = [each for each in found if each is not None]
    if not majors or len(majors) < len(found):
        return [], dict(way)
    beside = {key: each for key, each in way[_DETAIL].items() if key != _VERSION}
    rest = {key: each for key, each in way.items() if key != _DETAIL}
    return majors, {**rest, **({_DETAIL: beside} if beside else {})}


def _major(said: Any) -> int | None:
    prefix = said.get("prefix") if isinstance(said, Mapping) and len(said) == 1 else None
    if not isinstance(prefix, str):
        return None
    digits = prefix.removesuffix(".")
    return int(digits) if prefix.endswith(".") and digits.isascii() and digits.isdigit() else None


def _texts(said: Any) -> list[str]:
    """The texts that a field is held to; none where it is held to something else."""
    texts = said if isinstance(said, list) else []
    return texts if all(isinstance(each, str) for each in texts) else []
