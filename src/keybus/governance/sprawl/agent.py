"""What a client says of itself: ``keybus/0.1.0 python/3.11.7 amazon_key_events/sha256:0123…``."""

import re
from typing import Final

import msgspec

HEADER: Final = "Keybus-Client"
"""The header in which clients say it."""
MOST_BINDINGS: Final = 20
"""Packages of bindings that are taken from one header."""
_LONGEST: Final = 2_048
_TOKEN = re.compile(r"([A-Za-z0-9_.-]{1,64})/([A-Za-z0-9_.:+-]{1,80})")


class Agent(msgspec.Struct, frozen=True):
    """The software that a client runs, as far as it said.

    Attributes:
        client: Keybus's version.
        python: Python's.
        bindings: Packages of generated classes, each with the digest of its contracts.
    """

    client: str = ""
    python: str = ""
    bindings: tuple[tuple[str, str], ...] = ()


def parse_agent(text: str) -> Agent:
    """Read the header; what cannot be read is passed over, whatever it is.

    Args:
        text: The header's value, written by anybody.
    """
    told: dict[str, str] = {}
    for word in text[:_LONGEST].split():
        found = _TOKEN.fullmatch(word)
        if found is not None and len(told) < MOST_BINDINGS + 2:
            told.setdefault(found[1], found[2])
    client, python = told.pop("keybus", ""), told.pop("python", "")
    return Agent(client, python, tuple(sorted(told.items())[:MOST_BINDINGS]))


def is_older(version: str, minimum: str) -> bool:
    """Whether a version comes before another; one that cannot be read does.

    A pre-release comes before its release, as semantic versioning has it.
    """
    return _order(version) < _order(minimum)


def _order(version: str) -> tuple[tuple[int, ...], bool, str]:
    release, _, before = version.partition("+")[0].partition("-")
    found = re.match(r"(\d{1,9}(?:\.\d{1,9})*)(.*)", release)
    if found is None:
        return (), False, ""
    before = found[2] or before
    numbers = [int(part) for part in found[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), not before, before
