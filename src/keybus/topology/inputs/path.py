"""Paths into an event, in the subset of JSONPath that EventBridge's InputPath knows.

Source: Amazon EventBridge user guide, "Amazon EventBridge input transformation": dot notation,
dashes, underscores, letters and digits, slashes, array indices and wildcards.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from keybus.topology.inputs.fault import InputError
from keybus.topology.inputs.given import items, members

MAX_PATH = 256
"""Characters of a path (EventBridge API reference, InputTransformer)."""
_STEP = re.compile(r"\.([A-Za-z0-9_/-]+)|\[([0-9]{1,9})\]|(\.\*|\[\*\])")
_EVERY: Final = None
Step = str | int | None
"""A member's name, an item's index, or (None) every member or item."""


class Path(msgspec.Struct, frozen=True):
    """A path; `parse` makes it.

    Attributes:
        steps: What leads from the envelope to the value.
    """

    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> "Path":
        """Read a path such as ``$.detail.items[0].name``.

        Raises:
            InputError: It is none that EventBridge knows.
        """
        if len(text) > MAX_PATH:
            raise InputError(f"a path has at most {MAX_PATH} characters, this one {len(text)}")
        if not text.startswith("$"):
            raise InputError(f"the path {text!r} does not begin with $", hint="write $.detail.…")
        steps: list[Step] = []
        place = 1
        while place < len(text):
            found = _STEP.match(text, place)
            if found is None:
                raise InputError(
                    f"the path {text!r} cannot be read from {text[place:]!r} on",
                    hint="write .name, [0], [*] or .*; names have letters, digits, _ - and /",
                )
            name, index, _ = found.groups()
            steps.append(name or (int(index) if index else _EVERY))
            place = found.end()
        return cls(tuple(steps))

    @property
    def names(self) -> tuple[str, ...]:
        """The names up to the first wildcard over members; indices go without saying."""
        found: list[str] = []
        for step in self.steps:
            if step is _EVERY:
                break
            if isinstance(step, str):
                found.append(step)
        return tuple(found)

    def find(self, envelope: bytes) -> bytes | None:
        """What is there, in its own bytes; None: nothing.

        With a wildcard it is an array of all that is found.
        """
        found = [bytes(value) for value in _found(Raw(envelope), self.steps)]
        if _EVERY in self.steps:
            return b"[" + b",".join(found) + b"]"
        return found[0] if found else None


def _found(value: Raw, steps: tuple[Step, ...]) -> Iterator[Raw]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    below: list[Raw] = []
    if isinstance(step, str):
        named = members(value) or {}
        below = [named[step]] if step in named else []
    elif isinstance(step, int):
        below = (items(value) or [])[step : step + 1]
    else:
        below = items(value) or list((members(value) or {}).values())
    for each in below:
        yield from _found(each, rest)
