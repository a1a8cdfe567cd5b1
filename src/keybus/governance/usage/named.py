"""What a subscription names of an event: fields that it reads for sure, and how that is known."""

import itertools
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from keybus.contracts.pointers import pointer_of, tokens_of
from keybus.governance.usage.steps import ANY, Steps, is_within, spread
from keybus.patterns import Pattern
from keybus.topology.inputs.path import Path
from keybus.topology.model import Subscription, Target

How = Literal["filter", "fields", "order", "input"]
_DETAIL: Final = "detail"
_WHOLE: Final = "<aws.events.event.json>"
_MOST_WILDCARDS: Final = 4  # of one path; what is behind them is not told apart


class Named(msgspec.Struct, frozen=True):
    """A field that is named.

    Attributes:
        steps: The way to it.
        how: By what: the subscription's ``filter``, its ``fields``, the key that it is ordered by,
            or its target's input.
    """

    steps: Steps
    how: How

    @property
    def pointer(self) -> str:
        """It, as a JSON pointer."""
        return pointer_of(*self.steps)

    def within(self, steps: Steps) -> bool:
        """Whether it is the value that the way leads to, or may be within it."""
        if self.how == "filter":
            return is_within(spread(self.steps), spread(steps))
        return is_within(self.steps, steps)


def named_by(subscription: Subscription, key: str | None) -> tuple[Named, ...]:
    """All that a subscription names, each once.

    Args:
        subscription: A sound one.
        key: The pointer by which its contract orders events; None: it does not.
    """
    found = dict.fromkeys(Named(each, "filter") for each in _of_filter(subscription))
    found |= dict.fromkeys(Named(tuple(tokens_of(each)), "fields") for each in subscription.fields)
    if subscription.order is not None and (by := subscription.order.key or key):
        found[Named(tuple(tokens_of(by)), "order")] = None
    for each in handed_over(subscription.target) or ():
        found[Named(each, "input")] = None
    return tuple(each for each in found if each.steps)


def handed_over(target: Target) -> tuple[Steps, ...] | None:
    """The parts of an event's detail of which a target's input is made; None: it may be any."""
    if target.input is not None:
        return ()
    if target.input_path is not None:
        return _whole_or(_ways(target.input_path))
    transformer = target.input_transformer
    if transformer is None or _WHOLE in transformer.template:
        return None
    used = (path for name, path in transformer.paths.items() if f"<{name}>" in transformer.template)
    return _whole_or([way for path in used for way in _ways(path)])


def _whole_or(ways: list[Steps]) -> tuple[Steps, ...] | None:
    """The ways; None where one leads to the whole of the detail."""
    return None if () in ways else tuple(ways)


def _of_filter(subscription: Subscription) -> Iterator[Steps]:
    if subscription.filter is None:
        return
    for one in Pattern.parse(subscription.filter).alternatives:
        for path in one:
            first, *steps = path.split(".")
            if first == _DETAIL:
                yield tuple(steps)


def _ways(text: str) -> list[Steps]:
    """Where a path leads within the detail: a wildcard is for items, or for any name."""
    steps = Path.parse(text).steps
    names = [each for each in steps if not isinstance(each, int)]
    wild = [index for index, each in enumerate(names) if each is None]
    if len(wild) > _MOST_WILDCARDS:
        names = names[: wild[_MOST_WILDCARDS]]
    if names and names[0] not in (_DETAIL, None):
        return []
    options = [((), (ANY,)) if each is None else ((each,),) for each in names[1:]]
    return [tuple(itertools.chain(*chosen)) for chosen in itertools.product(*options)]
