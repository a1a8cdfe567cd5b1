"""How fast an index is: first sight of the events, later passes, changes of its rules."""

import gc
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from time import perf_counter
from typing import Protocol, TypeAlias

import msgspec

from keybus.cli.bench.families import JsonPattern, RuleSet

PASSES = 3
"""Later passes over the events; the middle one counts."""
_BEFORE_CHANGES = 5_000


class Index(Protocol):
    """What is measured: `keybus.patterns.PatternIndex`."""

    def add(self, name: str, pattern: JsonPattern) -> None:
        """Add a rule."""

    def remove(self, name: str) -> None:
        """Remove a rule."""

    def match(self, event: bytes, *, unique_names: bool = False) -> tuple[str, ...]:
        """The names of the rules that match."""


IndexMaker: TypeAlias = Callable[[Mapping[str, JsonPattern]], Index]
"""A fresh index over rules, by their names."""


class Speed(msgspec.Struct, frozen=True):
    """Events a second, on one thread.

    Attributes:
        cold: The first pass over the events with a fresh index: every value is new to it.
        warm: A later pass over the same events, the median of some.
    """

    cold: float
    warm: float


class Figures(msgspec.Struct, frozen=True):
    """What Keybus did with a rule set.

    Attributes:
        build_seconds: To make the index over all rules.
        checked: `match(event)`.
        unique_names: `match(event, unique_names=True)`: the caller knows that no object in the
            text has two equal names, as the bus's ingest does.
        matches: Matching events by rule, without those that have none.
        modes_differ: How many events the two ways of asking answer differently; 0, or a fault.
    """

    build_seconds: float
    checked: Speed
    unique_names: Speed
    matches: Mapping[str, int]
    modes_differ: int


class Taken(msgspec.Struct, frozen=True):
    """Microseconds that a change took.

    Attributes:
        p50: The call itself.
        p99: The same; with fewer than 100 changes the slowest of them.
        matched_p50: From the call until the next match has answered, so that work which was
            put off is counted.
        matched_p99: The same.
    """

    p50: float
    p99: float
    matched_p50: float
    matched_p99: float


class Changes(msgspec.Struct, frozen=True):
    """Adding single rules to many, and removing them again.

    Attributes:
        rules: How many there were before.
        times: How many were added, one by one, then removed.
        add: What an add took.
        remove: What a remove took.
    """

    rules: int
    times: int
    add: Taken
    remove: Taken


def measure(make: IndexMaker, rules: RuleSet, events: Sequence[bytes]) -> Figures:
    """Build, match cold and warm in both ways, and count the matches (untimed)."""
    began = perf_counter()
    index = make(rules.patterns)
    build_seconds = perf_counter() - began
    checked = _speed(index, events, unique_names=False)
    other = make(rules.patterns)
    unique_names = _speed(other, events, unique_names=True)
    matches: Counter[str] = Counter()
    differing = 0
    for event in events:
        names = index.match(event)
        matches.update(names)
        differing += set(names) != set(other.match(event, unique_names=True))
    return Figures(build_seconds, checked, unique_names, dict(matches), differing)


def decoding(events: Sequence[bytes]) -> float:
    """The baseline: events a second that msgspec decodes, all of the text and nothing more."""
    return median(_decoding_pass(events) for _ in range(PASSES))


def changes(
    make: IndexMaker, rules: RuleSet, spare: Mapping[str, JsonPattern], events: Sequence[bytes]
) -> Changes:
    """Add the spare rules one by one to an index in use, then remove them.

    Args:
        make: Makes the index.
        rules: What is in it before.
        spare: The rules to add and remove.
        events: One of them is matched after each change.
    """
    index = make(rules.patterns)
    for event in events[:_BEFORE_CHANGES]:
        index.match(event)
    add = [
        _timed(partial(index.add, name, pattern), partial(index.match, event))
        for (name, pattern), event in zip(spare.items(), events, strict=False)
    ]
    remove = [
        _timed(partial(index.remove, name), partial(index.match, event))
        for name, event in zip(spare, events, strict=False)
    ]
    return Changes(len(rules.patterns), len(spare), _taken(add), _taken(remove))


def _speed(index: Index, events: Sequence[bytes], *, unique_names: bool) -> Speed:
    cold = _pass(index, events, unique_names=unique_names)
    return Speed(
        cold, median(_pass(index, events, unique_names=unique_names) for _ in range(PASSES))
    )


def _pass(index: Index, events: Sequence[bytes], *, unique_names: bool) -> float:
    match = index.match
    gc.collect()
    began = perf_counter()
    if unique_names:
        for event in events:
            match(event, unique_names=True)
    else:  # as it is called by those who know nothing of the text
        for event in events:
            match(event)
    return len(events) / (perf_counter() - began)


def _decoding_pass(events: Sequence[bytes]) -> float:
    decode = msgspec.json.decode
    gc.collect()
    began = perf_counter()
    for event in events:
        decode(event)
    return len(events) / (perf_counter() - began)


def _timed(change: Callable[[], object], match: Callable[[], object]) -> tuple[float, float]:
    began = perf_counter()
    change()
    changed = perf_counter()
    match()
    return changed - began, perf_counter() - began


def _taken(seconds: Sequence[tuple[float, float]]) -> Taken:
    call, matched = (sorted(each) for each in zip(*seconds, strict=True))
    return Taken(
        *(_rank(call, percent) for percent in (50, 99)),
        *(_rank(matched, percent) for percent in (50, 99)),
    )


def _rank(ordered: Sequence[float], percent: int) -> float:
    """The nearest rank, in microseconds."""
    return 1e6 * ordered[-(-len(ordered) * percent // 100) - 1]
