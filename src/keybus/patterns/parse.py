"""A pattern's tokens to its alternatives: ``$or`` multiplied out, paths joined by dots.

Reading goes in text order, because order has meaning: a path named twice keeps its last values,
and ``$or`` branches start from the fields that stand before it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from keybus.errors import PatternError
from keybus.patterns.expressions import RESERVED, expression, plain, refuse
from keybus.patterns.operators import AnythingBut, MatchesWildcard, Operator
from keybus.patterns.text import TextTokens
from keybus.patterns.tokens import DEEPEST_PATTERN, Kind, Token, tokens_of_mapping
from keybus.patterns.wildcard import TOO_COMPLEX, Wildcard, too_complex

#: A pattern as it comes in.
PatternSource: TypeAlias = str | bytes | Mapping[str, object]

_OR: Final = "$or"

# Bounds of what a pattern may grow into; a pattern of EventBridge's 4,096 characters stays far
# below all but the first. `$or` beside `$or` multiplies.
_MOST_ALTERNATIVES: Final = 1_000
_MOST_FIELDS: Final = 200_000
_MOST_PATH_CHARACTERS: Final = 4_000_000
_TOO_MANY_BRANCHES: Final = f"Rule is too complex - {_OR} has more than 1,000 combinations"


class Branch(NamedTuple):
    """One of the objects of a ``$or``.

    Attributes:
        path: The path of the object that ``$or`` stands in, None for the whole pattern.
        number: Its place in the array, from 0.
    """

    path: str | None
    number: int


class Alternative(dict[str, tuple[Operator, ...]]):
    """One way to satisfy a pattern: every path needs one of its values.

    Attributes:
        branches: The ``$or`` branches that it takes, in text order.
    """

    __slots__ = ("branches",)

    def __init__(self, of: "Alternative | None" = None, branch: Branch | None = None) -> None:
        super().__init__(of or {})
        before: tuple[Branch, ...] = () if of is None else of.branches
        self.branches: tuple[Branch, ...] = before if branch is None else (*before, branch)


@dataclass(slots=True)
class _Object:
    """An object that is being read."""

    path: str | None
    inside_or: bool
    empty: bool = True


@dataclass(slots=True)
class _Or:
    """A ``$or`` array that is being read: the branches start where its siblings ended."""

    path: str | None
    base: list[Alternative]
    branches: int = 0
    done: list[Alternative] = field(default_factory=list)


def alternatives(source: PatternSource, *, allow_override: bool = True) -> list[Alternative]:
    """Read a pattern.

    Args:
        source: JSON text, UTF-8 bytes or a decoded mapping.
        allow_override: Whether a path may be named twice, the last one winning, as EventBridge
            has it.

    Returns:
        The ways to satisfy it, any of which is enough; at least one.

    Raises:
        PatternError: The pattern is not valid; the message is event-ruler's reason.
    """
    tokens = (
        tokens_of_mapping(source)
        if isinstance(source, Mapping)
        else TextTokens(source, PatternError, deepest=DEEPEST_PATTERN)
    )
    return _Reader(tokens, allow_override=allow_override).read()


class _Reader:
    """Reads one pattern with a stack of its own, so that depth is data."""

    def __init__(self, tokens: Iterator[Token], *, allow_override: bool) -> None:
        self._tokens = tokens
        self._allow_override = allow_override
        self._alternatives: list[Alternative] = []
        self._open: list[_Object | _Or] = []
        self._path_characters = 0
        self._entries = 0

    def read(self) -> list[Alternative]:
        if next(self._tokens).kind is not Kind.OPEN_OBJECT:
            refuse("Filter is not an object")
        self._open.append(_Object(None, inside_or=False))
        while self._open:
            inner = self._open[-1]
            if isinstance(inner, _Or):
                self._branch(inner, next(self._tokens))
            else:
                self._member(inner, next(self._tokens))
        # A text may go on after its object; reading on is what refuses it.
        next(self._tokens, None)
        return self._alternatives

    def _member(self, inner: _Object, token: Token) -> None:
        if token.kind is Kind.CLOSE_OBJECT:
            if inner.empty:
                refuse("Empty objects are not allowed")
            self._open.pop()
            if self._open and isinstance(outer := self._open[-1], _Or):
                outer.done += self._alternatives
                if len(outer.done) > _MOST_ALTERNATIVES:
                    refuse(_TOO_MANY_BRANCHES)
            return
        inner.empty = False
        if token.text == _OR:
            if next(self._tokens).kind is not Kind.OPEN_ARRAY:
                refuse(f"It must be an Array followed with {_OR}.")
            self._open.append(_Or(inner.path, self._alternatives))
            return
        if inner.inside_or and token.text in RESERVED:
            refuse(f"{token.text} is Ruler reserved fieldName which cannot be used inside {_OR}.")
        self._field(inner, token.text)

    def _field(self, inner: _Object, name: str) -> None:
        path = name if inner.path is None else f"{inner.path}.{name}"
        self._path_characters += len(path)
        if self._path_characters > _MOST_PATH_CHARACTERS:
            refuse("Rule is too complex - field names are too long")
        token = next(self._tokens)
        if token.kind is Kind.OPEN_OBJECT:
            self._open.append(_Object(path, inner.inside_or))
        elif token.kind is Kind.OPEN_ARRAY:
            self._write(path, self._values())
        else:
            refuse(f'"{name}" must be an object or an array')

    def _branch(self, inner: _Or, token: Token) -> None:
        if token.kind is Kind.CLOSE_ARRAY:
            if inner.branches < 2:  # noqa: PLR2004 - one branch is no choice
                refuse(f"There must have at least 2 Objects in {_OR} relationship.")
            self._alternatives = inner.done
            self._open.pop()
            return
        if token.kind is not Kind.OPEN_OBJECT:
            refuse(f"Only JSON object is allowed in array of {_OR} relationship.")
        branch = Branch(inner.path, inner.branches)
        inner.branches += 1
        self._spend(sum(map(len, inner.base)))
        self._alternatives = [Alternative(one, branch) for one in inner.base or [Alternative()]]
        self._open.append(_Object(inner.path, inside_or=True))

    def _spend(self, entries: int) -> None:
        self._entries += entries
        if self._entries > _MOST_FIELDS:
            refuse("Rule is too complex - it has too many fields")

    def _values(self) -> tuple[Operator, ...]:
        values = []
        while (token := next(self._tokens)).kind is not Kind.CLOSE_ARRAY:
            opens = token.kind is Kind.OPEN_OBJECT
            values.append(expression(self._tokens) if opens else plain(token))
        if not values:
            refuse("Empty arrays are not allowed")
        if too_complex(_wildcards(values)):
            refuse(TOO_COMPLEX)
        return tuple(values)

    def _write(self, path: str, values: tuple[Operator, ...]) -> None:
        if not self._alternatives:
            self._alternatives.append(Alternative())
        self._spend(len(self._alternatives))
        for one in self._alternatives:
            if not self._allow_override and path in one:
                refuse(f"Path `{path}` cannot be allowed multiple times")
            one[path] = values


def _wildcards(values: list[Operator]) -> list[Wildcard]:
    return [
        operator.wildcard
        for value in values
        for operator in (value.refused if isinstance(value, AnythingBut) else (value,))
        if isinstance(operator, MatchesWildcard)
    ]
