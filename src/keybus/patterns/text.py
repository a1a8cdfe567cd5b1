"""JSON text to tokens, with the refusals of the JSON parser that event-ruler uses.

A pattern is refused at the first thing that is wrong in reading order, be it JSON or a rule of
patterns, so the text has to be read token by token. Duplicate keys, the literal text of numbers
and lone surrogates all survive. Source of the grammar: RFC 8259.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from keybus.patterns.tokens import (
    CLOSE_ARRAY,
    CLOSE_OBJECT,
    END,
    FALSE,
    NULL,
    OPEN_ARRAY,
    OPEN_OBJECT,
    TRUE,
    Kind,
    Token,
    too_deep,
)

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD: Final = re.compile(r"[A-Za-z0-9_$]*")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_UNIT: Final = re.compile(r"[0-9a-fA-F]{4}")
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_WORDS: Final = {"true": TRUE, "false": FALSE, "null": NULL}
_ESCAPES: Final = dict(zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True))
_EXPECTED: Final = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_LONGEST_QUOTE: Final = 500

#: Makes the error that a message is raised as.
Refusal = Callable[[str], Exception]


def decoded(source: str | bytes, refusal: Refusal) -> str:
    """JSON text from text or UTF-8 bytes, without a byte order mark."""
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return bytes(source).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal(f"Invalid UTF-8 at byte {error.start}") from None


class TextTokens(Iterator[Token]):
    """The tokens of one JSON document, ended by `END`; not thread safe, like any iterator."""

    def __init__(self, source: str | bytes, refusal: Refusal, *, deepest: int = 0) -> None:
        """Start at the beginning.

        Args:
            source: The document.
            refusal: Makes the error for what is not JSON.
            deepest: How many levels may be open at once, 0 for any number.
        """
        self._text = decoded(source, refusal)
        self._source = "String" if isinstance(source, str) else "byte[]"
        self._refusal = refusal
        self._deepest = deepest
        self._at = 0
        # Every container that is open: its closing token and where it began.
        self._open: list[tuple[Token, int]] = []
        self._fresh = True  # nothing stands yet in the innermost container
        self._after_key = False

    def __next__(self) -> Token:
        """The next token, `END` again and again after the last."""
        self._skip_space()
        if not self._open and not self._fresh:
            return self._end()
        if self._after_key:
            self._after_key = False
            return self._value()
        if not self._open:
            return self._value() if self._at < len(self._text) else END
        return self._member()

    def _member(self) -> Token:
        close, began = self._open[-1]
        in_object = close is CLOSE_OBJECT
        what = "Object" if in_object else "Array"
        character = self._peek()
        if not character:
            start = self._place(began)
            raise self._refusal(
                f"Unexpected end-of-input: expected close marker for {what} (start marker at {start})"
            )
        if character in "]}":
            return self._close(character)
        if not self._fresh:
            if character != ",":
                raise self._unexpected(f"was expecting comma to separate {what} entries")
            self._at += 1
            self._skip_space()
        self._fresh = False
        return self._key() if in_object else self._value()

    def _close(self, character: str) -> Token:
        close, began = self._open.pop()
        if character != close.text:
            what = "Object" if close is CLOSE_OBJECT else "Array"
            raise self._refusal(
                f"Unexpected close marker '{character}': expected '{close.text}' "
                f"(for {what} starting at {self._place(began)})"
            )
        self._at += 1
        self._fresh = False
        return close

    def _key(self) -> Token:
        if self._peek() != '"':
            raise self._unexpected("was expecting double-quote to start field name")
        key = self._string("in field name")
        self._skip_space()
        if self._peek() != ":":
            raise self._unexpected("was expecting a colon to separate field name and value")
        self._at += 1
        self._after_key = True
        return Token(Kind.KEY, key)

    def _value(self) -> Token:
        character = self._peek()
        self._fresh = False
        if character == '"':
            return Token(
                Kind.STRING, self._string(": was expecting closing quote for a string value")
            )
        if character == "{":
            return self._opened(OPEN_OBJECT, CLOSE_OBJECT)
        if character == "[":
            return self._opened(OPEN_ARRAY, CLOSE_ARRAY)
        if character and character in "-0123456789":
            return self._number()
        return self._word()

    def _opened(self, token: Token, close: Token) -> Token:
        self._open.append((close, self._at))
        if self._deepest and len(self._open) > self._deepest:
            raise self._refusal(too_deep(len(self._open), self._deepest))
        self._at += 1
        self._fresh = True
        return token

    def _number(self) -> Token:
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            self._at += 1
            raise self._unexpected("in numeric value", joint=" ")
        self._at = found.end()
        after = self._peek()
        if found[0] in ("0", "-0") and after and after in "0123456789":
            raise self._refusal("Invalid numeric value: Leading zeroes not allowed")
        if after and after in ".eE":
            self._at += 1
            raise self._unexpected("in numeric value", joint=" ")
        return Token(Kind.NUMBER, found[0])

    def _word(self) -> Token:
        found = _WORD.match(self._text, self._at)
        word = found[0] if found else ""
        if word in _WORDS:
            self._at += len(word)
            return _WORDS[word]
        if word:
            raise self._refusal(f"Unrecognized token '{word}': was expecting {_EXPECTED}")
        raise self._unexpected(f"expected a valid value {_EXPECTED}")

    def _string(self, unfinished: str) -> str:
        self._at += 1
        parts: list[str] = []
        escaped_unit = False
        while True:
            found = _PLAIN.match(self._text, self._at)
            assert found is not None, "the empty run always matches"
            parts.append(found[0])
            self._at = found.end()
            character = self._peek()
            if character == '"':
                self._at += 1
                text = "".join(parts)
                return _PAIR.sub(_joined, text) if escaped_unit else text
            if not character:
                raise self._refusal(f"Unexpected end-of-input{_spaced(unfinished)}")
            if character != "\\":
                raise self._refusal(
                    f"Illegal unquoted character ((CTRL-CHAR, code {ord(character)})): has to be "
                    "escaped using backslash to be included in string value"
                )
            escaped_unit |= self._text.startswith("u", self._at + 1)
            parts.append(self._escape(unfinished))

    def _escape(self, unfinished: str) -> str:
        escape = self._text[self._at + 1 : self._at + 2]
        if not escape:
            raise self._refusal(f"Unexpected end-of-input{_spaced(unfinished)}")
        if escape == "u":
            unit = _UNIT.match(self._text, self._at + 2)
            if unit is None:
                raise self._refusal("Invalid unicode escape: expected four hex digits")
            self._at = unit.end()
            return chr(int(unit[0], 16))
        if escape not in _ESCAPES:
            raise self._refusal(f"Unrecognized character escape {_named(escape)}")
        self._at += 2
        return _ESCAPES[escape]

    def _end(self) -> Token:
        # event-ruler stops reading here; a bus that governs does not guess what was meant.
        if self._at < len(self._text):
            raise self._unexpected("expected the end of the document")
        return END

    def _skip_space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        assert found is not None, "the empty run always matches"
        self._at = found.end()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _unexpected(self, what: str, *, joint: str = ": ") -> Exception:
        character = self._peek()
        if not character:
            inside = f" within/between {self._inside()} entries" if self._open else ""
            return self._refusal(f"Unexpected end-of-input{inside}")
        return self._refusal(f"Unexpected character ({_named(character)}){joint}{what}")

    def _inside(self) -> str:
        return "Object" if self._open[-1][0] is CLOSE_OBJECT else "Array"

    def _place(self, at: int) -> str:
        line = self._text.count("\n", 0, at) + 1
        column = at - self._text.rfind("\n", 0, at)
        quote, rest = self._text[:_LONGEST_QUOTE], len(self._text) - _LONGEST_QUOTE
        cut = f"[truncated {rest} chars]" if rest > 0 else ""
        return f'[Source: ({self._source})"{quote}"{cut}; line: {line}, column: {column}]'


def _spaced(unfinished: str) -> str:
    return unfinished if unfinished.startswith(":") else f" {unfinished}"


def _named(character: str) -> str:
    return f"'{character}' (code {ord(character)})"


def _joined(pair: re.Match[str]) -> str:
    high, low = map(ord, pair[0])
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
