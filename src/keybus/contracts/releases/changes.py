"""What became different between two forms of a contract, as somebody who reads it sees it."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from keybus.contracts.contract import Contract
from keybus.contracts.documents import canonical_json
from keybus.contracts.view import METADATA, DeclaredProperty

_GOVERNANCE = ("owner", "classification", "key", "policy")


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One difference.

    Attributes:
        kind: What happened to it.
        what: A property's pointer, as ``/garage_code``, or a key of the metadata, as ``owner``.
        old: How it was; empty where it is new.
        new: How it is; empty where it is gone.
    """

    kind: Literal["added", "removed", "changed"]
    what: str
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        """``added /garage_code: optional string``."""
        if self.kind == "changed":
            return f"changed {self.what}: {self.old} → {self.new}"
        return f"{self.kind} {self.what}: {self.old or self.new}"


def changes(old: Contract, new: Contract) -> list[Change]:
    """How what two forms of a contract declare differs, and their metadata; not their words."""
    return [*_of_metadata(old, new), *_of_properties(old, new)]


def changed_files(old: Contract, new: Contract) -> list[str]:
    """The files of both closures that are not the same, by their names."""
    files = sorted(old.closure.keys() | new.closure.keys())
    return [each for each in files if _text(old, each) != _text(new, each)]


def _of_metadata(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = old.schema[METADATA], new.schema[METADATA]
    for name in _GOVERNANCE:
        was, now = before.get(name), after.get(name)
        if was != now:
            yield _change(
                name, "" if was is None else _shown(was), "" if now is None else _shown(now)
            )


def _of_properties(old: Contract, new: Contract) -> Iterator[Change]:
    before = {row.pointer: _described(row) for row in old.declared()}
    after = {row.pointer: _described(row) for row in new.declared()}
    for pointer in [*before, *(each for each in after if each not in before)]:
        was, now = before.get(pointer, ""), after.get(pointer, "")
        if was != now:
            yield _change(pointer, was, now)


def _change(what: str, old: str, new: str) -> Change:
    if not old:
        return Change("added", what, new=new)
    return Change("changed" if new else "removed", what, old=old, new=new)


def _described(row: DeclaredProperty) -> str:
    """``optional string``, ``required "a" | "b"``, ``optional object like /parent``.

    A list that is declared to grow ends with ``…``.
    """
    values = [_shown(each) for each in row.enum] if row.enum is not None else row.types
    values = [*values, "…"] if row.extensible else values
    like = f" like {row.like or '/'}" if row.like is not None else ""
    return f"{'required' if row.required else 'optional'} {' | '.join(values)}{like}"


def _shown(value: Any) -> str:
    return canonical_json(value).decode()


def _text(contract: Contract, file: str) -> bytes:
    return canonical_json(contract.closure[file]) if file in contract.closure else b""
