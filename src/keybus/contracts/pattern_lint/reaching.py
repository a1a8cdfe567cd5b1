"""Where a path of a pattern leads in a contract: every schema that may stand there.

What a contract leaves open is never claimed to be impossible.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from keybus.contracts.locations import Location
from keybus.contracts.pattern_lint.leaves import LEAF_KINDS, Leaves
from keybus.contracts.pattern_lint.ways import Schemas, Sites, Way

_MOST_VISITS: Final = 5_000  # of one path; a contract that needs more is not judged
_DEEPEST: Final = 150  # steps of a path, and arrays in arrays


class Stop(NamedTuple):
    """Where a path leads no further.

    Attributes:
        why: ``undeclared``, ``closed``, ``leaf`` (nothing is within a leaf) or ``object`` (the
            path ends at one).
        depth: How many steps of the path were taken.
        names: What is declared there instead; of a leaf, its JSON types.
    """

    why: str
    depth: int
    names: tuple[str, ...] = ()


class Spot(NamedTuple):
    """A place where a leaf may stand.

    Attributes:
        sites: The schemas that apply to it; literals are judged by the validator of all of them.
        leaves: What it can be, one for every way.
    """

    sites: Sites
    leaves: tuple[Leaves, ...]


class Reach:
    """What stands at the end of a path.

    Attributes:
        spots: Where leaves may stand.
        free: Whether anything may stand there besides, as the contract says nothing about it.
        stops: Where ways lead no further.
        certain: Whether every event has a leaf there, and in no array of objects.
    """

    def __init__(self) -> None:
        self.spots: dict[Sites, Spot] = {}
        self.free = False
        self.stops: dict[Stop, None] = {}
        self.certain = False

    @property
    def declared(self) -> bool:
        """Whether the contract says what stands there, at least in one way."""
        return bool(self.spots) or self.free

    @property
    def undeclared(self) -> bool:
        """Whether something that the contract does not declare may stand there."""
        return any(stop.why == "undeclared" for stop in self.stops)


def reach(schemas: Schemas, root: Location, path: str) -> Reach:
    """Where a path leads.

    Args:
        schemas: The contract's.
        root: The schema of the whole event.
        path: The path, its steps joined by dots.
    """
    steps = tuple(path.split("."))
    found = Reach()
    if len(steps) > _DEEPEST:
        found.free = True
        return found
    found.certain = _Walk(schemas, found, steps).certain((root,), 0)
    return found


class _Walk:
    """Follows one path."""

    def __init__(self, schemas: Schemas, found: Reach, steps: Sequence[str]) -> None:
        self._schemas = schemas
        self._found = found
        self._steps = steps
        self._seen: dict[tuple[Sites, int], bool] = {}
        self._arrays = 0

    def certain(self, sites: Sites, depth: int) -> bool:
        """Note all that stands at the rest of the path; whether a leaf is certain to be there."""
        key = (sites, depth)
        if key in self._seen:
            return self._seen[key]
        self._seen[key] = False  # within itself: nothing is certain
        if len(self._seen) > _MOST_VISITS or self._arrays > _DEEPEST:
            self._found.free = True
            return False
        ways, whole = self._schemas.ways(sites)
        if depth == len(self._steps):
            self._spot(sites, ways, depth)
        certain = [self._way(way, depth, whole=whole) for way in ways]
        self._seen[key] = all(certain)
        return self._seen[key]

    def _spot(self, sites: Sites, ways: tuple[Way, ...], depth: int) -> None:
        leaves = tuple(way.leaves for way in ways if way.leaves.kinds & LEAF_KINDS)
        if leaves:
            self._found.spots[sites] = Spot(sites, leaves)
        names = tuple(dict.fromkeys(name for way in ways for name in way.names))
        if any("object" in way.leaves.kinds for way in ways):
            self._found.stops[Stop("object", depth, names)] = None

    def _way(self, way: Way, depth: int, *, whole: bool) -> bool:
        kinds = way.leaves.kinds
        at_end = depth == len(self._steps)
        certain = at_end and kinds <= LEAF_KINDS
        if "object" in kinds and not at_end:
            inside = self._members(way, depth, whole=whole)
            certain = inside and kinds == {"object"}
        elif not at_end and not kinds & {"object", "array"}:
            self._found.stops[Stop("leaf", depth, tuple(sorted(kinds)))] = None
        if "array" in kinds:
            inside = self._items(way, depth)
            filled = any(schema.get("minItems", 0) > 0 for schema in way.schemas.values())
            certain = at_end and inside and filled and kinds == {"array"}
        return certain

    def _members(self, way: Way, depth: int, *, whole: bool) -> bool:
        """Follow the properties that the next steps name; a name with dots is several steps."""
        certain, declared, first = False, False, ""
        for after in range(depth + 1, len(self._steps) + 1):
            name = ".".join(self._steps[depth:after])
            sites, state = self._property(way, name)
            first = first or state
            if sites:
                declared = True
                certain |= self.certain(sites, after) and way.requires(name)
        if not (declared and whole and first == "undeclared"):
            self._next(way, depth, first, whole=whole)
        return certain

    def _next(self, way: Way, depth: int, state: str, *, whole: bool) -> None:
        """Note that the next step is not declared, or may be something else."""
        if state == "undeclared" and (way.free or not whole):
            state = "unsure"
        if state == "unsure":
            self._found.free = True
        elif state in ("undeclared", "closed"):
            self._found.stops[Stop(state, depth, way.names)] = None

    def _property(self, way: Way, name: str) -> tuple[Sites, str]:
        """The schemas for a property's value, and whether it is declared, closed or unsure."""
        sites: list[Location] = []
        closed = unsure = False
        for place, schema in way.schemas.items():
            own = [place.at("properties", name)] if name in schema.get("properties", ()) else []
            for pattern in schema.get("patternProperties", ()):
                fits = self._schemas.named(pattern, name)
                unsure |= fits is None
                own += [place.at("patternProperties", pattern)] if fits else []
            more = schema.get("additionalProperties")
            if isinstance(more, dict) and more and not own:
                own.append(place.at("additionalProperties"))
            closed |= more is False and not own
            sites += own
        if unsure or not (sites or closed):
            return tuple(sites), "unsure" if unsure else "undeclared"
        return ((), "closed") if closed else (tuple(sites), "declared")

    def _items(self, way: Way, depth: int) -> bool:
        """Follow an array's items; patterns look through arrays. True if each is a leaf there."""
        every = [
            place.at("items")
            for place, schema in way.schemas.items()
            if isinstance(schema.get("items"), dict)
        ]
        listed = [p for p, schema in way.schemas.items() if isinstance(schema.get("items"), list)]
        self._arrays += 1
        certain = True
        if not listed:
            certain = self._item(way, tuple(every), depth)
        for place in listed[:1]:
            schema = way.schemas[place]
            for index in range(len(schema["items"])):
                certain &= self._item(way, (*every, place.at("items", index)), depth)
            more = schema.get("additionalItems")
            if more is not False:
                rest = (place.at("additionalItems"),) if isinstance(more, dict) else ()
                certain &= self._item(way, (*every, *rest), depth)
        self._arrays -= 1
        return certain

    def _item(self, way: Way, sites: Sites, depth: int) -> bool:
        if sites:
            return self.certain(sites, depth)
        if depth < len(self._steps) and way.names:
            # It is meant for an object, though it does not refuse an array of anything.
            self._found.stops[Stop("undeclared", depth, way.names)] = None
        else:
            self._found.free = True
        return False
