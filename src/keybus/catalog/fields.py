"""What a contract declares, as rows for people: names, types, and each limit in words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from keybus.contracts import Contract
from keybus.contracts.documents import canonical_json
from keybus.contracts.locations import Location, schema_at
from keybus.contracts.pointers import tokens_of
from keybus.contracts.view import ALL_TYPES, DeclaredProperty, Node, type_names

HEAD: Final = frozenset(
    {"id", "type", "time", "publisher", "schema_version"}
    | {"trace", "correlation_id", "causation_id"}
)
"""Properties that every event has, or may have, for the bus's own sake."""

_ANY_ITEM: Final = "*"
_MOST_VALUES: Final = 60
_SIZES: Final = (
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "item"),
    ("minProperties", "maxProperties", "property"),
)
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PLURALS: Final = {"property": "properties"}


class Limit(msgspec.Struct, frozen=True):
    """Something that a value has to keep.

    Attributes:
        words: What it is.
        code: What it is written with, where words are not enough, as a pattern.
    """

    words: str
    code: str = ""


class Field(msgspec.Struct, frozen=True):
    """A declared property.

    Attributes:
        pointer: Where it is in an event; ``*`` for any item or undeclared name.
        name: Its own name.
        depth: How many names stand above it.
        is_item: Whether it is within an item of an array, or under an undeclared name.
        types: What it may be, in words.
        required: Whether its object must have it.
        description: What the contract says of it.
        values: The values that it may have, as JSON; empty where they are not listed.
        more_values: How many more there are.
        extensible: Whether that list is declared to grow.
        limits: What else a value has to keep.
        like: Pointer of the value whose rows say what is within this one; None: its own do.
    """

    pointer: str
    name: str
    depth: int
    is_item: bool
    types: str
    required: bool
    description: str
    values: tuple[str, ...]
    more_values: int
    extensible: bool
    limits: tuple[Limit, ...]
    like: str | None

    @property
    def is_head(self) -> bool:
        """Whether it belongs to what every event has."""
        return tokens_of(self.pointer)[0] in HEAD


def fields_of(contract: Contract) -> list[Field]:
    """Every declared property of a contract, parents first."""
    return [_field(contract, row) for row in contract.declared()]


def _field(contract: Contract, row: DeclaredProperty) -> Field:
    tokens = tokens_of(row.pointer)
    names = [each for each in tokens if each != _ANY_ITEM] or tokens
    found = list(_nodes(contract, tokens))
    node = found[0] if len(found) == 1 else None
    values = tuple(_shown(each) for each in row.enum or ())
    return Field(
        pointer=row.pointer,
        name=tokens[-1],
        depth=len(names) - 1,
        is_item=_ANY_ITEM in tokens[:-1],
        types=_types(contract, row, node),
        required=row.required,
        description=row.description,
        values=values[:_MOST_VALUES],
        more_values=max(0, len(values) - _MOST_VALUES),
        extensible=row.extensible,
        limits=() if node is None else tuple(_limits(contract, node)),
        like=row.like,
    )


def _nodes(contract: Contract, tokens: list[str]) -> Iterator[Node]:
    """What is declared at a place; several where alternatives declare it."""
    view = contract.view
    found = [view.node(Location(contract.file), whole=True)]
    for token in tokens:
        below = [sites for node in _alternatives(contract, found) for sites in _step(node, token)]
        found = [view.node(*sites) for sites in dict.fromkeys(below)]
    yield from found


def _alternatives(contract: Contract, nodes: list[Node]) -> Iterator[Node]:
    """Nodes, and the alternatives of those that have nothing else."""
    for node in nodes:
        yield node
        yield from (contract.view.node(*sites) for sites in node.branches)


def _step(node: Node, token: str) -> Iterator[tuple[Location, ...]]:
    if token in node.properties:
        yield node.properties[token]
    elif token == _ANY_ITEM:
        yield from (*node.items, *node.values)


def _types(contract: Contract, row: DeclaredProperty, node: Node | None) -> str:
    """``string``, ``string or null``, ``array of objects``, ``anything``."""
    if set(row.types) == set(type_names(ALL_TYPES)):
        return "anything"
    names = list(row.types)
    if node is not None and len(node.items) == 1 and "array" in names:
        inner = type_names(contract.view.node(*node.items[0]).types)
        if len(inner) == 1 and inner[0] != "null":
            plural = "an array" if inner[0] == "array" else f"{inner[0]}s"
            names[names.index("array")] = f"array of {plural}".replace("an array", "arrays")
    names.sort(key=lambda name: name == "null")
    return " or ".join(names) or "nothing"


def _limits(contract: Contract, node: Node) -> Iterator[Limit]:
    """The limits of a value, and of the items of an array of plain values."""
    yield from dict.fromkeys(
        limit
        for place in node.applied
        for limit in _of_schema(schema_at(contract.closure, place), is_listed=node.enum is not None)
    )
    for sites in node.items if len(node.items) == 1 else ():
        inner = contract.view.node(*sites)
        if inner.is_record:
            continue
        for limit in _limits(contract, inner):
            yield Limit(f"each: {limit.words}", limit.code)
        if inner.enum is not None:
            yield Limit(
                "each one of", ", ".join(_shown(each) for each in inner.enum[:_MOST_VALUES])
            )


def _of_schema(schema: Mapping[str, Any], *, is_listed: bool) -> Iterator[Limit]:
    if isinstance(schema.get("format"), str):
        yield Limit("format", schema["format"])
    if isinstance(schema.get("pattern"), str) and not is_listed:
        yield Limit("pattern", schema["pattern"])
    for low, high, what in _SIZES:
        if low in schema or high in schema:
            yield Limit(_size(schema.get(low), schema.get(high), what))
    if "minimum" in schema or "maximum" in schema:
        yield Limit(_range(schema))
    if "multipleOf" in schema:
        yield Limit(f"a multiple of {_shown(schema['multipleOf'])}")
    if schema.get("uniqueItems") is True:
        yield Limit("no two items alike")
    if schema.get("additionalProperties") is False:
        yield Limit("nothing that is not declared")
    if "default" in schema:
        yield Limit("default", _shown(schema["default"]))


def _size(low: Any, high: Any, what: str) -> str:
    """``1 to 80 characters``, ``at most 5 items``."""
    if low is not None and high is not None:
        return f"exactly {_count(low, what)}" if low == high else f"{low} to {_count(high, what)}"
    return f"at least {_count(low, what)}" if high is None else f"at most {_count(high, what)}"


def _range(schema: Mapping[str, Any]) -> str:
    """``0 to 100``, ``≥ 0``, ``> 0 and ≤ 1``."""
    low, high = schema.get("minimum"), schema.get("maximum")
    over, under = schema.get("exclusiveMinimum") is True, schema.get("exclusiveMaximum") is True
    if low is not None and high is not None and not (over or under):
        return f"{_shown(low)} to {_shown(high)}"
    parts = [
        *([f"{'>' if over else '≥'} {_shown(low)}"] if low is not None else []),
        *([f"{'<' if under else '≤'} {_shown(high)}"] if high is not None else []),
    ]
    return " and ".join(parts)


def _count(number: Any, what: str) -> str:
    return f"{number} {what if number == 1 else _PLURALS.get(what, f'{what}s')}"


def _shown(value: Any) -> str:
    """A value as JSON; a text that can be nothing else goes without its quotes."""
    if isinstance(value, str) and _WORD.fullmatch(value) and value not in ("true", "false", "null"):
        return value
    return canonical_json(value).decode()
