"""An event to its leaves: for every path that a pattern names, the values that stand there.

Each value knows its *place*: which element of which array it lies in. A pattern's fields must
agree on one element of each array of objects, and the places are how they can.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple, NoReturn, TypeAlias

from keybus.errors import EnvelopeError
from keybus.patterns.numbers import Number
from keybus.patterns.operators import Leaf
from keybus.patterns.text import TextTokens, decoded
from keybus.patterns.tokens import Kind, Token

#: An event as it comes in.
EventSource: TypeAlias = str | bytes | Mapping[str, object]

#: The elements a value lies in, outermost first: pairs of an array's number and an index.
Place: TypeAlias = tuple[tuple[int, int], ...]

#: The way to a value, innermost step first: what is around it, the key or index it has there,
#: and, where that index is part of the value's place, the number of the array. None is the event.
Trail: TypeAlias = "tuple[Trail, str | int, int] | None"

# Arrays inside arrays, each of several elements, make places as long as they are deep. Events of
# 256 KB with ordinary nesting stay a hundred times below this.
_MOST_PLACE_ENTRIES: Final = 2_000_000

_NOT_AN_OBJECT: Final = "Event must be a JSON object"
_LITERALS: Final = {Kind.TRUE: True, Kind.FALSE: False, Kind.NULL: None}


class Members(list[tuple[str, object]]):
    """An object as it was written: its members in order, equal keys and all."""


class Occurrence(NamedTuple):
    """One value at a path.

    Attributes:
        leaf: The value.
        place: Where it lies.
        trail: The way to it.
    """

    leaf: Leaf
    place: Place
    trail: Trail = None


@dataclass(slots=True)
class Step:
    """A node of the tree of paths that a pattern names.

    Dots divide a path wherever they stand, so that ``{"a.b": …}`` and ``{"a": {"b": …}}`` are
    one, in the pattern as in the event.

    Attributes:
        steps: What may come next.
        path: The path that ends here, None where none does.
    """

    steps: dict[str, "Step"] = field(default_factory=dict)
    path: str | None = None

    @classmethod
    def tree(cls, paths: Iterator[str]) -> "Step":
        """The tree of some paths."""
        root = cls()
        for path in paths:
            at = root
            for name in path.split("."):
                at = at.steps.setdefault(name, cls())
            at.path = path
        return root

    def after(self, key: str) -> "Step | None":
        """Where a key of an event leads, None where no pattern's path goes."""
        if "." not in key:
            return self.steps.get(key)
        at: Step | None = self
        for name in key.split("."):
            at = at.steps.get(name) if at is not None else None
        return at


class _Visit(NamedTuple):
    """A value that is still to be looked at.

    Attributes:
        value: The value.
        step: Its path.
        place: Its place.
        array: The number of the innermost array around it, 0 for none.
        seen: How many arrays of each step the element around it had so far.
        trail: The way to it.
    """

    value: object
    step: Step
    place: Place
    array: int
    seen: dict[int, int]
    trail: Trail


def decode(event: EventSource) -> object:
    """An event's tree; objects read from text keep equal keys side by side.

    Raises:
        EnvelopeError: The text is not JSON, or the event is not an object.
    """
    if isinstance(event, Mapping):
        return event
    text = decoded(event, _refusal)
    try:
        tree = _json.decode(text)
    except (ValueError, RecursionError):
        # Too deep for that decoder, or not JSON: the tokens know what to say.
        return _decode_tokens(text)
    if not isinstance(tree, Members):
        raise EnvelopeError(_NOT_AN_OBJECT)
    return tree


def _refusal(reason: str) -> EnvelopeError:
    return EnvelopeError(f"Event is not valid JSON: {reason}")


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


#: Keeps equal keys, and the digits of numbers.
_json: Final = json.JSONDecoder(
    object_pairs_hook=Members,
    parse_float=Number.of_text,
    parse_int=Number.of_text,
    parse_constant=_not_json,
)


def _decode_tokens(text: str) -> Members:
    """Any depth, at the cost of a Python loop over the tokens."""
    tokens = TextTokens(text, _refusal)
    if next(tokens).kind is not Kind.OPEN_OBJECT:
        raise EnvelopeError(_NOT_AN_OBJECT)
    root = Members()
    containers: list[list[object] | Members] = [root]
    keys: list[str] = [""]
    for token in tokens:
        if token.kind is Kind.END:
            break
        if token.kind in (Kind.CLOSE_OBJECT, Kind.CLOSE_ARRAY):
            containers.pop()
            keys.pop()
        elif token.kind is Kind.KEY:
            keys[-1] = token.text
        else:
            value = _decoded(token)
            if isinstance(inner := containers[-1], Members):
                inner.append((keys[-1], value))
            else:
                inner.append(value)
            if isinstance(value, list):
                containers.append(value)
                keys.append("")
    return root


def _decoded(token: Token) -> object:
    if token.kind is Kind.STRING:
        return token.text
    if token.kind is Kind.NUMBER:
        return Number.of_text(token.text)
    if token.kind is Kind.OPEN_OBJECT:
        return Members()
    if token.kind is Kind.OPEN_ARRAY:
        return []
    return _LITERALS[token.kind]


def flatten(event: object, root: Step) -> dict[str, list[Occurrence]]:
    """Find the leaves at the paths of a tree.

    Args:
        event: A decoded event.
        root: The tree; nothing outside it is looked at.

    Returns:
        The occurrences by path, without the paths that have none. Empty arrays and objects, and
        an object where a path ends, are no leaves.

    Raises:
        EnvelopeError: A value is not JSON, or arrays are nested too deeply.
    """
    found: dict[str, list[Occurrence]] = {}
    numbers: dict[tuple[int, int, int], int] = {}
    waiting = [_Visit(event, root, (), 0, {}, None)]
    entries = 0
    while waiting:
        visit = waiting.pop()
        value, step, place, array, seen, trail = visit
        if value is None or isinstance(value, str):
            # Most leaves: told first to be quick about them.
            if step.path is not None:
                found.setdefault(step.path, []).append(Occurrence(value, place, trail))
        elif isinstance(value, list | tuple) and not isinstance(value, Members):
            waiting += _elements(visit, _number(visit, numbers))
            entries += len(value) * (len(place) + 1)
            if entries > _MOST_PLACE_ENTRIES:
                raise EnvelopeError("The event nests too many arrays in arrays")
        elif isinstance(value, Mapping | Members):
            members = value if isinstance(value, Members) else value.items()
            for key, member in members:
                if after := step.after(_key(key)):
                    waiting.append(_Visit(member, after, place, array, seen, (trail, key, 0)))
        elif step.path is not None:
            found.setdefault(step.path, []).append(Occurrence(_leaf(value), place, trail))
    return found


def _number(visit: _Visit, numbers: dict[tuple[int, int, int], int]) -> int:
    """Number an array by where it stands, the same for every element around it.

    Arrays in different elements of one array may share their number: fields that are in them
    disagree on the outer array already. Two arrays in one element never do.
    """
    step = id(visit.step)
    nth = visit.seen[step] = visit.seen.get(step, 0) + 1
    return numbers.setdefault((visit.array, step, nth), len(numbers) + 1)


def _elements(visit: _Visit, array: int) -> Iterator[_Visit]:
    elements = visit.value
    assert isinstance(elements, list | tuple)
    for index, element in enumerate(elements):
        if not isinstance(element, list | tuple | Mapping):
            # Scalars carry no index of their own array.
            _, step, place, outer, seen, trail = visit
            yield _Visit(element, step, place, outer, seen, (trail, index, 0))
        elif len(elements) > 1:
            place = (*visit.place, (array, index))
            yield _Visit(element, visit.step, place, array, {}, (visit.trail, index, array))
        else:
            # All that is in an array of one element agrees on it.
            yield _Visit(element, visit.step, visit.place, array, {}, (visit.trail, index, 0))


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise EnvelopeError(f"a key of the event is a {type(key).__name__}, not a string")


def _leaf(value: object) -> Leaf:
    if value is None or isinstance(value, str | bool | Number):
        return value
    if isinstance(value, int | float | Decimal):
        return Number.of_decoded(value)
    raise EnvelopeError(f"the event holds a {type(value).__name__}, which is not a JSON value")
