"""JSON as strict as it has to be where two readers could take one text differently."""

import json
from typing import Any, Final

DEEPEST: Final = 100
"""Levels of lists and objects: ten times what a template needs, and far from Python's own limit."""


def parsed(text: str) -> Any:
    """The value that a JSON text stands for.

    Raises:
        ValueError: It stands for none, or not for one alone: a name is twice in one object, a
            number is none, a character is half of one. Or it is nested too deeply.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if _is_deep(value):
        raise ValueError(_TOO_DEEP)
    if "\\u" in text:
        _refuse_halves(value)
    return value


_TOO_DEEP: Final = f"it is nested more than {DEEPEST} levels deep"


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            each
            for one in level
            if isinstance(one, dict | list)
            for each in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _refuse_halves(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{error.object[error.start]!a} is half of a character") from error


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; two readers may take one with a name twice differently."""
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the name {twice!r} is there twice in one object")
    return made
