"""One alternative of a named pattern, as the index holds it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Raw

from keybus.patterns.evaluate import Field
from keybus.patterns.numbers import Number
from keybus.patterns.operators import AnythingBut, Leaf, Operator, Range, SameNumber

#: Classes of the scalars that a reader gives.
SCALARS: Final = frozenset({str, int, float, bool, type(None), Raw, Number})


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """One way to satisfy a named pattern: all of some fields.

    Attributes:
        name: The pattern's name.
        fields: The fields, in event-ruler's order.
        joints: Paths at which an array makes the fields depend on each other: what two of them
            have in common, and all of the way to one that may be absent.
        may_be_absent: Whether a field may be absent.
        nested: Whether a field's path goes on in another's.
    """

    name: str
    fields: tuple[Field, ...]
    joints: frozenset[str]
    may_be_absent: bool
    nested: bool

    @property
    def is_simple(self) -> bool:
        """Whether any one value of its one field satisfies it."""
        return len(self.fields) == 1 and not self.may_be_absent

    @classmethod
    def of(cls, name: str, operators: Mapping[str, tuple[Operator, ...]]) -> "Alternative":
        """An alternative of a parsed pattern."""
        fields = Field.all_of(operators)
        seen: set[str] = set()
        joints: set[str] = set()
        for field in fields:
            way = set(_way(field.path))
            joints |= way if field.may_be_absent else way & seen
            seen |= way
        may_be_absent = any(field.may_be_absent for field in fields)
        nested = any(f".{field.path}" in joints for field in fields if not field.may_be_absent)
        return cls(name, fields, frozenset(joints), may_be_absent, nested)


def _way(path: str) -> Iterator[str]:
    """The path, and every path above it, with a dot before every name."""
    path = f".{path}"
    at = len(path)
    while at > 0:
        yield path[:at]
        at = path.rfind(".", 0, at)


def accepts(field: Field, value: object) -> bool:
    """Whether a field is satisfied by what was read at its path."""
    if isinstance(value, str):
        return any(operator.matches(value) for operator in field.values)
    there = False
    for scalar in scalars_of(value):
        there = True
        leaf = leaf_of(scalar)
        for operator in field.values:
            if operator.matches(leaf):
                return True
    # What is there in one element of an array may be absent in another.
    return field.may_be_absent and (isinstance(value, tuple) or not there)


def scalars_of(value: object) -> Sequence[object]:
    """The scalars of what was read at a path: none of an object, all of an array."""
    if isinstance(value, tuple):
        get, elements = value
        value = list(map(get, elements)) if get else elements
    if not isinstance(value, list):
        return (value,) if value.__class__ in SCALARS else ()
    if SCALARS.issuperset(map(type, value)):
        return value
    found: list[object] = []
    waiting = list(value)
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif one.__class__ in SCALARS:
            found.append(one)
    return found


def leaf_of(scalar: object) -> Leaf:
    """A scalar as operators know it.

    A float stands for a number whose digits nobody has looked at; see `compares_digits`.
    """
    if isinstance(scalar, float):
        return Number("", scalar)
    if isinstance(scalar, Raw):
        return Number.of_text(str(scalar, "ascii"))
    if isinstance(scalar, int) and not isinstance(scalar, bool):
        return Number.of_decoded(scalar)
    assert scalar is None or isinstance(scalar, str | bool | Number)
    return scalar


def compares_digits(field: Field) -> bool:
    """Whether a number has to be as it was written to say which operators it matches.

    A double may stand for a number with more digits than it has, which compares with nothing. It
    then matches more than it should, which can be put right where it matters; but here it may
    match less: what is anything but a number, or the same by its digits.
    """
    return any(
        (
            isinstance(operator, AnythingBut)
            and any(isinstance(one, SameNumber) for one in operator.refused)
        )
        or (isinstance(operator, SameNumber) and operator.number.value is None)
        for operator in field.values
    )


def compares_numbers(field: Field) -> bool:
    """Whether a field asks for numbers."""
    return any(isinstance(operator, Range | SameNumber) for operator in field.values)
