"""Families of five rules: one operator each, over one field, as event-ruler's own benchmark has them.

The values of rules are drawn from the events, so that every family matches some of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, TypeAlias

import msgspec

from keybus.cli.bench.parcels import Parcel

JsonPattern: TypeAlias = Mapping[str, Any]
"""A decoded event pattern."""

_Draw: TypeAlias = Callable[[int], list[Parcel]]


class RuleSet(msgspec.Struct, frozen=True):
    """Rules that are measured together.

    Attributes:
        family: What they have in common: an operator, ``all`` or ``mixed``.
        patterns: The event patterns, by the rules' names.
    """

    family: str
    patterns: Mapping[str, JsonPattern]

    @property
    def name(self) -> str:
        """The family, and for mixed rules how many they are."""
        return f"{self.family} {len(self.patterns):,}" if self.family == "mixed" else self.family


def family(name: str, events: Sequence[bytes], seed: int = 0) -> RuleSet:
    """One family of rules, the same ones for the same events and seed.

    Args:
        name: One of `FAMILIES`.
        events: Where the rules' values are drawn from.
        seed: Another number, other values.
    """
    names = _OPERATORS if name == "all" else (name,)
    patterns = (pattern for each in names for pattern in _patterns(each, events, seed))
    return RuleSet(name, {f"{name}-{number}": each for number, each in enumerate(patterns, 1)})


def drawn(events: Sequence[bytes], rng: Random, count: int) -> Iterator[Parcel]:
    """That many of the events, decoded."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for _ in range(count):
        yield decode(events[rng.randrange(len(events))])


def properties(**fields: list[Any]) -> JsonPattern:
    """A pattern over the parcel's properties."""
    return {"detail": {"properties": fields}}


def _patterns(name: str, events: Sequence[bytes], seed: int) -> list[JsonPattern]:
    rng = Random(f"{seed}/{name}")  # noqa: S311 - repeatable on purpose
    return _MAKERS[name](lambda count: list(drawn(events, rng, count)))


def _values(draw: _Draw, field: str, count: int = 5) -> list[Any]:
    return [parcel["detail"]["properties"][field] for parcel in draw(count)]


def _exact(draw: _Draw) -> list[JsonPattern]:
    return [properties(map_block_lot=[value]) for value in _values(draw, "map_block_lot")]


def _prefix(draw: _Draw) -> list[JsonPattern]:
    values = zip(_values(draw, "map_block_lot"), (2, 3, 3, 4, 5), strict=True)
    return [properties(map_block_lot=[{"prefix": value[:length]}]) for value, length in values]


def _suffix(draw: _Draw) -> list[JsonPattern]:
    values = zip(_values(draw, "map_block_lot"), (2, 3, 3, 4, 5), strict=True)
    return [properties(map_block_lot=[{"suffix": value[-length:]}]) for value, length in values]


def _wildcard(draw: _Draw) -> list[JsonPattern]:
    a, b, c, d, e = _values(draw, "map_block_lot")
    wildcards = (
        f"{a[:3]}*",
        f"*{b[-3:]}",
        f"{c[:2]}*{c[-2:]}",
        f"{d[0]}*{d[2]}*{d[4]}*{d[-1]}",
        f"*{e[1:4]}*",
    )
    return [properties(map_block_lot=[{"wildcard": wildcard}]) for wildcard in wildcards]


def _anything_but(draw: _Draw) -> list[JsonPattern]:
    streets = list(dict.fromkeys(_values(draw, "street", 9)))
    refused: list[Any] = [streets[0], streets[1:4], streets[2], streets[4:], streets[-1]]
    return [properties(street=[{"anything-but": value}]) for value in refused]


def _numeric(draw: _Draw) -> list[JsonPattern]:
    a, b, c, d, e = _values(draw, "assessed_value")
    conditions = (
        ["=", a],
        [">", round(b - 1_000, 2), "<=", b],
        [">=", c, "<", round(c + 10_000, 2)],
        ["<=", min(d, 150_000)],
        [">=", max(e, 1_500_000)],
    )
    return [properties(assessed_value=[{"numeric": condition}]) for condition in conditions]


def _nested_arrays(draw: _Draw) -> list[JsonPattern]:
    """Both coordinates have to be those of one corner; twice one of a small area's corners."""
    patterns = []
    for number, parcel in enumerate(draw(5)):
        corner = parcel["detail"]["geometry"]["coordinates"][0][number % 4]
        x, y = corner["x"], corner["y"]
        near = 0.002 * (number // 3)
        patterns.append(corners(parcel["detail"]["geometry"]["type"], (x, near), (y, near)))
    return patterns


def corners(kind: str, x: tuple[float, float], y: tuple[float, float]) -> JsonPattern:
    """A pattern over both coordinates of a corner, each a value and how far around it.

    Args:
        kind: The geometry's type.
        x: Where, and how far from there; 0 for nowhere else.
        y: The same.
    """
    coordinates = {"x": [_around(*x)], "y": [_around(*y)]}
    return {"detail": {"geometry": {"type": [kind], "coordinates": coordinates}}}


def _around(value: float, reach: float) -> JsonPattern:
    if not reach:
        return {"numeric": ["=", value]}
    return {"numeric": [">=", round(value - reach, 9), "<", round(value + reach, 9)]}


def _equals_ignore_case(draw: _Draw) -> list[JsonPattern]:
    streets = _values(draw, "street")
    return [properties(street=[{"equals-ignore-case": street.title()}]) for street in streets]


def _others(draw: _Draw) -> list[JsonPattern]:
    """What is left of the operators, and the compound forms."""
    a, b, c, d, e = draw(5)
    value = a["detail"]["properties"]
    return [
        properties(easement=[{"exists": True}], area_number=[value["area_number"]]),
        properties(easement=[{"exists": False}], lot_number=[value["lot_number"]]),
        properties(filed_from=[{"cidr": f"{b['detail']['properties']['filed_from']}/22"}]),
        {
            "detail-type": [c["detail-type"]],
            "detail": {
                "$or": [
                    {"properties": {"block_number": [c["detail"]["properties"]["block_number"]]}},
                    {"properties": {"street": [d["detail"]["properties"]["street"], None]}},
                ]
            },
        },
        properties(street=[{"anything-but": {"prefix": e["detail"]["properties"]["street"][:4]}}]),
    ]


_MAKERS: Mapping[str, Callable[[_Draw], list[JsonPattern]]] = {
    "exact": _exact,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "nested-arrays": _nested_arrays,
    "equals-ignore-case": _equals_ignore_case,
    "others": _others,
}
_OPERATORS = tuple(_MAKERS)

FAMILIES = (
    "exact", "prefix", "suffix", "wildcard", "anything-but", "numeric", "nested-arrays", "all",
)  # fmt: skip
"""The families of few rules, in the order of the report; ``all`` has every operator."""
