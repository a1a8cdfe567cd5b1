"""Python values as the plain data that a YAML file would give."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import msgspec

from keybus.contracts.pointers import pointer_of
from keybus.topology.document import MAX_DEPTH
from keybus.topology.findings import Code, Finding, quoted

_WHOLE = range(-(1 << 63), 1 << 63)


def plain_data(value: object) -> Any:
    """A part of a platform as plain data, without what is as by default."""
    if isinstance(value, msgspec.Struct):
        said = {}
        for field in msgspec.structs.fields(value):
            each, default = getattr(value, field.name), field.default
            if field.default_factory is not msgspec.NODEFAULT:
                default = field.default_factory()
            if default is msgspec.NODEFAULT or each != default:
                said[field.name] = plain_data(each)
        return said
    if isinstance(value, dict):
        return {key: plain_data(each) for key, each in value.items()}
    return [plain_data(each) for each in value] if isinstance(value, list) else value


class PlainReader:
    """Copies values, so that what is changed afterwards changes nothing.

    Attributes:
        written: How each number and truth value is written, by its JSON pointer.
        broken: Pointers of values that cannot be used; None stands there.
        findings: Why not.
    """

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        self.broken: set[str] = set()
        self.findings: list[Finding] = []

    def value(self, value: object, pointer: str, depth: int = 0) -> Any:
        """The value as mappings with text keys, lists, text, numbers, booleans and None."""
        if depth > MAX_DEPTH:
            return self._break("too-deep", f"is nested deeper than {MAX_DEPTH}", pointer)
        if isinstance(value, msgspec.Struct):
            value = plain_data(value)
        if isinstance(value, Mapping):
            return self._mapping(value, pointer, depth)
        if isinstance(value, list | tuple | set | frozenset):
            items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            return [
                self.value(item, f"{pointer}/{index}", depth + 1)
                for index, item in enumerate(items)
            ]
        return self._scalar(value, pointer)

    def _mapping(self, value: Mapping[Any, Any], pointer: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, each in value.items():
            if isinstance(key, str) and _is_whole(key):
                name = str.__str__(key)
                result[name] = self.value(each, pointer + pointer_of(name), depth + 1)
            else:
                self._break("bad-key", f"the key {quoted(repr(key))} is no text", pointer)
        return result

    def _scalar(self, value: object, pointer: str) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            if _is_whole(value):
                return str.__str__(value)
            return self._break("bad-text", "holds half a character (a lone surrogate)", pointer)
        if not isinstance(value, int | float):
            return self._break("wrong-type", f"is of the class {type(value).__name__!r}", pointer)
        return self._number(value, pointer)

    def _number(self, value: float, pointer: str) -> Any:
        if isinstance(value, bool):
            self.written[pointer] = str(value).lower()
            return value
        if value not in _WHOLE if isinstance(value, int) else not isfinite(value):
            return self._break("bad-number", "is a number that no event could have", pointer)
        self.written[pointer] = repr(value)
        return value

    def _break(self, code: Code, message: str, pointer: str) -> None:
        self.broken.add(pointer)
        self.findings.append(Finding(code, message, pointer))


def _is_whole(text: str) -> bool:
    """Whether UTF-8 can hold the text."""
    return text.isascii() or text.encode("utf-8", "replace").decode() == text
