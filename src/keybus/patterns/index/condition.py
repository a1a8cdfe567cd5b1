"""One field's condition as a function of what was read at its path."""

from collections.abc import Callable
from typing import TypeAlias

from keybus.patterns.evaluate import Field
from keybus.patterns.index.alternative import accepts, scalars_of
from keybus.patterns.index.ranges import closed
from keybus.patterns.operators import Exact, Range

Condition: TypeAlias = Callable[[object], bool]


def condition(field: Field) -> Condition:
    """The field's condition; the usual kinds are told apart now, not for every event."""
    if not field.may_be_absent:
        texts = {one.leaf for one in field.values if isinstance(one, Exact)}
        if len(texts) == len(field.values) and all(isinstance(text, str) for text in texts):
            return _exact(field, frozenset(texts))
        ranges = [one for one in field.values if isinstance(one, Range)]
        if len(ranges) == len(field.values) == 1:
            return _range(field, *closed(ranges[0]))
    return lambda value: accepts(field, value)


def _exact(field: Field, texts: frozenset[object]) -> Condition:
    def test(value: object) -> bool:
        return value in texts if isinstance(value, str) else accepts(field, value)

    return test


def _range(field: Field, bottom: float, top: float) -> Condition:
    def test(value: object) -> bool:
        if value.__class__ is float:
            return bottom <= value <= top
        if value.__class__ is not tuple:
            return accepts(field, value)
        for scalar in scalars_of(value):
            if scalar.__class__ is float:
                if bottom <= scalar <= top:
                    return True
            elif accepts(field, scalar):
                return True
        return False

    return test
