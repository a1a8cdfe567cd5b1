"""Verdicts on a change: who it breaks, who it may break, and who is safe."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

Verdict = Literal["safe", "breaks", "unknown"]
EXIT_CODES: Final[Mapping[Verdict, int]] = {"safe": 0, "breaks": 1, "unknown": 3}
"""What a command ends with; 2 is for wrong usage."""
_WORST: Final[tuple[Verdict, ...]] = ("breaks", "unknown", "safe")


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a verdict is what it is.

    Attributes:
        verdict: What follows from this alone.
        code: A stable name of the reason.
        message: The reason, as a sentence without its subject's name.
        pointer: The field of the event that it is about; empty where it is about none.
        hint: What to do about it.
    """

    verdict: Verdict
    code: str
    message: str
    pointer: str = ""
    hint: str = ""


class Affected(msgspec.Struct, frozen=True):
    """Somebody who uses an event type, and what a change does to them.

    Attributes:
        kind: What they are.
        name: Their name in the platform.
        account: Their account's.
        verdict: The worst of the reasons'.
        reasons: Why.
    """

    kind: Literal["publisher", "subscription"]
    name: str
    account: str
    verdict: Verdict
    reasons: tuple[Reason, ...]

    @classmethod
    def publisher(cls, name: str, account: str, reasons: Iterable[Reason]) -> "Affected":
        """A publisher."""
        return cls("publisher", name, account, *_judged(reasons))

    @classmethod
    def subscription(cls, name: str, account: str, reasons: Iterable[Reason]) -> "Affected":
        """A subscription."""
        return cls("subscription", name, account, *_judged(reasons))


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """``breaks`` before ``unknown`` before ``safe``."""
    return min(verdicts, key=_WORST.index, default="safe")


def _judged(reasons: Iterable[Reason]) -> tuple[Verdict, tuple[Reason, ...]]:
    """The verdict, and the reasons for it, the worst first; for a safe one's sake, all of them."""
    found = sorted(dict.fromkeys(reasons), key=lambda each: _WORST.index(each.verdict))
    verdict = worst(each.verdict for each in found)
    return verdict, tuple(each for each in found if verdict == "safe" or each.verdict != "safe")
