"""What is found wrong with a platform file, before it is a fault with file and line."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Literal, NamedTuple

from keybus.contracts.pattern_lint import ErrorRule

Code = Literal[
    "unreadable",
    "not-utf8",
    "bad-yaml",
    "too-deep",
    "alias",
    "tag",
    "bad-key",
    "bad-text",
    "bad-number",
    "duplicate-key",
    "duplicate-name",
    "missing-key",
    "unknown-key",
    "wrong-type",
    "bad-value",
    "bad-date",
    "no-files",
    "included-twice",
    "not-yours",
    "no-platform",
    "python-error",
    "no-contracts",
    "broken-contracts",
    "unknown-account",
    "duplicate-account-id",
    "duplicate-source",
    "duplicate-event",
    "unknown-event",
    "unknown-major",
    "not-owner",
    "no-events",
    "needless-grant",
    "needless-allowance",
    "not-approver",
    "unknown-subject",
    "no-order-key",
    "several-inputs",
    "bad-input",
    "cut-field",
    "bad-filter",
    ErrorRule,  # what is wrong with a filter, the contracts say
]
"""Every fault that a platform file can have; docs/platform.md says what each means."""

_LONGEST = 60  # characters of a found text in a sentence
_MOST = 10  # names in a hint


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        code: Which.
        message: What is wrong.
        pointer: JSON pointer to where.
        hint: What to do next.
        line: The line, where it is not that of the pointer; else 0.
        file: The file, once it is known.
    """

    code: Code
    message: str
    pointer: str
    hint: str = ""
    line: int = 0
    file: str = ""


def quoted(text: str) -> str:
    """A text as a sentence shows it: short, on one line."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the nearest of the known names, or nothing."""
    match = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {match[0]!r}?" if match else ""


def known_names(name: str, known: Iterable[str]) -> str:
    """The nearest of the known names, or all of them."""
    names = sorted(known)
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return nearest(name, names) or f"known: {', '.join(names[:_MOST]) or 'none'}{more}"


def repeated(
    names: Sequence[str], pointer: str, code: Code = "duplicate-event"
) -> Iterator[Finding]:
    """What stands twice in the list at this pointer."""
    for index, name in enumerate(names):
        if name in names[:index]:
            message = f"{quoted(name)} stands twice in the list"
            yield Finding(code, message, f"{pointer}/{index}", "remove one")


def no_contract(event_type: str, known: Iterable[str], pointer: str) -> Finding:
    """An event type that no contract has."""
    message = f"no contract has the type {quoted(event_type)}"
    return Finding("unknown-event", message, pointer, known_names(event_type, known))
