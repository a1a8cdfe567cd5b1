"""What a subscription reads of the events of one contract: for sure, perhaps, and never."""

from typing import Final

from keybus.contracts.contract import Contract
from keybus.contracts.pointers import tokens_of
from keybus.governance.usage.named import Named, handed_over, named_by
from keybus.governance.usage.steps import ANY, Steps, meet
from keybus.patterns import Pattern
from keybus.patterns.operators import Leaf
from keybus.topology.keeping import Keeping, of_contract
from keybus.topology.model import Subscription

_DETAIL: Final = "detail"


class Reading:
    """One subscription beside one contract.

    Args:
        subscription: A sound one.
        contract: The contract of the events that it gets.

    Attributes:
        named: What it reads for sure.
        is_whole: Whether it is delivered all of an event, and makes no other input of it.
    """

    def __init__(self, subscription: Subscription, contract: Contract) -> None:
        self._subscription = subscription
        self.named = named_by(subscription, contract.key)
        self._handed = handed_over(subscription.target)
        self._kept: Keeping | None = None
        if subscription.fields:
            fields = [tuple(tokens_of(each)) for each in subscription.fields]
            self._kept = of_contract(contract, fields)
        self.is_whole = self._kept is None and self._handed is None
        asked = subscription.filter
        self._filter = None if asked is None else Pattern.parse(asked).alternatives

    @property
    def has_expression(self) -> bool:
        """Whether a JSONata expression, which is not looked into, makes its input."""
        return self._subscription.target.jsonata is not None

    def names(self, steps: Steps) -> tuple[Named, ...]:
        """What it reads for sure of a value, or within it."""
        return tuple(each for each in self.named if each.within(steps))

    def gets(self, steps: Steps) -> bool:
        """Whether a value, or something within it, may come to it."""
        if self._handed is not None and not any(meet(steps, each) for each in self._handed):
            return False
        return _is_kept(self._kept, steps)

    def why_not(self, steps: Steps) -> str:
        """Why a value does not come to it, as the end of a sentence."""
        if not _is_kept(self._kept, steps):
            return "its fields leave it out"
        return "its target's input is made without it"

    def lets_pass(self, steps: Steps, leaves: tuple[Leaf, ...]) -> bool:
        """Whether its filter may let an event pass that has one of these values at a place."""
        if self._filter is None or ANY in steps:
            return True
        path = ".".join((_DETAIL, *steps))
        return any(
            path not in one or any(each.matches(leaf) for each in one[path] for leaf in leaves)
            for one in self._filter
        )


def _is_kept(kept: Keeping | None, steps: Steps) -> bool:
    """Whether a projection leaves something of a value; None keeps all."""
    for index, name in enumerate(steps):
        if kept is None:
            return True
        if name == ANY:
            below = kept.names.values()
            return any(_is_kept(each, steps[index + 1 :]) for each in below)
        if name not in kept.names and ANY not in kept.names:
            return False
        kept = kept.names.get(name, kept.names.get(ANY))
    return True
