"""Reads of an event only the fields that patterns name.

Decoding is what matching costs most, so JSON is decoded into msgspec Structs that have a field
for each name in use and nothing else; the decoder skips the rest without making Python objects.
The Structs are built from the tree of paths; names are data in them, never program text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct

from keybus.patterns.flatten import Step
from keybus.patterns.index.alternative import leaf_of, scalars_of
from keybus.patterns.index.names import has_unique_names

# Every dotted way to write a path has to be watched for; they grow with the square of its length.
_LONGEST: Final = 24
_MOST_CHARACTERS: Final = 1_024
_NESTED_ARRAYS: Final = 4

# What msgspec does not take in the name of a field.
_ESCAPED: Final = frozenset('"\\') | {chr(code) for code in range(0x20)}

# Looking for this many names one by one costs as much as decoding and encoding the whole.
_MOST_COUNTED: Final = 8

_SCALARS: Final = str | int | float | bool | None

#: What cannot be read here; the exact evaluator reads it, or says what is wrong.
UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)


class Never:
    """A type that no JSON value has: decoding fails where it would stand."""


@dataclass(slots=True)
class Node:
    """A step of a path that is read.

    Attributes:
        path: The path so far, with a dot before every name.
        reached: The same in attributes of Structs, each with a dot after it.
        type: The Struct of an object that stands here.
        leaves: Struct field and position of every path that ends one step on.
        inner: Struct field and node of every step that goes further.
        array: The path alone, in a set.
    """

    path: str
    reached: str
    type: type[Struct]
    leaves: list[tuple[str, int]] = field(default_factory=list)
    inner: "list[tuple[str, Node]]" = field(default_factory=list)
    array: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.array = frozenset({self.path})


def readable(path: str) -> bool:
    """Whether a `Reader` can read a path; others are the exact evaluator's."""
    spelt = not any(
        character in _ESCAPED or "\ud800" <= character <= "\udfff" for character in path
    )
    return spelt and len(path) <= _MOST_CHARACTERS and path.count(".") < _LONGEST


class Reader:
    """Reads the values at some paths; immutable, so threads may share it.

    Args:
        paths: The paths, each at its position and `readable`; None for a position that is free.

    Attributes:
        tree: The tree of the paths.
        root: The same as what is decoded.
        size: How many positions there are.
        decode: From JSON text to Structs, or an error of `UNREADABLE`.
        decode_digits: The same, but numbers with a fraction or an exponent stay as they are
            written: as ``msgspec.Raw``.
    """

    def __init__(self, paths: Sequence[str | None]) -> None:
        self._positions = {path: at for at, path in enumerate(paths) if path is not None}
        self.tree = Step.tree(iter(self._positions))
        self.size = len(paths)
        self._names: set[str] = set()
        self.root = self._node(self.tree, "", "")
        self.decode = msgspec.json.Decoder(self.root.type).decode
        self.decode_digits = msgspec.json.Decoder(self.root.type, float_hook=Raw).decode
        self._needles = [f'"{name}"'.encode() for name in sorted(self._names)]

    def reads(self, event: bytes) -> bool:
        """Whether no name in use stands twice in an object, so that `decode` gives everything."""
        if len(self._needles) <= _MOST_COUNTED and b"\\" not in event:
            for needle in self._needles:
                if event.count(needle) > 1:
                    break
            else:
                return True
        return has_unique_names(event)

    def plain(self, root: object) -> object:
        """The event as mappings and lists that hold nothing but the fields in use."""
        return _plain(self.root, root)

    def _node(self, step: Step, path: str, reached: str) -> Node:
        node = Node(path, reached, Struct)
        names: dict[str, str] = {}
        fields: list[tuple[str, Any, Any]] = []
        for name, after in step.steps.items():
            attribute = f"f{len(names)}"
            names[attribute] = name
            self._names.add(name)
            if after.path is not None:
                node.leaves.append((attribute, self._positions[after.path]))
            if after.steps:
                inner = self._node(after, f"{path}.{name}", f"{reached}{attribute}.")
                node.inner.append((attribute, inner))
                kind = _holding(inner.type, leaf=after.path is not None)
                fields.append((attribute, kind, inner.type()))
            else:
                fields.append((attribute, Any, UNSET))
        for dotted in _dotted(step):
            attribute = f"f{len(names)}"
            names[attribute] = dotted
            fields.append((attribute, Never, UNSET))
        node.type = msgspec.defstruct(
            "Fields", fields, rename=names, frozen=True, gc=False, module=__name__
        )
        return node


def _dotted(step: Step) -> Iterator[str]:
    """Every other way to write the paths below: their names joined by dots."""
    waiting = list(step.steps.items())
    while waiting:
        name, at = waiting.pop()
        for next_name, after in at.steps.items():
            joined = f"{name}.{next_name}"
            yield joined
            waiting.append((joined, after))


def _holding(kind: type[Struct], *, leaf: bool) -> Any:
    """The type of a field that holds an object with fields in use, or arrays of such objects."""
    # A number that is read as a leaf keeps its digits only where nothing else may stand.
    scalars: Any = (str | int | bool | None) if leaf else _SCALARS
    one: Any = kind | scalars
    for _ in range(_NESTED_ARRAYS):
        one = kind | list[one] | scalars
    return one


def _plain(node: Node, value: object) -> object:
    if isinstance(value, list):
        return [_plain(node, element) for element in value]
    if value.__class__ is not node.type:
        return _leaf(value)
    encoded = dict(
        zip(node.type.__struct_fields__, node.type.__struct_encode_fields__, strict=True)
    )
    plain: dict[str, object] = {}
    for attribute, _ in node.leaves:
        leaf = getattr(value, attribute)
        if leaf is not UNSET:
            plain[encoded[attribute]] = _leaf(leaf)
    for attribute, inner in node.inner:
        plain[encoded[attribute]] = _plain(inner, getattr(value, attribute))
    return plain


def _leaf(value: object) -> object:
    # Arrays of a leaf are flat: nothing else can lie in them.
    leaves = [leaf_of(scalar) for scalar in scalars_of(value)]
    return leaves if isinstance(value, list) else leaves[0] if leaves else {}
