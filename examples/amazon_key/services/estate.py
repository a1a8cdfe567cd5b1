"""The fictional properties and their devices, made from a seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from amazon_key_events.core.address import Address
from amazon_key_events.core.device import Device
from amazon_key_events.core.device_kind import DeviceKind
from amazon_key_events.core.entrance import Entrance
from amazon_key_events.core.site import Site

SiteKind: TypeAlias = Literal["SINGLE_HOME", "APARTMENT_BUILDING", "GATED_COMMUNITY"]
Made: TypeAlias = tuple[str, DeviceKind]
"""A vendor, and what it makes."""

NAMES = ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Juniper", "Linden", "Maple", "Rowan", "Willow")
KINDS: Mapping[SiteKind, str] = {
    "SINGLE_HOME": "House",
    "APARTMENT_BUILDING": "Court",
    "GATED_COMMUNITY": "Gardens",
}
KIND_WEIGHTS = (1, 5, 4)
PLACES = (
    ("Northbridge", "NB-104", "America/Chicago"),
    ("Eastvale", "EV-221", "America/New_York"),
    ("Westhaven", "WH-350", "America/Los_Angeles"),
)
MODELS: Mapping[Made, tuple[str, str]] = {
    ("lockwell", "GARAGE_DOOR"): ("LW-Lift 2", "4.2.0"),
    ("lockwell", "SMART_LOCK"): ("LW-Bolt 7", "7.1.3"),
    ("portalis", "GARAGE_DOOR"): ("Portalis Up", "2.9.14"),
    ("portalis", "GATE"): ("Portalis Wing", "2.9.10"),
    ("hingeworks", "GARAGE_DOOR"): ("HW Roll", "1.18.5"),
    ("hingeworks", "SMART_LOCK"): ("HW Latch", "1.20.0"),
}
GARAGES = tuple(made for made in MODELS if made[1] == "GARAGE_DOOR")
ENTRANCES = tuple(made for made in MODELS if made[1] != "GARAGE_DOOR")


@dataclass(frozen=True, slots=True)
class Door:
    """A door and the device that moves it.

    Attributes:
        entrance: The door, as access events refer to it.
        device: The device.
    """

    entrance: Entrance
    device: Device


@dataclass(frozen=True, slots=True)
class Property:
    """A property with a garage and an entrance.

    Attributes:
        site: The site, as every event has it.
        garage: Its garage door.
        entrance: Its gate or front door.
    """

    site: Site
    garage: Door
    entrance: Door


def estate(seed: int, size: int = 200) -> list[Property]:
    """As many properties, the same ones for the same seed."""
    rng = Random(seed)  # noqa: S311 - fiction, not secrets
    return [_property(rng, number) for number in range(1, size + 1)]


def _property(rng: Random, number: int) -> Property:
    kind = rng.choices(list(KINDS), KIND_WEIGHTS)[0]
    city, postal_area, time_zone = rng.choice(PLACES)
    return Property(
        site=Site(
            site_id=f"SITE-{number:05d}",
            kind=kind,
            name=f"{rng.choice(NAMES)} {KINDS[kind]}",
            time_zone=time_zone,
            address=Address(city=city, postal_area=postal_area, country="US"),
        ),
        garage=_door(rng, f"{number:05d}-G", "Garage", rng.choice(GARAGES)),
        entrance=_door(rng, f"{number:05d}-E", "Main entrance", rng.choice(ENTRANCES)),
    )


def _door(rng: Random, number: str, name: str, made: Made) -> Door:
    vendor, kind = made
    model, firmware = MODELS[made]
    device_id = f"{vendor[:2].upper()}-{rng.randrange(16**6):06X}-{number}"
    return Door(
        Entrance(door_id=f"DOOR-{number}", name=name, device_id=device_id),
        Device(device_id=device_id, vendor=vendor, kind=kind, model=model, firmware=firmware),
    )
