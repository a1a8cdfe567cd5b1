"""A parsed event pattern."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import TypeAlias

from keybus.patterns.evaluate import Field, Work, satisfied
from keybus.patterns.explain import Way, explain_ways
from keybus.patterns.explanation import Explanation
from keybus.patterns.flatten import EventSource, Step, decode, flatten
from keybus.patterns.operators import Operator
from keybus.patterns.parse import Branch, PatternSource, alternatives

_Alternatives: TypeAlias = tuple[Mapping[str, tuple[Operator, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """An Amazon EventBridge event pattern: parse once, match many times.

    Semantics are those of aws/event-ruler 2.0, the matcher inside EventBridge. It is immutable
    and keeps no state between events, so threads may share it.

    Attributes:
        alternatives: What the pattern says, with ``$or`` multiplied out: an event matches if it
            satisfies one of them, that is, every path of it with one of the path's operators.
    """

    alternatives: _Alternatives
    _fields: tuple[tuple[Field, ...], ...]
    _tree: Step
    _branches: tuple[tuple[Branch, ...], ...]

    @classmethod
    def parse(cls, pattern: PatternSource, *, allow_override: bool = True) -> "Pattern":
        """Read and validate a pattern.

        Args:
            pattern: JSON text, UTF-8 bytes or a decoded mapping. A mapping cannot name a path
                twice by equal keys, nor keep the literal text of numbers.
            allow_override: Whether a path may be named twice, the last one winning. EventBridge
                allows it; event-ruler's compiler can be told not to.

        Raises:
            PatternError: The pattern is not valid. The message is event-ruler's own reason,
                which EventBridge's answers put after `Event pattern is not valid. Reason: `.
        """
        read = alternatives(pattern, allow_override=allow_override)
        return cls(
            tuple(MappingProxyType(one) for one in read),
            tuple(Field.all_of(one) for one in read),
            Step.tree(iter(dict.fromkeys(chain.from_iterable(read)))),
            tuple(one.branches for one in read),
        )

    def matches(self, event: EventSource) -> bool:
        """Whether an event matches.

        Args:
            event: The whole event (the envelope, with ``detail`` in it): a decoded mapping, JSON
                text or UTF-8 bytes. Text keeps what a mapping loses: all values of equal keys,
                and the digits of numbers that no double holds.

        Raises:
            EnvelopeError: The event is not a JSON object, or is built to make matching endless.
        """
        occurrences = flatten(decode(event), self._tree)
        work = Work()
        return any(satisfied(fields, occurrences, work) for fields in self._fields)

    def explain(self, event: EventSource) -> Explanation:
        """Why an event matches, or what keeps it from matching.

        Args:
            event: The event, as for `matches`.

        Returns:
            The verdict, always that of `matches`, and what became of every field.

        Raises:
            EnvelopeError: As `matches` does.
        """
        parts = zip(self._fields, self.alternatives, self._branches, strict=True)
        ways = [Way(fields, tuple(one), branches) for fields, one, branches in parts]
        return explain_ways(ways, self._tree, event)


def validate(pattern: PatternSource, *, allow_override: bool = True) -> None:
    """Check a pattern.

    Args:
        pattern: JSON text, UTF-8 bytes or a decoded mapping.
        allow_override: Whether a path may be named twice, as EventBridge has it.

    Raises:
        PatternError: The pattern is not valid; the message is event-ruler's own reason.
    """
    alternatives(pattern, allow_override=allow_override)


def matches(pattern: PatternSource, event: EventSource) -> bool:
    """Whether an event matches a pattern, as TestEventPattern of the EventBridge API answers it.

    Args:
        pattern: JSON text, UTF-8 bytes or a decoded mapping.
        event: JSON text, UTF-8 bytes or a decoded mapping.

    Raises:
        PatternError: The pattern is not valid.
        EnvelopeError: The event is not a JSON object.
    """
    return Pattern.parse(pattern).matches(event)


def explain(pattern: PatternSource, event: EventSource) -> Explanation:
    """Why an event matches a pattern, or what keeps it from matching.

    Args:
        pattern: JSON text, UTF-8 bytes or a decoded mapping.
        event: JSON text, UTF-8 bytes or a decoded mapping.

    Returns:
        The verdict, always that of `matches`, and what became of every field; `str` of it is
        plain text.

    Raises:
        PatternError: The pattern is not valid.
        EnvelopeError: The event is not a JSON object, or is built to make matching endless.
    """
    return Pattern.parse(pattern).explain(event)
