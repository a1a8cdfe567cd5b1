"""Where a field of a translated event comes from: out of the event, or out of the migration."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from keybus.contracts.migrations.steps import EACH, Step
from keybus.governance.usage.steps import Steps, is_within, meet

_CARRYING: Final = ("move", "copy")
_SETTING: Final = ("add", "default")


class Origin(msgspec.Struct, frozen=True):
    """Where a field comes from.

    Attributes:
        source: The way to it in the event that is translated; None where it is not of that.
        makers: The operations that may have made its value up.
    """

    source: Steps | None
    makers: tuple[str, ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether it says the same of every event."""
        return self.source is None and bool(self.makers)


def origin_of(moves: Sequence[Step], steps: Steps, declares: Callable[[Steps], bool]) -> Origin:
    """Where a field comes from.

    Args:
        moves: The field moves, in order.
        steps: The way to the field, in what they make.
        declares: Whether events that are translated may have something at a way.
    """
    at, makers = steps, dict[str, None]()
    for step in reversed(moves):
        path, source = way_of(step.path), way_of(step.source)
        if step.op in _CARRYING and is_within(at, path):
            at = source + at[len(path) :]
        elif step.op in ("default", "map") and meet(at, path):
            makers[step.op] = None
        elif step.op == "add" and meet(at, path):
            makers[step.op] = None
            if is_within(at, path):
                return Origin(None, tuple(makers))
        elif step.op in ("remove", "move") and is_within(at, source or path):
            return Origin(None, tuple(makers))
    return Origin(at if declares(at) else None, tuple(makers))


def made_up(moves: Sequence[Step]) -> Iterator[Steps]:
    """The fields that moves may give a value of their own, each once."""
    yield from dict.fromkeys(way_of(each.path) for each in moves if each.op in _SETTING)


def way_of(tokens: Sequence[str]) -> Steps:
    """The way that a pointer's tokens are."""
    return tuple(each for each in tokens if each != EACH)
