"""Mixed rules, by the thousand: every operator, two or three fields each, few matches an event.

They are drawn from the events as a bus's subscriptions are from its traffic: each asks for one
narrow thing, such as a block, a street in an area or a network, and says something wide beside it.
"""

from collections.abc import Callable, Sequence
from ipaddress import ip_network
from random import Random
from typing import Any, TypeAlias

from keybus.cli.bench.families import JsonPattern, RuleSet, corners, drawn, properties
from keybus.cli.bench.parcels import EVENT_TYPES, STREETS, Parcel

_Template: TypeAlias = Callable[[Parcel, Random], JsonPattern]
_Properties: TypeAlias = dict[str, Any]


def mixture(count: int, events: Sequence[bytes], seed: int = 0) -> RuleSet:
    """That many mixed rules; a larger set begins with the smaller one's rules.

    Args:
        count: How many.
        events: Where the rules' values are drawn from.
        seed: Another number, other rules.
    """
    rng = Random(f"{seed}/mixed")  # noqa: S311 - repeatable on purpose
    patterns = (
        _TEMPLATES[number % len(_TEMPLATES)](parcel, rng)
        for number, parcel in enumerate(drawn(events, rng, count))
    )
    return RuleSet("mixed", {f"mixed-{number}": each for number, each in enumerate(patterns, 1)})


def _lot(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    return {
        "detail-type": [parcel["detail-type"]],
        **properties(map_block_lot=[found["map_block_lot"]]),
    }


def _block(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    return {
        "source": [parcel["source"]],
        **properties(block_number=[found["block_number"]], street_type=[found["street_type"]]),
    }


def _streets(parcel: Parcel, rng: Random) -> JsonPattern:
    found = _of(parcel)
    return properties(
        street=[found["street"], rng.choice(STREETS)],
        area_number=[found["area_number"]],
        odd_even=[found["odd_even"]],
    )


def _prefix(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    return properties(
        map_block_lot=[{"prefix": found["map_block_lot"][:4]}], odd_even=[found["odd_even"]]
    )


def _suffix(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    return properties(
        map_block_lot=[{"suffix": found["map_block_lot"][-5:]}],
        zone=[found["zone"]],
        owner_occupied=[found["owner_occupied"]],
    )


def _wildcard(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    return {
        "detail-type": [{"wildcard": f"parcel.{parcel['detail-type'][7:9]}*"}],
        **properties(map_block_lot=[{"wildcard": f"{found['map_block_lot'][:3]}*"}]),
        "resources": [{"wildcard": f"urn:*/lot/{found['lot_number']}"}],
    }


def _anything_but(parcel: Parcel, rng: Random) -> JsonPattern:
    found = _of(parcel)
    return properties(
        block_number=[found["block_number"]],
        street_type=[{"anything-but": ["AVE", "BLVD"]}],
        street=[{"anything-but": rng.choice(_REFUSED)(rng.choice(STREETS))}],
    )


def _value(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    low = found["assessed_value"]
    return {
        "detail-type": [{"anything-but": EVENT_TYPES[0]}],
        **properties(
            assessed_value=[{"numeric": [">=", low, "<", round(low * 1.001, 2)]}],
            zone=[found["zone"]],
        ),
    }


def _small_numbers(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    return properties(
        block_number=[found["block_number"]],
        area_number=[{"numeric": ["<=", found["area_number"]]}],
        owner_count=[{"numeric": [">", 0]}, {"numeric": ["=", found["owner_count"]]}],
    )


def _network(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    network = ip_network(f"{found['filed_from']}/23", strict=False)
    return properties(filed_from=[{"cidr": str(network)}], zone=[{"prefix": found["zone"][:2]}])


def _easement(parcel: Parcel, rng: Random) -> JsonPattern:
    found = _of(parcel)
    return properties(
        easement=[{"exists": rng.random() < 0.5}],  # noqa: PLR2004 - one of two
        block_number=[found["block_number"]],
    )


def _any_case(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    return properties(
        street=[{"equals-ignore-case": found["street"].title()}],
        zone=[{"equals-ignore-case": found["zone"].lower()}],
        area_number=[found["area_number"]],
    )


def _either(parcel: Parcel, _: Random) -> JsonPattern:
    found = _of(parcel)
    return {
        "detail-type": [parcel["detail-type"]],
        "detail": {
            "$or": [
                {"properties": {"block_number": [found["block_number"]]}},
                {"properties": {"map_block_lot": [{"suffix": found["map_block_lot"][-6:]}]}},
            ]
        },
    }


def _corner(parcel: Parcel, _: Random) -> JsonPattern:
    geometry = parcel["detail"]["geometry"]
    corner = geometry["coordinates"][0][0]
    return corners(geometry["type"], (corner["x"], 0.0005), (corner["y"], 0.0005))


def _of(parcel: Parcel) -> _Properties:
    found: _Properties = parcel["detail"]["properties"]
    return found


_REFUSED: tuple[Callable[[str], Any], ...] = (
    lambda street: street,
    lambda street: {"prefix": street[:5]},
    lambda street: {"suffix": street[-4:]},
    lambda street: {"equals-ignore-case": street.title()},
    lambda street: {"wildcard": f"{street[:3]}*{street[-2:]}"},
)
_TEMPLATES: tuple[_Template, ...] = (
    _lot, _prefix, _block, _value, _streets, _suffix, _anything_but, _corner, _network,
    _either, _wildcard, _small_numbers, _any_case, _easement,
)  # fmt: skip
