"""Versions of contracts: semantic ones, of which the major decides who understands whom."""

_MAX_DIGITS = 9


def major_of(version: str) -> int:
    """The major of a version such as ``1.2.0``; -1 for what is none, which no contract has."""
    text = version.partition(".")[0]
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else -1
