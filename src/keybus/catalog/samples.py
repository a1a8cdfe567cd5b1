"""Examples of an event that its contract accepts: as it gives them, and made from it."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import msgspec

from keybus.contracts import Contract
from keybus.contracts.documents import canonical_json
from keybus.contracts.examples import examples_of
from keybus.contracts.migrations.samples import samples

_MADE: Final = 2
_MOST: Final = 8  # of the contract's own


class Sample(msgspec.Struct, frozen=True):
    """An event that its contract accepts.

    Attributes:
        label: Where it comes from.
        detail: The event.
    """

    label: str
    detail: dict[str, Any]


@lru_cache(maxsize=4096)  # pages and documents show the same ones
def samples_of(contract: Contract) -> tuple[Sample, ...]:
    """Valid events: the contract's own examples, the least that it takes, and one with everything.

    The last two are made by the solver of the compatibility room. Where a contract leaves it no
    way that it finds, they are left out; what the contract refuses is never shown.

    Args:
        contract: The contract.
    """
    return tuple(_labelled(contract))


def _labelled(contract: Contract) -> Iterator[Sample]:
    own = [each for each in examples_of(contract) if contract.accepts(each)]
    order = [row.pointer for row in contract.declared()]
    for number, each in enumerate(own[:_MOST], 1):
        label = "From the contract" if len(own) == 1 else f"From the contract, {number}"
        yield Sample(label, _ordered(each, order))
    known = {canonical_json(each) for each in own}
    fresh = (each for each in samples(contract, contract) if canonical_json(each) not in known)
    made = sorted(islice(fresh, _MADE), key=lambda each: len(canonical_json(each)))
    labels = ["The least", "All that is declared"] if len(made) == _MADE else ["Made from it"]
    for label, each in zip(labels, made, strict=False):
        yield Sample(label, _ordered(each, order))


def _ordered(detail: dict[str, Any], order: list[str]) -> dict[str, Any]:
    """The event with its names in the order of the contract."""
    ranks = {pointer.removeprefix("/"): rank for rank, pointer in enumerate(order)}
    names = sorted(detail, key=lambda name: ranks.get(name, len(ranks)))
    return {name: detail[name] for name in names}
