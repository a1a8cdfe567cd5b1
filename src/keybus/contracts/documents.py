"""JSON text as it must be in a repository: strict, of bounded depth, with exact numbers.

Python's own parser takes ``NaN``, duplicate keys and lone surrogates; RFC 8259 and interoperable
JSON (RFC 7493, I-JSON) do not, and two readers that disagree about a schema are worse than a
refused file.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from keybus.contracts.pointers import pointer_of
from keybus.errors import Fault

MAX_DEPTH = 100
"""Levels of arrays and objects in a document; the validator's own limit is 255."""

_MARK = "\ufeff"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|\n|[^\s\[\]{},:"]+', re.DOTALL)
_canonical = msgspec.json.Encoder(order="deterministic", decimal_format="number")


def exact_number(text: str) -> float | Decimal:
    """A JSON number with a fraction or exponent: a float where that is exact, else a Decimal.

    Exact means that the float's shortest form is the same number, so 1.10 and 0.1 are floats, and
    a number of thirty digits stays as it was written.
    """
    number = float(text)
    exact = Decimal(text)
    return number if Decimal(repr(number)) == exact else exact


def canonical_json(value: Any) -> bytes:
    """The one text of a JSON value: keys in order, no white space, UTF-8."""
    return _canonical.encode(value)


def digest_of(value: Any) -> str:
    """``sha256:`` and the hexadecimal SHA-256 of a value's canonical JSON."""
    return f"sha256:{hashlib.sha256(canonical_json(value)).hexdigest()}"


def parse_document(text: str, file: str) -> tuple[Any, list[Fault]]:
    """Parse a schema file.

    Args:
        text: The file's text.
        file: Its name, for the faults.

    Returns:
        The document and no faults, or None and the faults.
    """
    repeated = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        found = dict(pairs)
        repeated = repeated or len(found) != len(pairs)
        return found

    try:
        document = json.loads(
            text,
            object_pairs_hook=members,
            parse_float=exact_number,
            parse_constant=_refuse_constant,
        )
        canonical_json(document)  # refuses lone surrogates
    except RecursionError:
        return None, [_too_deep(file, 0)]
    except json.JSONDecodeError as error:
        message = f"The JSON is broken at line {error.lineno}, column {error.colno}: {error.msg}."
        hint = "save it as UTF-8 without a byte order mark" if text.startswith(_MARK) else ""
        return None, [Fault("bad-json", message, file=file, line=error.lineno, hint=hint)]
    except (ValueError, ArithmeticError) as error:
        return None, [Fault("bad-json", f"The JSON cannot be used: {error}.", file=file)]
    line = _line_of_too_deep(text)
    if line:
        return None, [_too_deep(file, line)]
    if repeated:
        return None, list(_duplicates(text, file))
    return document, []


def lines_of(text: str) -> dict[str, int]:
    """The line, from 1, at which the value at each pointer of a well-formed text begins."""
    return {place: line for place, line, _ in _places(text)}


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _too_deep(file: str, line: int) -> Fault:
    message = f"The JSON nests more than {MAX_DEPTH} levels deep."
    hint = "give the inner schemas names under definitions, or files of their own"
    return Fault("too-deep", message, file=file, line=line, hint=hint)


def _line_of_too_deep(text: str) -> int:
    """The first line of a well-formed text that goes past the limit, or 0."""
    depth, line = 0, 1
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark == "\n":
            line += 1
        elif mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return line
        elif mark in "]}":
            depth -= 1
    return 0


def _duplicates(text: str, file: str) -> Iterator[Fault]:
    for pointer, line, repeated in _places(text):
        if repeated:
            name = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
            message = f"The name {json.dumps(name, ensure_ascii=False)} stands twice in one object."
            hint = "remove one of the two"
            yield Fault("duplicate-key", message, pointer=pointer, file=file, line=line, hint=hint)


def _places(text: str) -> Iterator[tuple[str, int, bool]]:
    """Every value of a well-formed text: its pointer, its line, and whether its name is repeated."""
    line = 1
    path: list[str | int] = []  # the token of the value that comes next, one a level
    seen: list[set[str] | None] = []  # names so far in each open object; None for an array
    repeated = expect_name = False
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark == "\n":
            line += 1
        elif mark == ":":
            expect_name = False
        elif mark == ",":
            names = seen[-1]
            expect_name = names is not None
            if names is None:
                path[-1] = int(path[-1]) + 1
        elif mark in "]}":
            seen.pop()
            path.pop()
            expect_name = False
        elif expect_name:
            name = json.loads(mark)
            names = seen[-1]
            assert names is not None
            repeated = name in names
            names.add(name)
            path[-1] = name
        else:
            yield pointer_of(*path), line, repeated
            repeated = False
            if mark in "[{":
                seen.append(set() if mark == "{" else None)
                path.append("" if mark == "{" else 0)
                expect_name = mark == "{"
