"""JSON as a flat run of tokens, so that no depth of nesting costs a stack frame."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Final, NamedTuple

from keybus.errors import PatternError
from keybus.patterns.numbers import Number

#: How deep a pattern may nest, event-ruler's own limit (that of its JSON parser).
DEEPEST_PATTERN: Final = 1_000


class Kind(Enum):
    """What a token is."""

    OPEN_OBJECT = "{"
    CLOSE_OBJECT = "}"
    OPEN_ARRAY = "["
    CLOSE_ARRAY = "]"
    KEY = "key"
    STRING = "string"
    NUMBER = "number"
    TRUE = "true"
    FALSE = "false"
    NULL = "null"
    END = "end"


class Token(NamedTuple):
    """One token.

    Attributes:
        kind: What it is.
        text: A key or a string without quotes and escapes, else the literal.
    """

    kind: Kind
    text: str


END: Final = Token(Kind.END, "")
OPEN_OBJECT: Final = Token(Kind.OPEN_OBJECT, "{")
CLOSE_OBJECT: Final = Token(Kind.CLOSE_OBJECT, "}")
OPEN_ARRAY: Final = Token(Kind.OPEN_ARRAY, "[")
CLOSE_ARRAY: Final = Token(Kind.CLOSE_ARRAY, "]")
TRUE: Final = Token(Kind.TRUE, "true")
FALSE: Final = Token(Kind.FALSE, "false")
NULL: Final = Token(Kind.NULL, "null")


def too_deep(depth: int, deepest: int) -> str:
    """The refusal of nesting, in the words of event-ruler's JSON parser."""
    return (
        f"Document nesting depth ({depth}) exceeds the maximum allowed ({deepest}, "
        "from `StreamReadConstraints.getMaxNestingDepth()`)"
    )


def tokens_of_mapping(pattern: Mapping[str, object]) -> Iterator[Token]:
    """The tokens that a decoded pattern would have as text.

    Args:
        pattern: The pattern; a value that refers to itself is refused as too deep.

    Raises:
        PatternError: Something in it is not a JSON value, or it nests too deeply.
    """
    yield OPEN_OBJECT
    waiting: list[tuple[Iterator[tuple[object, object]], Token]]
    waiting = [(iter(pattern.items()), CLOSE_OBJECT)]
    while waiting:
        members, close = waiting[-1]
        member = next(members, None)
        if member is None:
            waiting.pop()
            yield close
            continue
        key, value = member
        if close is CLOSE_OBJECT:
            if not isinstance(key, str):
                raise PatternError("Field names must be strings")
            yield Token(Kind.KEY, key)
        if isinstance(value, Mapping):
            yield OPEN_OBJECT
            waiting.append((iter(value.items()), CLOSE_OBJECT))
        elif isinstance(value, list | tuple):
            yield OPEN_ARRAY
            waiting.append((((None, element) for element in value), CLOSE_ARRAY))
        else:
            yield _leaf(value)
        if len(waiting) > DEEPEST_PATTERN:
            raise PatternError(too_deep(len(waiting), DEEPEST_PATTERN))


def _leaf(value: object) -> Token:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, str):
        return Token(Kind.STRING, value)
    if isinstance(value, int | float | Decimal):
        return Token(Kind.NUMBER, Number.of_decoded(value).text)
    raise PatternError("Match value must be String, number, true, false, or null")
