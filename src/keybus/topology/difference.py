"""What changes from one platform to another, and what follows from each change."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from keybus.contracts.pointers import pointer_of, tokens_of
from keybus.patterns.wording import printable
from keybus.topology.consequences import consequence
from keybus.topology.model import Platform
from keybus.topology.plain import plain_data
from keybus.topology.schema import SECTIONS

_SINGULAR = {
    "accounts": "account",
    "publishers": "publisher",
    "grants": "grant",
    "subscriptions": "subscription",
    "exceptions": "exception",
}
_OPENED = frozenset(
    {"order", "retry", "target", "webhook", "input_transformer", "alarms", "minimum", "archive"}
    | {"admission", "types"}
)
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_LONGEST = 160  # characters of a value in a line

_encode = msgspec.json.encode
_same = msgspec.json.Encoder(order="deterministic").encode


class Change(msgspec.Struct, frozen=True):
    """One thing that changes.

    Attributes:
        kind: What happens.
        pointer: JSON pointer to it in the platform.
        old: What it was, as plain data; None where it is added.
        new: What it becomes, as plain data; None where it is removed.
        consequence: What follows for the running bus; empty where that goes without saying.
    """

    kind: Literal["added", "removed", "changed"]
    pointer: str
    old: Any = None
    new: Any = None
    consequence: str = ""

    def __str__(self) -> str:
        """One line: sign, what, values; nothing in them acts on a terminal."""
        return printable(self._line())

    def _line(self) -> str:
        sign = _SIGNS[self.kind]
        section, *rest = tokens_of(self.pointer)
        if section in _SINGULAR and len(rest) == 1 and self.kind != "changed":
            what = f"{sign} {_SINGULAR[section]} {rest[0]}"
            return what if self.kind == "removed" else f"{what}: {_members(self.new)}"
        where = "/".join([section, *rest[:1]]) if section in _SINGULAR else section
        field = ".".join(rest[1:] if section in _SINGULAR else rest)
        what = f"{sign} {where} {field}".rstrip()
        values = [_shown(value) for value in (self.old, self.new) if value is not None]
        return f"{what}: {' → '.join(values)}"


class Difference(msgspec.Struct, frozen=True):
    """All that changes, in a stable order: the platform's own keys, then part by part.

    Attributes:
        changes: What.
    """

    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.changes)

    def __str__(self) -> str:
        """A line for each change, and below it what follows."""
        lines = []
        for change in self.changes:
            lines.append(str(change))
            if change.consequence:
                lines.append(f"    {change.consequence}")
        return "\n".join(lines)

    def apply(self, before: Platform | None) -> Platform:
        """The platform that it leads to.

        Args:
            before: The platform that it starts from.
        """
        data: dict[str, Any] = {} if before is None else plain_data(before)
        for change in self.changes:
            *way, last = tokens_of(change.pointer)
            place = data
            for token in way:
                place = place.setdefault(token, {})
            if change.kind == "removed":
                del place[last]
            else:
                place[last] = change.new
        return msgspec.convert(data, Platform)


def difference(before: Platform | None, after: Platform) -> Difference:
    """What changes from one platform to another.

    Args:
        before: What is; None where nothing is.
        after: What is to be.
    """
    old: dict[str, Any] = {} if before is None else plain_data(before)
    new: dict[str, Any] = plain_data(after)
    changes = [
        msgspec.structs.replace(change, consequence=consequence(change.pointer, before, after))
        for change in _changes(old, new)
    ]
    return Difference(tuple(changes))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    known = Platform.__struct_fields__
    for key in (key for key in known if key not in SECTIONS):
        yield from _field(key, old, new, "")
    for section in SECTIONS:
        before, after = old.get(section, {}), new.get(section, {})
        for name in sorted(before.keys() | after.keys()):
            pointer = pointer_of(section, name)
            if name not in before:
                yield Change("added", pointer, new=after[name])
            elif name not in after:
                yield Change("removed", pointer, old=before[name])
            else:
                yield from _fields(before[name], after[name], pointer)


def _fields(old: Mapping[str, Any], new: Mapping[str, Any], pointer: str) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        yield from _field(key, old, new, pointer)


def _field(
    key: str, old: Mapping[str, Any], new: Mapping[str, Any], around: str
) -> Iterator[Change]:
    pointer = around + pointer_of(key)
    if key not in new and key not in old:
        return
    if key not in old:
        yield Change("added", pointer, new=new[key])
    elif key not in new:
        yield Change("removed", pointer, old=old[key])
    elif key in _OPENED:
        yield from _fields(old[key], new[key], pointer)
    elif _same(old[key]) != _same(new[key]):  # to Python, 1 is 1.0 and True as well
        yield Change("changed", pointer, old[key], new[key])


def _members(value: Any) -> str:
    if not isinstance(value, dict):
        return _shown(value)
    return ", ".join(f"{key} {_shown(each)}" for key, each in value.items())


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = " ".join(value) or "none"
    else:
        text = value if isinstance(value, str) else _encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
