"""Input at the bounds of a shape, and beyond them: what differs from valid input in one member."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from tests.aws.answers import matches

NOT_TEXT: Final[tuple[Any, ...]] = (1, 1.5, True, [], ["a"], {}, {"a": "b"})
NOT_NUMBERS: Final[tuple[Any, ...]] = ("a", True, [], [1], {})
NOT_TRUTHS: Final[tuple[Any, ...]] = ("yes", 1, [], {})
NOT_TIMES: Final[tuple[Any, ...]] = (True, [], {})
NOT_BYTES: Final[tuple[Any, ...]] = (1, True, [], {}, "no base64 !")
NOT_LISTS: Final = ("a", 1, True, {"a": "b"})
NOT_MAPS: Final = ("a", 1, True, ["a"])
ODD_TEXTS: Final = ("", " ", "\x00", "\ud800", "é\U0001f600", "a\nb", "/../..", "${x}<y>'\"", "%00")
ODD_NUMBERS: Final = (-1, 0, 1, 2**31 - 1, 2**31, -(2**31) - 1, 2**63, 2**64, 10**400, 1.5)
ODD_TIMES: Final = (-1, 0, 10**11, 10**18, 10**400, 1.5, 1e308, "2026-01-31T08:00:00Z", "soon")
IN_PATHS: Final[Mapping[str, Any]] = {"string": str, "integer": (int, float), "boolean": bool}
"""What of a type can be sent in a path or a query."""
LONG: Final = 20_000
"""Characters of a text for which the model has no bound."""
DEEP: Final = 6
"""Levels of structures that are looked into."""


class Mutant(msgspec.Struct, frozen=True):
    """Input that differs from valid input in one member.

    Attributes:
        name: Where, and how.
        asked: All of it.
        breaks: Whether the model forbids it; otherwise it is for the service to say.
    """

    name: str
    asked: Any
    breaks: bool


def mutants(shape: Any, asked: Any, depth: int = DEEP) -> Iterator[Mutant]:
    """What differs from a value of a shape in one member.

    Args:
        shape: The shape, as botocore has it.
        asked: A valid value.
        depth: Levels of structures that are looked into.
    """
    if depth:
        yield from _BY_TYPE[shape.type_name](shape, asked, depth)


def minimal(shape: Any, depth: int = DEEP) -> Any:
    """A value of a shape, as small as the model lets it be."""
    kind = shape.type_name
    least = max(shape.metadata.get("min") or 0, 1)
    if kind == "structure":
        return {name: minimal(shape.members[name], depth - 1) for name in shape.required_members}
    if kind == "list":
        return [minimal(shape.member, depth - 1)] * least if depth else []
    if kind == "map":
        return {minimal(shape.key): minimal(shape.value, depth - 1)} if depth else {}
    if kind in ("string", "blob"):
        return shape.enum[0] if getattr(shape, "enum", None) else "a" * least
    return True if kind == "boolean" else least


def _structure(shape: Any, value: Any, depth: int) -> Iterator[Mutant]:
    located = {name for name, each in shape.members.items() if "location" in each.serialization}
    for wrong in () if located else NOT_MAPS:
        yield Mutant(f" = {wrong!r}", wrong, breaks=True)
    for name in set(shape.required_members) - located:
        without = {each: kept for each, kept in value.items() if each != name}
        yield Mutant(f".{name} missing", without, breaks=True)
        yield Mutant(f".{name} = null", {**value, name: None}, breaks=True)
    for name, member in shape.members.items():
        held = value[name] if name in value else minimal(member)
        for each in mutants(member, held, depth - 1):
            if name not in located or _in_a_path(member, each.asked):
                yield Mutant(f".{name}{each.name}", {**value, name: each.asked}, each.breaks)


def _in_a_path(shape: Any, value: Any) -> bool:
    """Whether a value can be sent in a path or a query: the rest is another text there."""
    if isinstance(value, list):
        return shape.type_name == "list" and all(_in_a_path(shape.member, each) for each in value)
    return isinstance(value, IN_PATHS.get(shape.type_name, ()))


def _list(shape: Any, value: Any, depth: int) -> Iterator[Mutant]:
    for wrong in NOT_LISTS:
        yield Mutant(f" = {wrong!r}", wrong, breaks=True)
    item = value[0] if value else minimal(shape.member)
    for count, breaks in _bounds(shape, (0, 1, 2, 11, 101)):
        yield Mutant(f" of {count}", [item] * count, breaks)
    for each in mutants(shape.member, item, depth - 1):
        yield Mutant(f"[0]{each.name}", [each.asked, *value[1:]], each.breaks)


def _map(shape: Any, value: Any, depth: int) -> Iterator[Mutant]:
    for wrong in NOT_MAPS:
        yield Mutant(f" = {wrong!r}", wrong, breaks=True)
    key, held = next(iter(value.items())) if value else (minimal(shape.key), minimal(shape.value))
    for count, breaks in _bounds(shape, (0, 11, 101)):
        yield Mutant(f" of {count}", {f"{key}{n}": held for n in range(count)}, breaks)
    for each in mutants(shape.key, key, 1):
        if isinstance(each.asked, str):
            yield Mutant(f" key{each.name}", {each.asked: held}, each.breaks)
    for each in mutants(shape.value, held, depth - 1):
        yield Mutant(f"[{key!r}]{each.name}", {**value, key: each.asked}, each.breaks)


def _text(shape: Any, value: Any, _: int) -> Iterator[Mutant]:
    for wrong in NOT_TEXT:
        yield Mutant(f" = {wrong!r}", wrong, breaks=True)
    for count, breaks in _bounds(shape, (LONG,)):
        text = (str(value) * (count // max(len(value), 1) + 1))[:count] if value else "a" * count
        yield Mutant(f" of {count} characters", text, breaks or not _fits(shape, text))
    for text in ODD_TEXTS:
        yield Mutant(f" = {text!r}", text, not _fits(shape, text))
    if shape.enum:
        yield Mutant(" = none of the enum", "NONE_OF_THEM", breaks=True)


def _fits(shape: Any, text: str) -> bool:
    """Whether the model takes a text; where it does not say, it does."""
    least, most = shape.metadata.get("min") or 0, shape.metadata.get("max")
    if len(text) < least or (most is not None and len(text) > most):
        return False
    return matches(shape, text) and (not shape.enum or text in shape.enum)


def _whole(shape: Any, _value: Any, _: int) -> Iterator[Mutant]:
    for wrong in NOT_NUMBERS:
        yield Mutant(f" = {wrong!r}", wrong, breaks=True)
    for number, breaks in _bounds(shape, ODD_NUMBERS):
        yield Mutant(f" = {number!r}"[:40], number, breaks)


def _truth(_shape: Any, _value: Any, _: int) -> Iterator[Mutant]:
    for wrong in NOT_TRUTHS:
        yield Mutant(f" = {wrong!r}", wrong, breaks=True)
    for right in (True, False):
        yield Mutant(f" = {right}", right, breaks=False)


def _time(_shape: Any, _value: Any, _: int) -> Iterator[Mutant]:
    for wrong in NOT_TIMES:
        yield Mutant(f" = {wrong!r}", wrong, breaks=True)
    for time in ODD_TIMES:
        yield Mutant(f" = {time!r}"[:40], time, breaks=False)


def _blob(_shape: Any, _value: Any, _: int) -> Iterator[Mutant]:
    for wrong in NOT_BYTES:
        yield Mutant(f" = {wrong!r}", wrong, breaks=True)
    for text in ("", "AA==", "QUJD" * LONG):
        yield Mutant(f" of {len(text)} characters", text, breaks=False)


def _bounds(shape: Any, more: tuple[float, ...]) -> Iterator[tuple[Any, bool]]:
    """Numbers at the bounds and one beyond them, and some more; whether the model forbids each."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    numbers: list[float] = [*more] if least is None or most is None else []
    for bound in (least, most):
        if bound is not None:
            numbers += [bound - 1, bound, bound + 1]
    counts = shape.type_name not in ("integer", "long")
    for number in dict.fromkeys(each for each in numbers if not counts or 0 <= each <= LONG * 100):
        forbidden = (least is not None and number < least) or (most is not None and number > most)
        yield (int(number) if counts else number), forbidden


_BY_TYPE: Final[Mapping[str, Callable[[Any, Any, int], Iterator[Mutant]]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _text,
    "blob": _blob,
    "integer": _whole,
    "long": _whole,
    "boolean": _truth,
    "timestamp": _time,
}
