"""Events of types that have no contract, sorted by their type and merged."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from keybus.contracts.discovery.place import LIMITS, Limits, Place
from keybus.contracts.validation import Validator
from keybus.contracts.versions import VERSION, major_of

MOST_TYPES: Final = 1_000
"""Event types that are told apart; what comes of others is only counted."""
MOST_SOURCES: Final = 20
_MOST_MAJORS: Final = 20
_LONGEST_TYPE: Final = 256
HeadChecks = Mapping[str, Validator]
"""What every event carries, by name, and what each has to be like."""


class HeadCount(msgspec.Struct):
    """How often an event had a property that every event has.

    Attributes:
        given: How often it was there.
        wrong: How often it was not what every event's is like.
    """

    given: int = 0
    wrong: int = 0


class Sightings(msgspec.Struct):
    """What was seen of one event type. Not safe to share between threads.

    Attributes:
        type: The type, as events say it.
        root: What their details look like.
        sources: Where they came from; the first in the order of the alphabet.
        majors: The majors of the versions that they say.
        heads: What they had of what every event has.
        is_coarse: Whether they vary so much that only their first level is known.
    """

    type: str
    root: Place = msgspec.field(default_factory=Place)
    sources: set[str] = msgspec.field(default_factory=set)
    majors: set[int] = msgspec.field(default_factory=set)
    heads: dict[str, HeadCount] = msgspec.field(default_factory=dict)
    is_coarse: bool = False
    size: int = 1

    @property
    def count(self) -> int:
        """How many events were seen."""
        return self.root.count

    def observe(
        self, detail: Mapping[str, Any], source: str, checks: HeadChecks, limits: Limits = LIMITS
    ) -> None:
        """See an event.

        Args:
            detail: Its detail.
            source: Where it came from; empty where nobody says.
            checks: What every event carries.
            limits: How much is kept.
        """
        depth = 1 if self.is_coarse else limits.depth
        used = msgspec.structs.replace(limits, depth=depth)
        self.size += self.root.observe(detail, used)
        if source:
            self.sources = set(sorted({*self.sources, source})[:MOST_SOURCES])
        version = detail.get("schema_version")
        if isinstance(version, str) and VERSION.fullmatch(version):
            self.majors = set(sorted({*self.majors, major_of(version)})[-_MOST_MAJORS:])
        for name, check in checks.items():
            if name in detail:
                head = self.heads.setdefault(name, HeadCount())
                head.given += 1
                head.wrong += not check.accepts(detail[name])
        self._bound(limits)

    def merge(self, other: "Sightings", limits: Limits = LIMITS) -> None:
        """Take in what was seen elsewhere of the same type; that is not to be used any more."""
        self.is_coarse = self.is_coarse or other.is_coarse
        if self.is_coarse:
            self.root.trim(1)
            other.root.trim(1)
        self.root.merge(other.root, limits)
        self.sources = set(sorted(self.sources | other.sources)[:MOST_SOURCES])
        self.majors = set(sorted(self.majors | other.majors)[-_MOST_MAJORS:])
        for name, head in other.heads.items():
            own = self.heads.setdefault(name, HeadCount())
            own.given, own.wrong = own.given + head.given, own.wrong + head.wrong
        self.size = self.root.size
        self._bound(limits)

    def _bound(self, limits: Limits) -> None:
        if self.size <= limits.places:
            return
        self.size = self.root.size  # maps may have taken many together
        if self.size > limits.places:
            self.is_coarse = True
            self.root.trim(1)
            self.size = self.root.size


class Discovery:
    """Sorts events by their types, and merges what was seen of each.

    Args:
        known: Types that have a contract: events of these are passed over.
        checks: What every event carries.
        limits: How much is kept of each type.

    Attributes:
        found: What was seen of each type.
        passed_over: How many events have a contract already.
        left_out: How many were of one type too many.
    """

    def __init__(
        self,
        known: Collection[str] = (),
        checks: HeadChecks | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self._known, self._checks, self._limits = known, checks or {}, limits
        self.found: dict[str, Sightings] = {}
        self.passed_over = 0
        self.left_out = 0

    def observe(self, event_type: str, source: str, detail: Mapping[str, Any]) -> None:
        """See an event.

        Args:
            event_type: Its type.
            source: Where it came from; empty where nobody says.
            detail: Its detail.
        """
        if event_type in self._known:
            self.passed_over += 1
            return
        of_type = self.found.get(event_type)
        if of_type is None:
            if len(self.found) >= MOST_TYPES or len(event_type) > _LONGEST_TYPE:
                self.left_out += 1
                return
            of_type = self.found[event_type] = Sightings(event_type)
        of_type.observe(detail, source, self._checks, self._limits)

    def merge(self, others: Iterable[Sightings]) -> None:
        """Take in what was seen elsewhere; that is not to be used any more."""
        for other in others:
            own = self.found.get(other.type)
            if own is not None:
                own.merge(other, self._limits)
            elif len(self.found) < MOST_TYPES:
                self.found[other.type] = other
            else:
                self.left_out += other.count
