"""One field's condition as a function of what was read at its path."""

from collections.abc import Callable
from typing import Any, TypeAlias

from keybus.patterns.evaluate import Field
from keybus.patterns.index.alternative import accepts, scalars_of
from keybus.patterns.index.ranges import closed
from keybus.patterns.numbers import LARGEST_EXACT_INTEGER as _EXACT
from keybus.patterns.operators import (
    AnythingBut,
    EqualsIgnoreCase,
    Exact,
    Operator,
    Prefix,
    Range,
    Suffix,
)

Condition: TypeAlias = Callable[[object], bool]

#: Conditions, each with the position of its values.
Conditions: TypeAlias = tuple[tuple[int, Condition], ...]
_Texts: TypeAlias = Callable[[str], bool]


def condition(field: Field) -> Condition:
    """The field's condition; the usual kinds are told apart here, once, not for every event."""
    if not field.may_be_absent:
        ranges = [one for one in field.values if isinstance(one, Range)]
        if len(ranges) == len(field.values) == 1:
            return _numbers(field, *closed(ranges[0]))
    return _texts(field, _any_of(field.values))


def _texts(field: Field, holds: _Texts) -> Condition:
    def test(value: object) -> bool:
        return holds(value) if isinstance(value, str) else accepts(field, value)

    return test


def _numbers(field: Field, bottom: float, top: float) -> Condition:
    def holds(value: Any) -> bool:
        kind = value.__class__
        if kind is float or (kind is int and -_EXACT <= value <= _EXACT):
            return bool(bottom <= value <= top)
        return accepts(field, value)

    def test(value: Any) -> bool:
        if value.__class__ is not tuple:
            return holds(value)
        get, elements = value
        values = list(map(get, elements)) if get else elements
        try:
            for number in values:
                if bottom <= number <= top:
                    break  # unless it is no number: booleans compare too
            else:
                return False
        except TypeError:
            pass
        return any(map(holds, scalars_of(value)))

    return test


def _any_of(operators: tuple[Operator, ...]) -> _Texts:
    exact = frozenset(one.leaf for one in operators if isinstance(one, Exact))
    if len(exact) == len(operators):
        return exact.__contains__
    tests = tuple(map(_text, operators))
    if len(tests) == 1:
        return tests[0]
    return lambda text: any(test(text) for test in tests)


def _text(operator: Operator) -> _Texts:
    """The same as its `matches`, for texts."""
    match operator:
        case Exact(leaf=leaf):
            return lambda text: text == leaf
        case Prefix(text=head):
            return lambda text: text.startswith(head)
        case Suffix(text=tail):
            return lambda text: text.endswith(tail)
        case AnythingBut(refused=refused):
            refuses = _any_of(refused)
            return lambda text: not refuses(text)
        case EqualsIgnoreCase(text=any_case):
            lengths = {len(form) for forms in any_case.forms for form in forms}
            if lengths <= {1}:
                length = len(any_case.forms)
                return lambda text: len(text) == length and operator.matches(text)
    return operator.matches
