"""Filters of the templates: JSON with colours, names that may break, dates."""

import re
from html import escape
from typing import Any, Final

import msgspec
from markupsafe import Markup

from keybus.catalog.page_names import page_of
from keybus.catalog.visible import visible

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_TOKEN: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>true|false|null)'
    r"|(?P<number>-?[0-9][0-9.eE+-]*)"
)
_LINE: Final = 110
_MARKS: Final = {"key": "k", "string": "s", "word": "w", "number": "n"}
_BREAKS: Final = re.compile(r"([./_:~-]+|(?<=[a-z0-9])(?=[A-Z]))")


def json_text(value: Any, indent: int = 2) -> str:
    """A value as indented JSON; numbers are exact."""
    return msgspec.json.format(_encode(value), indent=indent).decode()


def json_marked(value: Any) -> Markup:
    """A value as indented JSON, its names and values marked for colours."""
    return _marked(visible(json_text(value)))


def _marked(text: str) -> Markup:
    parts, start = [], 0
    for match in _TOKEN.finditer(text):
        parts.append(escape(text[start : match.start()]))
        mark = _MARKS[str(match.lastgroup)]
        parts.append(f'<span class="{mark}">{escape(match[0])}</span>')
        start = match.end()
    parts.append(escape(text[start:]))
    return Markup("".join(parts))  # noqa: S704 - each part is escaped


def breakable(name: str) -> Markup:
    """A name that may be broken after its dots and dashes, and between its words."""
    parts = _BREAKS.split(visible(name))
    broken = (f"{escape(part)}{'<wbr>' if at % 2 else ''}" for at, part in enumerate(parts))
    return Markup("".join(broken))  # noqa: S704 - each part is escaped


def paragraphs(text: str) -> list[str]:
    """A text's paragraphs, which blank lines separate."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def short_digest(digest: str) -> str:
    """The beginning of a digest, enough to tell it from others."""
    return digest.removeprefix("sha256:")[:12]


def json_short(value: Any) -> Markup:
    """A value as `json_marked` has it, on one line where it is short."""
    line = visible(json_text(value, indent=0))
    if len(line) > _LINE:
        return json_marked(value)
    return _marked(line)


def counted(number: int, what: str, many: str = "") -> str:
    """``1 event``, ``2 events``."""
    return f"{number} {what if number == 1 else many or f'{what}s'}"


FILTERS: Final = {
    "breakable": breakable,
    "counted": counted,
    "json_marked": json_marked,
    "json_short": json_short,
    "page": page_of,
    "paragraphs": paragraphs,
    "short_digest": short_digest,
}
