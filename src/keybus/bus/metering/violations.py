"""What was taken although it does not fit: counted, and the last of it kept to be looked at.

Bounded in every direction, and gone with the process: nothing of it is written down.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from keybus.clock import Clock
from keybus.errors import Fault
from keybus.protocol import Violation, ViolationCount, ViolationsAnswer

MOST_SAMPLES: Final = 20
"""Samples that are kept of an event type, the newest."""
LONGEST_DETAIL: Final = 2_048
"""Bytes of an event's detail in a sample."""

OTHER: Final = ""
"""Stands for all event types that no contract has."""
_MOST_FAULTS: Final = 5
_LONGEST_TEXT: Final = 500  # characters of a fault's message
_MOST_COUNTS: Final = 20_000
_MOST_TYPES: Final = 1_000


class Violations:
    """Counts and samples what is taken although it does not fit. For one event loop.

    Args:
        clock: The time.

    Attributes:
        since_us: Since when.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.since_us = clock.time_us()
        self._counts: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._samples: dict[str, deque[Violation]] = {}

    def observe(
        self,
        kind: tuple[str, str, str],
        detail: Any,
        faults: Sequence[Fault],
        *,
        has_contract: bool,
    ) -> bool:
        """An event was taken although it does not fit.

        Args:
            kind: Its type, its source, and the account of its publisher.
            detail: Its detail.
            faults: What is wrong with it; their codes are the rules.
            has_contract: Whether a contract has its type.

        Returns:
            Whether it broke a rule that none of its type and account had broken yet.
        """
        now, (event_type, source, account) = self._clock.time_us(), kind
        under = event_type if has_contract else OTHER
        if under not in self._samples and len(self._samples) >= _MOST_TYPES:
            under = OTHER  # other contracts were applied again and again
        is_new = False
        for rule in {fault.code for fault in faults}:
            key = (under, rule, account)
            count, _ = self._counts.get(key, (0, 0))
            is_new = is_new or not count
            if count or len(self._counts) < _MOST_COUNTS:
                self._counts[key] = count + 1, now
        text = _text(detail)
        sample = Violation(
            event_type,
            source,
            account,
            now,
            tuple(_shortened(fault) for fault in faults[:_MOST_FAULTS]),
            text[:LONGEST_DETAIL].decode("utf-8", "ignore"),
            len(text) <= LONGEST_DETAIL,
        )
        self._samples.setdefault(under, deque(maxlen=MOST_SAMPLES)).append(sample)
        return is_new

    def counts(self) -> Iterator[ViolationCount]:
        """How often each rule was broken, by type, rule and account."""
        for (event_type, rule, account), (count, last) in sorted(self._counts.items()):
            yield ViolationCount(event_type, rule, account, count, last)

    def answer(
        self,
        event_type: str | None,
        counted: Callable[[str, str], bool],
        shown: Callable[[str, str], bool],
    ) -> ViolationsAnswer:
        """What somebody may know of it.

        Args:
            event_type: Only of this type; None: of all.
            counted: Whether they may know how often, by a count's type and account.
            shown: Whether they may see an event, by its type and account.
        """
        asked = [each for each in self.counts() if event_type in (None, each.type)]
        samples = [
            each
            for kept in self._samples.values()
            for each in kept
            if event_type in (None, each.type) and shown(each.type, each.account)
        ]
        return ViolationsAnswer(
            self.since_us,
            [each for each in asked if counted(each.type, each.account)],
            sorted(samples, key=lambda each: each.taken_us, reverse=True),
        )


def _text(detail: Any) -> bytes:
    """A detail as JSON; nothing where it cannot be written."""
    try:
        return msgspec.json.encode(detail)
    except (ValueError, TypeError, RecursionError):
        return b""


def _shortened(fault: Fault) -> Fault:
    message, pointer = fault.message[:_LONGEST_TEXT], fault.pointer[:_LONGEST_TEXT]
    return Fault(fault.code, message, pointer=pointer, hint=fault.hint[:_LONGEST_TEXT])
