"""Which events a subscription's rules let through, as one EventBridge pattern.

An event type comes from the sources of its publishers only, at the majors that were asked for, and
past the subscription's own filter. Everything is pinned to exact texts, since nobody on AWS asks
about grants once an event is on the bus.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from keybus.errors import PatternError
from keybus.patterns import Pattern
from keybus.topology.model import Publisher, Subscription

LONGEST: Final = 4096
"""Characters of a pattern that PutRule takes."""
_VERSION: Final = "detail.schema_version"
_SOURCE, _TYPE = "source", "detail-type"


class Unsayable(ValueError):
    """A subscription that no pattern of EventBridge can express.

    Attributes:
        pointer: To what, from the subscription.
        hint: What to do next.
    """

    def __init__(self, message: str, pointer: str, hint: str) -> None:
        super().__init__(message)
        self.pointer, self.hint = pointer, hint


def pattern_of(
    subscription: Subscription, publishers: Mapping[str, Publisher]
) -> Mapping[str, Any]:
    """The pattern of a subscription's rules.

    Args:
        subscription: A sound one; without events, its filter pins what it asks for.
        publishers: All publishers, by name.

    Raises:
        Unsayable: There is no such pattern, or it is too long.
    """
    asked = _asked(subscription, publishers)
    if asked is None:
        pattern = dict(subscription.filter or {})
    else:
        pattern = _either([_narrowed(one, way) for one in asked for way in _ways(subscription)])
    size = len(msgspec.json.encode(pattern).decode())
    if size > LONGEST:
        message = f"its pattern has {size} characters, {size - LONGEST} more than EventBridge takes"
        raise Unsayable(message, "", "split the subscription, or shorten its filter")
    Pattern.parse(pattern)
    return pattern


def _asked(
    subscription: Subscription, publishers: Mapping[str, Publisher]
) -> list[dict[str, Any]] | None:
    """A pattern for each set of majors that some of the events are asked for in."""
    if not subscription.events:
        return None
    majors: dict[str, list[int]] = {}
    for ref in subscription.event_refs:
        majors.setdefault(ref.type, []).append(ref.major)
    groups: dict[tuple[int, ...], list[str]] = {}
    for event_type, found in majors.items():
        groups.setdefault(tuple(sorted(found)), []).append(event_type)
    sources = sorted({each for event_type in majors for each in _sources(event_type, publishers)})
    if not sources:
        hint = "declare its publisher"
        raise Unsayable("nobody publishes any of its events", "/events", hint)
    return [
        {
            _SOURCE: sources,
            _TYPE: types,
            "detail": {"schema_version": [{"prefix": f"{major}."} for major in group]},
        }
        for group, types in groups.items()
    ]


def _sources(event_type: str, publishers: Mapping[str, Publisher]) -> Iterator[str]:
    for name, publisher in publishers.items():
        if event_type in publisher.events:
            yield from publisher.sources or [name]


def _ways(subscription: Subscription) -> list[Mapping[str, Any]]:
    """The filter, its outermost ``$or`` multiplied out where that cannot stay as it is."""
    pattern = subscription.filter or {}
    if pattern and any(_VERSION in one for one in Pattern.parse(pattern).alternatives):
        message = "its filter looks at detail.schema_version, which its events pin already"
        raise Unsayable(message, "/filter", "ask for the major in events: type@major")
    many = len({ref.major for ref in subscription.event_refs}) > 1
    return list(ways_through(pattern)) if many or _pins(pattern) else [pattern]


def _pins(pattern: Mapping[str, Any]) -> bool:
    """Whether an alternative of the outermost ``$or`` looks at what the events pin."""
    branches = pattern.get("$or", ())
    return any(branch.keys() & {_SOURCE, _TYPE, "$or"} for branch in branches)


def ways_through(pattern: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The alternatives of a pattern whose outermost ``$or`` is multiplied out.

    Of what a branch and the fields around it both hold to something, what stands last counts.
    """
    if "$or" not in pattern:
        yield dict(pattern)
        return
    names = list(pattern)
    place = names.index("$or")
    before, behind = (
        {key: pattern[key] for key in part} for part in (names[:place], names[place + 1 :])
    )
    for branch in pattern["$or"]:
        for one in ways_through(branch):
            yield _merged(_merged(before, one), behind)


def _merged(first: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """Both at once; where both hold a field to something, the second does, as EventBridge has it."""
    merged = dict(first)
    for key, value in then.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(below, value) if both else value  # type: ignore[arg-type] # both are
    return merged


def _narrowed(asked: Mapping[str, Any], way: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is asked for, past one way through the filter; None where nothing is left."""
    narrowed = {**asked}
    for key in (_SOURCE, _TYPE):
        if key in way:
            pattern = Pattern.parse({key: way[key]})
            narrowed[key] = [each for each in asked[key] if pattern.matches({key: each})]
    if not narrowed[_SOURCE] or not narrowed[_TYPE]:
        return None
    rest = {key: value for key, value in way.items() if key not in {_SOURCE, _TYPE}}
    return _merged(rest, narrowed)


def _either(found: Iterable[dict[str, Any] | None]) -> dict[str, Any]:
    """One pattern for several; what they have in common stands once."""
    patterns = [each for each in found if each is not None]
    if not patterns:
        hint = "look for a slip in source or detail-type"
        raise Unsayable("its filter lets none of its events through", "/filter", hint)
    first, *others = patterns
    if not others:
        return first
    common = {
        key: value
        for key, value in first.items()
        if all(each.get(key) == value for each in others) and key != "$or"
    }
    rests = [{key: value for key, value in each.items() if key not in common} for each in patterns]
    if not all(rests):  # one of them asks for no more than all do
        return common
    try:
        Pattern.parse({**common, "$or": rests})
    except PatternError as error:
        message = f"its filter cannot be said beside its events: {error}"
        raise Unsayable(message, "/filter", "split the subscription") from error
    return {**common, "$or": rests}
