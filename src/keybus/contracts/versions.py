"""Versions of contracts: semantic ones, of which the major decides who understands whom.

Source: Semantic Versioning 2.0.0 (semver.org).
"""

import re
from typing import Final, Literal

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"  # nobody counts further, and numbers without end exhaust readers
_LABEL = r"(?:[1-9][0-9]*|0|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
VERSION: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-{_LABEL}(?:\.{_LABEL})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
"""A semantic version."""
_MAX_DIGITS = 9
LONGEST_KEPT: Final = 64
"""Characters of a version that is kept in memory because events say it; they may say anything."""

Bump = Literal["patch", "minor", "major"]
"""By how much a version has to rise."""
BUMPS: Final[tuple[Bump, ...]] = ("patch", "minor", "major")
"""The least first."""
Precedence = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def major_of(version: str) -> int:
    """The major of a version such as ``1.2.0``; -1 for what is none, which no contract has."""
    text = version.partition(".")[0]
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else -1


def precedence(version: str) -> Precedence:
    """What versions are ordered by (section 11); build metadata says nothing."""
    core, _, labels = version.partition("+")[0].partition("-")
    parts = labels.split(".") if labels else []
    return (
        _core(core),
        not labels,  # a prerelease comes before its release
        tuple((not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts),
    )


def is_prerelease(version: str) -> bool:
    """Whether a version promises nothing yet, as ``1.3.0-rc.1`` (section 9)."""
    return "-" in version.partition("+")[0]


def bumped(version: str, bump: Bump) -> str:
    """The least version that is so much above another: ``1.2.3`` and minor give ``1.3.0``.

    What follows on a prerelease is its release: ``2.0.0-rc.1`` and patch give ``2.0.0``.
    """
    core = version.partition("+")[0].partition("-")[0]
    major, minor, patch = _core(core)
    if bump == "major":
        return f"{major + 1}.0.0"
    if bump == "minor":
        return f"{major}.{minor + 1}.0"
    return core if is_prerelease(version) else f"{major}.{minor}.{patch + 1}"


def _core(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))
