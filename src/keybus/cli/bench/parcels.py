"""Land-parcel events: invented, repeatable, all different, about 1 KB each.

A parcel is a plot of a city that does not exist, in the envelope of Amazon EventBridge and in the
manner of a GeoJSON record. Its corners are there twice: as objects, whose coordinates a pattern
can ask to agree on one corner, and as the bare arrays of numbers that GeoJSON has.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from math import exp
from random import Random
from typing import Any, TypeAlias

import msgspec

Parcel: TypeAlias = Mapping[str, Any]
"""A decoded event."""

BLOCKS = 7919
"""Blocks of the city; a prime, so that a stride through it visits them all."""

EVENT_TYPES = (
    "parcel.recorded",
    "parcel.surveyed",
    "parcel.assessed",
    "parcel.divided",
    "parcel.merged",
    "parcel.transferred",
)
_STREET_HEADS = (
    "AMBERWICK", "BRAMBLE", "CINDERBY", "DAPPLE", "ELDERFEN", "FIDDLER", "GOSLING", "HAZELMERE",
    "IRONBELL", "JUNIPER", "KETTLEBY", "LANTERN", "MARROW", "NETTLEFOLD", "OTTERLY", "PEBBLE",
    "QUILLMARK", "RUSHLIGHT", "SORREL", "THIMBLE", "UMBERLEY", "VELLUM", "WHISTLE", "XANTHIPPE",
    "YARROW", "ZEPHYR", "BOBBIN", "CANDLEWICK", "DUMPLING", "FERRYMAN", "GLIMMER", "HOBNAIL",
    "INKHORN", "LARKSPUR", "MARZIPAN", "OATMEAL", "PARASOL", "RAVENOAK", "SADDLER", "TURNIP",
)  # fmt: skip
_STREET_TAILS = (
    "", "BANK", "BEND", "BROOK", "CHASE", "CLIFF", "CROFT", "DALE", "DEN", "DOWN", "EDGE", "END",
    "FIELD", "FOLD", "FORD", "GARTH", "GATE", "GLEN", "GREEN", "GROVE", "HALL", "HAVEN", "HEATH",
    "HILL", "HOLLOW", "HURST", "KNOLL", "LEA", "LOCK", "MEAD", "MILL", "MOOR", "NOOK", "PASTURE",
    "PIKE", "POOL", "QUAY", "REACH", "RIDGE", "SHAW", "SPINNEY", "STILE", "TARN", "WEIR", "WHARF",
)  # fmt: skip
STREETS = tuple(head + tail for head, tail in product(_STREET_HEADS, _STREET_TAILS))
_STREET_TYPES = ("ST", "ST", "ST", "ST", "AVE", "AVE", "LN", "CT", "PL", "WAY", "BLVD", None)
_ZONES = ("RH-1", "RH-1", "RH-2", "RH-2", "RH-3", "RM-1", "RM-2", "NC-1", "NC-2", "C-3", "M-1", "P")
_AREAS = 41
_DAYS = 28
_STRIDE = 5003
_WEST, _SOUTH = -20.25, -41.5  # open ocean
_DEGREES = 0.25


def parcels(count: int, seed: int = 0) -> Iterator[bytes]:
    """The events, as UTF-8 JSON: the same ones for the same count and seed, no two alike.

    Args:
        count: How many.
        seed: Another number, another city.
    """
    rng = Random(seed)  # noqa: S311 - fiction, not secrets
    encode = msgspec.json.Encoder().encode
    for number in range(count):
        yield encode(_parcel(number, rng))


def _parcel(number: int, rng: Random) -> Parcel:
    chance = rng.random
    block = f"{number * _STRIDE % BLOCKS + 1:04d}"
    lot = f"{number // BLOCKS + 1:03d}{'ABCDEFGH'[int(chance() * 8)] if chance() < 0.3 else ''}"  # noqa: PLR2004
    house = int(chance() * 2400) + 1
    day = f"2031-{int(chance() * 12) + 1:02d}-{int(chance() * _DAYS) + 1:02d}"
    properties: dict[str, Any] = {
        "map_block_lot": block + lot,
        "block_number": block,
        "lot_number": lot,
        "street_from": str(house),
        "street_to": str(house + 2 * int(chance() * 6)),
        # The longest streets have the most plots.
        "street": STREETS[int(chance() ** 1.5 * len(STREETS))],
        "street_type": _STREET_TYPES[int(chance() * len(_STREET_TYPES))],
        "odd_even": "O" if house % 2 else "E",
        "zone": _ZONES[int(chance() * len(_ZONES))],
        "area_number": int(chance() * _AREAS) + 1,
        "owner_occupied": chance() < 0.6,  # noqa: PLR2004
        "owner_count": int(chance() * 4),
        "assessed_value": round(exp(rng.gauss(13.0, 0.6)), 2),
        "assessed_on": day,
        "filed_from": f"10.{int(chance() * 16)}.{int(chance() * 256)}.{int(chance() * 254) + 1}",
    }
    if chance() < 0.05:  # noqa: PLR2004
        properties["easement"] = f"E{int(chance() * 900) + 100}"
    return {
        "version": "0",
        "id": f"{rng.getrandbits(64):016x}-{number:08x}",
        "detail-type": EVENT_TYPES[int(chance() * len(EVENT_TYPES))],
        "source": "land.registry",
        "account": "210987654321",
        "time": f"{day}T{int(chance() * 24):02d}:{int(chance() * 60):02d}:00Z",
        "region": "eu-central-1",
        "resources": [f"urn:registry:block/{block}/lot/{lot}"],
        "detail": {
            "type": "Feature",
            "properties": properties,
            "geometry": _geometry(rng),
        },
    }


def _geometry(rng: Random) -> dict[str, Any]:
    """A four-sided plot, its ring closed by its first corner, as GeoJSON wants it."""
    chance = rng.random
    west, south = _WEST + chance() * _DEGREES, _SOUTH + chance() * _DEGREES
    ring = [
        (round(west + east + chance() * 1e-4, 9), round(south + north + chance() * 1e-4, 9))
        for east, north in ((0.0, 0.0), (3e-4, 0.0), (3e-4, 3e-4), (0.0, 3e-4))
    ]
    ring.append(ring[0])
    return {
        "type": "Polygon" if chance() < 0.97 else "MultiPolygon",  # noqa: PLR2004
        "coordinates": [[{"x": x, "y": y, "z": 0.0} for x, y in ring]],
        "rings": [ring],
    }
