"""Steps of a migration that do nothing, and why that may be: a name that is not there, an index."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keybus.contracts.contract import Contract
from keybus.contracts.hints import Hints
from keybus.contracts.migrations.error import MigrationError
from keybus.contracts.migrations.moves import compile_moves
from keybus.contracts.migrations.steps import EACH, Step
from keybus.contracts.pointers import pointer_of


class Watch:
    """Which of some steps change something of the events that it is shown.

    Args:
        steps: Them; each is done on what those before it make.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._works = [compile_moves((each,)) for each in steps]
        self.idle = list(range(len(steps)))
        """The steps that changed nothing so far."""

    def see(self, event: dict[str, Any]) -> None:
        """Take an event; nothing is done once every step has changed something."""
        last = self.idle[-1] + 1 if self.idle else 0
        for index, work in enumerate(self._works[:last]):
            try:
                made = work(event)
            except MigrationError:
                return
            if index in self.idle and made != event:
                self.idle.remove(index)
            event = made


def indices(steps: Sequence[Step], *contracts: Contract) -> Iterator[tuple[str, str]]:
    """Tokens that are meant for indices: items of arrays have none.

    Args:
        steps: The steps.
        contracts: The contracts that say what an array is.

    Yields:
        The pointer to each within the migration's file, and what to write in its place.
    """
    types: dict[str, frozenset[str]] = {}
    for row in (row for contract in contracts for row in contract.declared()):
        types[row.pointer] = types.get(row.pointer, frozenset()) | frozenset(row.types)
    for number, step in enumerate(steps):
        for member, tokens in (("from", step.source), ("path", step.path)):
            found = _index(tokens, types)
            if found is not None:
                right = pointer_of(*tokens[:found], EACH, *tokens[found + 1 :])
                yield pointer_of("steps", number, member), right


def hint_of(step: Step, source: Contract) -> str:
    """The nearest name of what a step takes, where events declare nothing there; or nothing."""
    declared = [row.pointer for row in source.declared()]
    pointer = pointer_of(*(step.source or step.path))
    return "" if pointer in declared else Hints().nearest(pointer, declared)


def _index(tokens: Sequence[str], types: Mapping[str, frozenset[str]]) -> int | None:
    for place, token in enumerate(tokens):
        above = types.get(pointer_of(*tokens[:place]), frozenset())
        if token.isdecimal() and "array" in above and pointer_of(*tokens[: place + 1]) not in types:
            return place
    return None
