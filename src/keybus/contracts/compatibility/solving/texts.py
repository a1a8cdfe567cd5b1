"""A text that a case allows: its length, the patterns that match in it and those that do not."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple

from keybus.contracts.compatibility.formulas import (
    Formatted,
    Formula,
    Listed,
    Matching,
    Opaque,
    Size,
)
from keybus.contracts.compatibility.languages.expressions import Term, character, sequence
from keybus.contracts.compatibility.languages.parsing import language
from keybus.contracts.compatibility.languages.search import TooMany, Wanted, texts
from keybus.contracts.compatibility.solving.cases import Case
from keybus.contracts.compatibility.solving.outcomes import NONE, Found, Outcome, Unknown

_TRIED: Final = 40  # texts of a search that are offered to what only the validator understands
_LONGEST: Final = 2_000  # characters of an example
_UUID: Final = "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a"
_SAMPLES: Final = (
    *("2026-01-31T08:00:00Z", "2026-01-31", "08:00:00Z", "PT15M", _UUID),
    *("a@example.org", "example.org", "https://example.org/a", "/a", "a", "10.0.0.1", "::1"),
    *("0", "1", "", "é", "é@example.org", "exämple.org", "{a}", "(", "%", "a b", "AAAA", "{}"),
    *("2026-01-31T08:00:00.5+01:00", "UPPER", "http://[::1]:80/?q#f", "1/a", "#a", "a" * 70),
)
_SHAPES: Final = {
    "uuid": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    "date-time": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[^a]{10,}$",
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "duration": "^P",
    "ipv4": "^[0-9.]{7,15}$",
}
"""What all texts of a format are like, and others may be: enough for proofs that there is none."""


class _Wanted(NamedTuple):
    within: list[Term]
    without: list[Term]
    checks: list[tuple[Callable[[str], bool], str]]  # and why only the validator can say
    least: int
    most: int | None


def text(case: Case, holds: Callable[[Formula, Any], bool]) -> Outcome:
    """A text.

    Args:
        case: Atoms about texts; of lists only those that it is not of.
        holds: Whether a formula holds of a value.
    """
    wanted = _wanted(case, holds)
    if wanted.most is not None and wanted.least > wanted.most:
        return NONE
    if wanted.least > _LONGEST:
        return Unknown(f"an example of {wanted.least} characters is too long")
    try:
        return _search(wanted, case, holds)
    except TooMany:
        return Unknown("the patterns together are too much to follow")


def _search(wanted: _Wanted, case: Case, holds: Callable[[Formula, Any], bool]) -> Outcome:
    goal = Wanted(tuple(wanted.within), tuple(wanted.without), wanted.least, wanted.most)
    if not wanted.checks:
        first = _first(goal)
        return NONE if first is None else Found(first)
    for sample in (*_SAMPLES, *_stretched(wanted.least)):
        if all(holds(formula, sample) == truth for formula, truth in case.items()):
            return Found(sample)
    possible = False
    for candidate in islice(texts(goal), _TRIED):
        possible = True
        if all(check(candidate) for check, _ in wanted.checks):
            return Found(candidate)
    return Unknown(wanted.checks[0][1]) if possible else NONE


@lru_cache(maxsize=4096)
def _first(goal: Wanted) -> str | None:
    return next(texts(goal), None)


def _stretched(least: int) -> Iterator[str]:
    """Samples of formats that have no longest text, as long as is asked for."""
    more = least + 1
    yield f"2026-01-31T08:00:00.{'0' * more}Z"
    yield f"https://example.org/{'a' * more}"
    yield f"P{'1' * more}D"


def literal(exactly: str) -> Term:
    """The language of one text."""
    return sequence(*(character((ord(each), ord(each))) for each in exactly))


def _wanted(case: Case, holds: Callable[[Formula, Any], bool]) -> _Wanted:
    wanted = _Wanted([], [], [], 0, None)
    for formula, truth in case.items():
        match formula:
            case Size(_, least) if truth:
                wanted = wanted._replace(least=max(wanted.least, least))
            case Size(_, least):
                most = least - 1 if wanted.most is None else min(wanted.most, least - 1)
                wanted = wanted._replace(most=most)
            case Listed(values):
                wanted.without.extend(literal(each) for each in values if isinstance(each, str))
            case Matching(pattern) if (term := language(pattern)) is not None:
                (wanted.within if truth else wanted.without).append(term)
            case _:
                wanted.checks.append((_check(formula, holds, truth=truth), _reason(formula)))
                if isinstance(formula, Formatted) and truth and formula.name in _SHAPES:
                    shape = language(_SHAPES[formula.name])
                    assert shape is not None
                    wanted.within.append(shape)
    return wanted


def _check(
    formula: Formula, holds: Callable[[Formula, Any], bool], *, truth: bool
) -> Callable[[str], bool]:
    return lambda candidate: holds(formula, candidate) == truth


def _reason(formula: Formula) -> str:
    if isinstance(formula, Formatted):
        return f"which texts have the format {formula.name!r} is for the validator to say"
    if isinstance(formula, Matching):
        return f"the pattern {formula.pattern!r} is no plain regular expression"
    assert isinstance(formula, Opaque)
    return formula.reason
