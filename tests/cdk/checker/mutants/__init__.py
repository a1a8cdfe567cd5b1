"""Templates that let events go or come where nobody allowed it: every rule, several ways."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.cdk.checker.mutants import (
    attributes,
    beside,
    carriers,
    deliveries,
    permissions,
    principals,
    spellings,
)
from tests.cdk.checker.mutants.changes import Change

_ROOMS = (principals, permissions, carriers, deliveries, beside, attributes, spellings)


class Mutant(NamedTuple):
    rule: str
    name: str
    change: Change


def mutants() -> Iterator[Mutant]:
    for room in _ROOMS:
        for rule, ways in room.MUTANTS.items():
            for name, change in ways.items():
                yield Mutant(rule, name, change)
