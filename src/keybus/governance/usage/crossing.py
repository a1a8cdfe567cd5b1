"""How events of one major come to readers of another: what migrations make of each field."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from keybus.contracts import ContractRepository
from keybus.contracts.contract import Contract
from keybus.contracts.migrations import Migration
from keybus.contracts.migrations.steps import EACH, Step, items_of
from keybus.governance.usage.steps import Steps, is_within, meet
from keybus.governance.usage.values import Value, Values

_CARRYING: Final = ("move", "copy")
_SETTING: Final = ("add", "default")


class Crossing:
    """The ways from a contract's events to readers of other majors of their type.

    Args:
        contracts: All contracts, with their migrations.
        contract: The contract of the events.
    """

    def __init__(self, contracts: ContractRepository, contract: Contract) -> None:
        self._contracts, self._contract = contracts, contract
        self._own = cache(lambda: Values(contract))

    def path(self, major: int) -> tuple[Migration, ...] | None:
        """The migrations to a major; None where none lead there."""
        own = self._contract
        return self._contracts.migrations.path(own.type, own.major, major)

    def path_from(self, major: int) -> tuple[Migration, ...] | None:
        """The migrations from a major to the contract's; None where none lead there."""
        own = self._contract
        return self._contracts.migrations.path(own.type, major, own.major)

    @property
    def others(self) -> tuple[int, ...]:
        """The other majors that there are of the type."""
        own = self._contract
        return tuple(each for each in self._contracts.editions[own.type] if each != own.major)

    def target(self, major: int) -> Contract | None:
        """The contract of a major; None where there is none."""
        return self._contracts.at(self._contract.type, major)

    def images(self, major: int, steps: Steps) -> list[Steps] | None:
        """All that depends on a field, in the form that readers of a major get.

        Args:
            major: One that migrations lead to.
            steps: The way to the field.

        Returns:
            The ways to what becomes of it; None where an expression, which is not looked into,
            makes it.
        """
        moves = _moves(self.path(major) or ())
        if moves is None:
            return None
        found = {steps: None}
        for move in moves:
            found = dict.fromkeys(_image(list(found), move))
        return list(found)

    def around(self, major: int, steps: Steps) -> list[Steps]:
        """Objects that a field brings about in another major's form, as it is put into them.

        Args:
            major: As for `images`.
            steps: The way to the field.
        """
        found, made = [steps], list[Steps]()
        for move in _moves(self.path(major) or ()) or ():
            made = _image(made, move)
            if move.op in _CARRYING and any(meet(each, _way(move.source)) for each in found):
                path, there = _way(move.path), len(_way(items_of(move.path)))
                made += [path[:end] for end in range(there + 1, len(path))]
            found = _image(found, move)
        return list(dict.fromkeys(made))

    def lost(self, major: int) -> list[Value] | None:
        """What a major declares and migrations never make of the contract's events.

        Args:
            major: One that migrations lead to.

        Returns:
            The values, without what is within them; None where an expression makes the events.
        """
        moves, target = _moves(self.path(major) or ()), self.target(major)
        if moves is None or target is None:
            return None
        there = {each.steps: None for each in self._own().all}
        for move in moves:
            there = dict.fromkeys(_made(list(there), move))
        ends = [each for each in there if not any(_is_below(other, each) for other in there)]
        found: list[Value] = []
        for value in Values(target).all:
            within = any(is_within(value.steps, each.steps) for each in found)
            made = any(is_within(each, value.steps) for each in there)
            if not (within or made or any(is_within(value.steps, each) for each in ends)):
                found.append(value)
        return found


def _moves(path: Sequence[Migration]) -> list[Step] | None:
    """The field moves of a chain; None where one of its migrations is an expression."""
    if any(each.name.endswith(".jsonata") for each in path):
        return None
    return [step for each in path for step in each.steps]


def _is_below(inner: Steps, outer: Steps) -> bool:
    return len(inner) > len(outer) and is_within(inner, outer)


def _way(tokens: Iterable[str]) -> Steps:
    return tuple(each for each in tokens if each != EACH)


def _image(found: list[Steps], step: Step) -> list[Steps]:
    """What depends on some fields after a step; rather too much than too little."""
    path, source = _way(step.path), _way(step.source)
    if step.op in _CARRYING:
        moved = [
            path + each[len(source) :] if is_within(each, source) else path
            for each in found
            if meet(each, source)
        ]
        stay = [each for each in found if step.op == "copy" or not is_within(each, source)]
        return stay + moved
    if step.op in ("remove", "add"):
        return [each for each in found if not is_within(each, path)]
    return found


def _made(there: list[Steps], step: Step) -> list[Steps]:
    """What there may be after a step."""
    path, source = _way(step.path), _way(step.source)
    if step.op in _CARRYING:
        moved = [path + each[len(source) :] for each in there if is_within(each, source)]
        stay = [each for each in there if step.op == "copy" or not is_within(each, source)]
        return stay + moved + ([path] if any(meet(each, source) for each in there) else [])
    if step.op == "remove":
        return [each for each in there if not is_within(each, path)]
    return [*there, path] if step.op in _SETTING else there
