"""The events that a pattern is judged over: a contract within its envelope, as one schema.

Source: Amazon EventBridge User Guide, "Event structure"; `keybus.envelope`.
"""

from collections.abc import Collection, Iterable
from copy import copy
from decimal import Decimal
from typing import Any, Final, NamedTuple

from keybus.contracts.contract import Contract
from keybus.contracts.extensible import without_extensible_lists
from keybus.contracts.locations import Documents, Location
from keybus.contracts.pattern_lint.fitting import may_match, must_match
from keybus.contracts.pattern_lint.leaves import Leaves, kind_of
from keybus.contracts.pattern_lint.reaching import Reach, Spot, reach
from keybus.contracts.pattern_lint.ways import Schemas
from keybus.contracts.validation import Validators
from keybus.envelope import MAX_DETAIL_TYPE, MAX_SOURCE
from keybus.patterns.operators import Absent, Exact, MatchesWildcard, Operator, SameNumber

_ENVELOPE: Final = Location(".envelope.json")  # no contract's: names with a dot are passed over
_TEXT: Final = {"type": "string"}
_LARGEST: Final = 1e18  # numbers beyond are not tried on a contract


class Verdict(NamedTuple):
    """What becomes of one field of a pattern, in events of one kind.

    Attributes:
        reach: Where its path leads.
        declared: For each operator, whether anything that is declared can match it.
        open: For each operator, whether anything at all can match it.
        always: Whether every event matches.
        unlisted: For each operator, whether it matches only what an extensible list does not have.
    """

    reach: Reach
    declared: tuple[bool, ...]
    open: tuple[bool, ...]
    always: bool
    unlisted: tuple[bool, ...] = ()

    def beside(self, today: "Verdict") -> "Verdict":
        """The verdict where lists may grow, beside that over the lists as they are today."""
        both = zip(self.declared, today.declared, strict=True)
        declared = tuple(may or has for may, has in both)
        return Verdict(
            self.reach,
            declared,
            tuple(may or has for may, has in zip(self.open, today.open, strict=True)),
            self.always and today.always,
            tuple(may and not has for may, has in zip(declared, today.declared, strict=True)),
        )


class EventKind:
    """Events of one type, or those that have no contract.

    Attributes:
        type: The event type; empty for foreign events.
        sources: Where they come from; none where that is not known.
        foreign: Whether these are the events that have no contract.
    """

    def __init__(
        self,
        event_type: str,
        contract: Contract | None = None,
        sources: Collection[str] = (),
        *,
        others: Collection[str] = (),
    ) -> None:
        """Put a contract into its envelope.

        Args:
            event_type: The type; empty for events of any type that is not one of the others.
            contract: Its contract; None where it is not known, and any detail may be.
            sources: The sources that emit it; none where they are not known.
            others: The types that foreign events do not have.
        """
        self.type = event_type
        self.sources = tuple(sources)
        self.foreign = not event_type
        detail: dict[str, Any] = {"type": "object"}
        documents: dict[str, Any] = {}
        if contract is not None:
            detail["allOf"] = [{"$ref": Location(contract.file).reference}]
            documents |= contract.closure
        name: dict[str, Any] = {"enum": [event_type]}
        if self.foreign:
            name = {**_TEXT, "minLength": 1, "maxLength": MAX_DETAIL_TYPE}
            name |= {"not": {"enum": sorted(others)}} if others else {}
        documents[_ENVELOPE.file] = _envelope(name, self.sources, detail)
        grown = without_extensible_lists(documents)
        self._today: EventKind | None = None
        if grown is not documents:
            self._today = copy(self)
            self._today._see(documents)  # noqa: SLF001 - another of the kind
        self._see(grown)

    def _see(self, documents: Documents) -> None:
        self._validators = Validators(documents)
        self._schemas = Schemas(documents)
        self._reached: dict[str, Reach] = {}

    def judge(self, path: str, operators: tuple[Operator, ...]) -> Verdict:
        """What becomes of a field.

        Args:
            path: Its path, steps joined by dots.
            operators: Its values.
        """
        found = self._reach(path)
        declared = tuple(self._may(operator, found) for operator in operators)
        never_there = not (found.declared or found.undeclared)
        verdict = Verdict(
            found,
            declared,
            tuple(may or found.undeclared for may in declared),
            self._always(found, operators) or (never_there and _has_absent(operators)),
        )
        return verdict.beside(self._today.judge(path, operators)) if self._today else verdict

    def _reach(self, path: str) -> Reach:
        if path not in self._reached:
            self._reached[path] = reach(self._schemas, _ENVELOPE, path)
        return self._reached[path]

    def accepts(self, spot: Spot, value: Any) -> bool:
        """Whether a value may stand at a place; true as well where that cannot be told."""
        try:
            return self._validators.at(*spot.sites).is_valid(value)
        except (ValueError, RecursionError):
            return True

    def reason(self, spot: Spot, value: Any) -> str:
        """What is wrong with a value, in the contract's words; empty where nothing is."""
        faults = self._validators.at(*spot.sites).faults(value)
        return faults[0].message.removesuffix(".") if faults else ""

    def valid_values(self, path: str) -> list[Any]:
        """The listed values of a field that are leaves and that its contract accepts."""
        if self._today is not None:
            return self._today.valid_values(path)
        reach = self._reach(path)
        return [
            value
            for spot in reach.spots.values()
            for leaves in spot.leaves
            for value in self._narrowed(spot, leaves).values or ()
            if kind_of(value) not in ("object", "array")
        ]

    def _narrowed(self, spot: Spot, leaves: Leaves) -> Leaves:
        """Without the listed values that the whole of the contract refuses."""
        if leaves.values is None:
            return leaves
        values = tuple(
            value
            for value in leaves.values
            if not (forms := _forms(value)) or any(self.accepts(spot, form) for form in forms)
        )
        kinds = leaves.kinds & {kind_of(value) for value in values}
        return Leaves(kinds, leaves.texts, leaves.numbers, values)

    def _may(self, operator: Operator, reach: Reach) -> bool:
        if isinstance(operator, Absent):
            return not reach.certain
        return reach.free or any(
            self._accepts_literal(operator, spot)
            and any(may_match(operator, self._narrowed(spot, each)) for each in spot.leaves)
            for spot in reach.spots.values()
        )

    def _accepts_literal(self, operator: Operator, spot: Spot) -> bool:
        """Whether the contract takes the one value that an operator matches; true for others."""
        values = literals(operator)
        return not values or any(self.accepts(spot, value) for value in values)

    def _always(self, found: Reach, operators: Iterable[Operator]) -> bool:
        """Whether every event has a leaf there, and whichever it is, it matches."""
        return (
            found.certain
            and not found.free
            and all(
                must_match(operators, self._narrowed(spot, leaves))
                for spot in found.spots.values()
                for leaves in spot.leaves
            )
        )


def literals(operator: Operator) -> tuple[Any, ...]:
    """The JSON values that are all that an operator matches; none where it matches others."""
    if isinstance(operator, Exact):
        return (operator.leaf,)
    if isinstance(operator, MatchesWildcard) and len(operator.wildcard.pieces) == 1:
        return operator.wildcard.pieces
    if isinstance(operator, SameNumber) and operator.number.value is not None:
        return _forms(operator.number.value)
    return ()


def _forms(value: Any) -> tuple[Any, ...]:
    """The ways to write a value: 1 and 1.0 are one number, and draft-04 tells them apart.

    None for numbers so large that they are not tried.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return (value,)
    if not -_LARGEST <= value <= _LARGEST:
        return ()
    if value == int(value):
        return (int(value), float(value))
    return (value, Decimal(repr(value))) if isinstance(value, float) else (value,)


def _has_absent(operators: Iterable[Operator]) -> bool:
    return any(isinstance(operator, Absent) for operator in operators)


def _envelope(
    name: dict[str, Any], sources: Collection[str], detail: dict[str, Any]
) -> dict[str, Any]:
    source: dict[str, Any] = {**_TEXT, "minLength": 1, "maxLength": MAX_SOURCE}
    properties: dict[str, Any] = {
        "version": {"enum": ["0"]},
        "id": _TEXT,
        "detail-type": name,
        "source": {"enum": sorted(sources)} if sources else source,
        "account": {**_TEXT, "pattern": "^[0-9]{12}$", "minLength": 12, "maxLength": 12},
        "time": {**_TEXT, "format": "date-time"},
        "region": _TEXT,
        "resources": {"type": "array", "items": _TEXT},
        "detail": detail,
    }
    return {
        "type": "object",
        "required": list(properties),
        # EventBridge adds `replay-name` to what it replays from an archive.
        "properties": {**properties, "replay-name": _TEXT},
        "additionalProperties": False,
    }
