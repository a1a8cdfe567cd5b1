"""What schemas say of a value, as formulas: atoms of one JSON kind each, and all, any, one, not.

Every atom says nothing of values of other kinds, as JSON Schema's keywords do. A `Formulas` makes
each formula once, so two schemas that say the same of something share the formula: identity is
equality, and what both contracts have word for word needs no proof.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeVar

from keybus.contracts.compatibility.names import Names
from keybus.contracts.compatibility.values import Key, key_of

KINDS: Final = ("string", "integer", "object", "array", "boolean", "null", "decimal")
"""The kinds of JSON values. ``1.0`` is a decimal: draft-04 takes it for no integer."""

NUMBERS: Final = frozenset({"integer", "decimal"})
_STRINGS: Final = frozenset({"string"})
_OBJECTS: Final = frozenset({"object"})
_ARRAYS: Final = frozenset({"array"})


class Formula:
    """Says something of a value. Compared by identity.

    Attributes:
        kinds: The kinds of values that an atom is about; empty for what is no atom.
    """

    __slots__ = ()
    kinds: frozenset[str] = frozenset()


_F = TypeVar("_F", bound=Formula)


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Formula):
    """True of every value, or of none."""

    value: bool


ANYTHING: Final = Constant(value=True)
NOTHING: Final = Constant(value=False)


@dataclass(frozen=True, slots=True, eq=False)
class Typed(Formula):
    """It has one of these JSON types; ``exact`` where 1.0 is no integer (draft-04)."""

    names: frozenset[str]
    exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class Listed(Formula):
    """It is one of these values, by JSON's equality."""

    values: tuple[Any, ...]
    keys: frozenset[Key]


@dataclass(frozen=True, slots=True, eq=False)
class Above(Formula):
    """A number that is at least the limit, or more where that is left out."""

    limit: Fraction
    without: bool
    kinds = NUMBERS


@dataclass(frozen=True, slots=True, eq=False)
class Below(Formula):
    """A number that is at most the limit, or less where that is left out."""

    limit: Fraction
    without: bool
    kinds = NUMBERS


@dataclass(frozen=True, slots=True, eq=False)
class Multiple(Formula):
    """A number that is a whole multiple of this one."""

    of: Fraction
    kinds = NUMBERS


@dataclass(frozen=True, slots=True, eq=False)
class Size(Formula):
    """At least so many characters, items or properties."""

    kind: str
    least: int

    @property
    def kinds(self) -> frozenset[str]:  # type: ignore[override]
        """The one kind whose size it bounds."""
        return frozenset({self.kind})


@dataclass(frozen=True, slots=True, eq=False)
class Matching(Formula):
    """A string in which the regular expression matches somewhere."""

    pattern: str
    kinds = _STRINGS


@dataclass(frozen=True, slots=True, eq=False)
class Formatted(Formula):
    """A string of a format."""

    name: str
    draft: int
    kinds = _STRINGS


@dataclass(frozen=True, slots=True, eq=False)
class Has(Formula):
    """An object that has a property."""

    name: str
    kinds = _OBJECTS


@dataclass(frozen=True, slots=True, eq=False)
class Each(Formula):
    """An object in which all properties of these names are so."""

    names: Names
    inner: Formula
    kinds = _OBJECTS


@dataclass(frozen=True, slots=True, eq=False)
class Named(Formula):
    """An object in which all names are so."""

    inner: Formula
    kinds = _OBJECTS


@dataclass(frozen=True, slots=True, eq=False)
class Every(Formula):
    """An array in which all items from ``start`` to before ``stop`` (None: to the end) are so."""

    start: int
    stop: int | None
    inner: Formula
    kinds = _ARRAYS


@dataclass(frozen=True, slots=True, eq=False)
class Containing(Formula):
    """An array in which at least so many items are so."""

    inner: Formula
    least: int
    kinds = _ARRAYS


@dataclass(frozen=True, slots=True, eq=False)
class Distinct(Formula):
    """An array without equal items."""

    kinds = _ARRAYS


@dataclass(frozen=True, slots=True, eq=False)
class All(Formula):
    """All parts are true."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Some(Formula):
    """At least one part is true."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True, eq=False)
class One(Formula):
    """Exactly one part is true."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Negated(Formula):
    """The other is not true."""

    inner: Formula


@dataclass(frozen=True, slots=True, eq=False)
class Link(Formula):
    """What a reference leads to, looked at when it is needed.

    Attributes:
        identity: Equal for references to schemas that say the same word for word.
        target: What the solver hands to the compiler.
    """

    identity: Any
    target: Any


@dataclass(frozen=True, slots=True, eq=False)
class Opaque(Formula):
    """What only the validator understands.

    Attributes:
        identity: Equal for what is the same word for word.
        about: The kinds that it is about.
        test: Asks the validator.
        reason: Why nothing more is known, as the end of a sentence.
    """

    identity: Any
    about: frozenset[str]
    test: Any
    reason: str

    @property
    def kinds(self) -> frozenset[str]:  # type: ignore[override]
        """The kinds that it is about."""
        return self.about


class Formulas:
    """Makes formulas, each once.

    Attributes:
        read: Schemas that were read: draft and canonical text to formula.
    """

    def __init__(self) -> None:
        self.read: dict[tuple[int, bytes], Formula] = {}
        self._made: dict[tuple[Any, ...], Formula] = {}

    def make(self, kind: type[_F], *parts: Any) -> _F:
        """The formula of a class with these attributes."""
        key = (kind, *parts)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = kind(*parts)
        return found  # type: ignore[return-value]

    def link(self, identity: Any, target: Any) -> Formula:
        """What a reference leads to."""
        return self._by((Link, identity), lambda: Link(identity, target))

    def opaque(self, identity: Any, about: frozenset[str], test: Any, reason: str) -> Formula:
        """What only the validator understands."""
        return self._by((Opaque, identity), lambda: Opaque(identity, about, test, reason))

    def listed(self, values: Iterable[Any]) -> Formula:
        """One of these values."""
        by_key = {key_of(value): value for value in values}
        if not by_key:
            return NOTHING
        keys = frozenset(by_key)
        return self._by((Listed, keys), lambda: Listed(tuple(by_key.values()), keys))

    def all(self, parts: Iterable[Formula]) -> Formula:
        """All of them."""
        flat = self._flat(All, parts, ANYTHING)
        if NOTHING in flat:
            return NOTHING
        return self._joined(All, flat, ANYTHING)

    def some(self, parts: Iterable[Formula]) -> Formula:
        """At least one of them."""
        flat = self._flat(Some, parts, NOTHING)
        if ANYTHING in flat:
            return ANYTHING
        return self._joined(Some, flat, NOTHING)

    def one(self, parts: Iterable[Formula]) -> Formula:
        """Exactly one of them."""
        left = [part for part in parts if part is not NOTHING]
        if len(left) <= 1:
            return left[0] if left else NOTHING
        ordered = tuple(left)
        return self._by((One, frozenset(Counter(left).items())), lambda: One(ordered))

    def negated(self, inner: Formula) -> Formula:
        """The opposite."""
        if isinstance(inner, Constant):
            return NOTHING if inner.value else ANYTHING
        if isinstance(inner, Negated):
            return inner.inner
        return self.make(Negated, inner)

    def each(self, names: Names, inner: Formula) -> Formula:
        """All properties of these names are so."""
        return ANYTHING if inner is ANYTHING else self.make(Each, names, inner)

    def every(self, start: int, stop: int | None, inner: Formula) -> Formula:
        """All items of this range are so."""
        return ANYTHING if inner is ANYTHING else self.make(Every, start, stop, inner)

    def size(self, kind: str, least: int) -> Formula:
        """At least so many characters, items or properties."""
        return self.make(Size, kind, least) if least > 0 else ANYTHING

    def smaller(self, kind: str, than: int) -> Formula:
        """Fewer characters, items or properties; or no value of that kind."""
        return self.for_kind(kind, self.negated(self.size(kind, than)))

    def for_kind(self, kind: str, inner: Formula) -> Formula:
        """Something about values of one kind, which says nothing of others."""
        other = self.negated(self.make(Typed, frozenset({kind}), True))  # noqa: FBT003 - a field
        return self.some([other, inner])

    def _by(self, key: tuple[Any, ...], made: Any) -> Formula:
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = made()
        return found

    @staticmethod
    def _flat(
        kind: type[All | Some], parts: Iterable[Formula], void: Formula
    ) -> dict[Formula, None]:
        flat: dict[Formula, None] = {}
        for part in parts:
            if isinstance(part, kind):
                flat.update(dict.fromkeys(part.parts))
            elif part is not void:
                flat[part] = None
        return flat

    def _joined(self, kind: type[All | Some], flat: dict[Formula, None], void: Formula) -> Formula:
        if len(flat) <= 1:
            return next(iter(flat), void)
        ordered = tuple(flat)
        return self._by((kind, frozenset(ordered)), lambda: kind(ordered))
