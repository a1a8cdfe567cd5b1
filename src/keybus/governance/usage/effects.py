"""What readers of a contract meet that they did not before: fields gone, and values they do not know."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from keybus.contracts.compatibility import Incompatibility, check
from keybus.contracts.contract import Contract
from keybus.contracts.pattern_lint.leaves import LEAF_KINDS, kind_of, leaf_of
from keybus.contracts.pointers import pointer_of
from keybus.errors import ContractError
from keybus.governance.usage.steps import Steps, is_within
from keybus.governance.usage.values import Value, Values
from keybus.patterns.operators import Leaf

Kind = Literal["gone", "type", "missing", "value"]
_SHOWN: Final = 3


class Effect(msgspec.Struct, frozen=True):
    """Something that readers of the old contract meet in events of the new one.

    Attributes:
        kind: ``gone``: the field is not declared any more; ``type``: it may be of another type;
            ``missing``: it was required, and is not; ``value``: it may be what the old refuses.
        steps: The way to the field; empty for the whole event.
        pointer: The same for people.
        message: What it is, as the end of a sentence.
        leaves: All values that are new, where they can be listed and are leaves; else None.
    """

    kind: Kind
    steps: Steps
    pointer: str
    message: str
    leaves: tuple[Leaf, ...] | None = None


def effects_of(old: Contract, new: Contract, strictness: str) -> list[Effect]:
    """All of them, what is gone first; where a type is new, its values go without saying.

    Args:
        old: The contract that readers know.
        new: The one that events are written by.
        strictness: As `check` takes it.
    """
    before, after = Values(old), Values(new)
    gone = list(_gone(before, after, old.version))
    found = dict.fromkeys(
        each
        for broken in check(old, new, "FORWARD", strictness)
        for each in _of(broken, before, after, old.version)
        if not any(is_within(each.steps, one.steps) for one in gone)
    )
    retyped = {each.steps for each in found if each.kind == "type"}
    return gone + [each for each in found if each.kind != "value" or each.steps not in retyped]


def _gone(before: Values, after: Values, version: str) -> Iterator[Effect]:
    """What is declared no more; what is within that goes without saying."""
    told: list[Steps] = []
    for value in before.all:
        if any(is_within(value.steps, each) for each in told) or _is_declared(after, value):
            continue
        told.append(value.steps)
        required = f", and {version} required it" if value.required else ""
        yield Effect("gone", value.steps, value.pointer, f"{value.pointer} is gone{required}")


def _is_declared(values: Values, value: Value) -> bool:
    try:
        values.find(value.pointer)
    except ContractError:
        return False
    return True


def _of(broken: Incompatibility, before: Values, after: Values, version: str) -> Iterator[Effect]:
    """What one incompatibility is at each of the values that the keyword is about."""
    ways = {each.steps: each.pointer for each in before.of_keyword(broken.file, broken.pointer)}
    ways.setdefault(_steps_of(before, broken.field), broken.field)
    for steps, pointer in ways.items():
        if broken.rule == "required" and isinstance(broken.old, str):
            at = pointer + pointer_of(broken.old)
            message = f"{at} may be missing, and {version} required it"
            yield Effect("missing", (*steps, broken.old), at, message)
            continue
        where = pointer or "the event"
        if broken.rule == "type":
            yield Effect(
                "type", steps, pointer, f"{where} may be of another type than in {version}"
            )
            continue
        yield _of_value(broken, steps, pointer, after, version)


def _of_value(
    broken: Incompatibility, steps: Steps, pointer: str, after: Values, version: str
) -> Effect:
    """A value that the old contract does not take."""
    where = pointer or "the event"
    fresh = _fresh(broken.old, broken.new) if broken.rule == "enum" else []
    message = f"{where} may be what {version} does not take [{broken.rule}]"
    if fresh:
        shown = ", ".join(str(each) for each in fresh[:_SHOWN])
        more = f" and {len(fresh) - _SHOWN} more" if len(fresh) > _SHOWN else ""
        message = f"{where} may be {shown}{more}, which {version} does not list"
    leaves = _leaves(broken, after.listed(pointer)) if fresh and _is_plain(pointer) else None
    return Effect("value", steps, pointer, message, leaves)


def _leaves(broken: Incompatibility, listed: Sequence[Any] | None) -> tuple[Leaf, ...] | None:
    """All that is new among the values that there can be; None where they cannot be listed."""
    fresh = _fresh(broken.old, listed)
    plain = bool(fresh) and all(kind_of(each) in LEAF_KINDS for each in fresh)
    return tuple(map(leaf_of, fresh)) if plain else None


def _is_plain(pointer: str) -> bool:
    """Whether a pattern that names the value asks it of this one alone: it is in no array."""
    return "*" not in pointer and "." not in pointer


def _steps_of(values: Values, pointer: str) -> Steps:
    try:
        return values.find(pointer).steps
    except ContractError:
        return ()


def _fresh(old: Any, new: Any) -> list[Any]:
    """What a list has more; nothing where there is no list."""
    if not isinstance(old, list) or not isinstance(new, list | tuple):
        return []
    return [each for each in new if each not in old]
