"""One match expression of a pattern, ``{"prefix": "a"}`` and the like, from tokens to operator.

Every refusal is event-ruler's own sentence, raised at the token where event-ruler raises it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NoReturn

from keybus.errors import PatternError
from keybus.patterns.addresses import BadBlockError, Block, address
from keybus.patterns.numbers import Number
from keybus.patterns.operators import (
    Absent,
    AnyCase,
    AnythingBut,
    EqualsIgnoreCase,
    Exact,
    InBlock,
    MatchesWildcard,
    Operator,
    Prefix,
    PrefixIgnoreCase,
    Present,
    Range,
    SameAddress,
    SameNumber,
    Suffix,
    SuffixIgnoreCase,
)
from keybus.patterns.tokens import Kind, Token
from keybus.patterns.wildcard import BadWildcardError, Wildcard

_LITERALS: Final = {Kind.TRUE: True, Kind.FALSE: False, Kind.NULL: None}
_ONLY_ONE: Final = "Only one key allowed in match expression"
_TOO_MANY: Final = "Too many elements in numeric expression"
_MIXED: Final = (
    "Inside anything but list, either all values are number or string, mixed type is not supported"
)


def refuse(reason: str) -> NoReturn:
    """Refuse the pattern."""
    raise PatternError(reason)


def plain(token: Token) -> Operator:
    """The operator of a plain value: a string, number, boolean or null of a field's array."""
    if token.kind is Kind.STRING:
        ip = address(token.text)
        return Exact(token.text) if ip is None else SameAddress(ip)
    if token.kind is Kind.NUMBER:
        return SameNumber(Number.of_text(token.text))
    if token.kind in _LITERALS:
        return Exact(_LITERALS[token.kind])
    return refuse("Match value must be String, number, true, false, or null")


def expression(tokens: Iterator[Token]) -> Operator:
    """Read a match expression whose opening brace has been read, its closing one included.

    Args:
        tokens: What follows the brace.

    Raises:
        PatternError: It is not a match expression.
    """
    name = next(tokens)
    if name.kind is not Kind.KEY:
        refuse("Match expression name not found")
    reader = _READERS.get(name.text)
    if reader is None:
        refuse(f"Unrecognized match type {name.text}")
    return reader(tokens)


def _string(tokens: Iterator[Token], reason: str) -> str:
    token = next(tokens)
    return token.text if token.kind is Kind.STRING else refuse(reason)


def _close(tokens: Iterator[Token], reason: str = _ONLY_ONE) -> None:
    if next(tokens).kind is not Kind.CLOSE_OBJECT:
        refuse(reason)


def _exactly(tokens: Iterator[Token]) -> Operator:
    text = _string(tokens, "exact match pattern must be a string")
    _close(tokens)
    return Exact(text)


def _equals_ignore_case(tokens: Iterator[Token]) -> Operator:
    text = _string(tokens, "equals-ignore-case match pattern must be a string")
    _close(tokens)
    return EqualsIgnoreCase(AnyCase.of(text))


def _wildcard(tokens: Iterator[Token]) -> Operator:
    text = _string(tokens, "wildcard match pattern must be a string")
    operator = MatchesWildcard(_read_wildcard(text))
    _close(tokens)
    return operator


def _read_wildcard(text: str) -> Wildcard:
    try:
        return Wildcard.parse(text)
    except BadWildcardError as bad:
        refuse(str(bad))


def _affix(
    name: str, exact: Callable[[str], Operator], any_case: Callable[[AnyCase], Operator]
) -> Callable[[Iterator[Token]], Operator]:
    """The reader of ``prefix`` or ``suffix``, which differ in nothing else."""

    def read(tokens: Iterator[Token]) -> Operator:
        token = next(tokens)
        if token.kind is Kind.STRING:
            _close(tokens)
            return exact(token.text)
        if token.kind is not Kind.OPEN_OBJECT:
            refuse(f"{name} match pattern must be a string")
        key = next(tokens)
        if key.kind is not Kind.KEY:
            refuse(f"{name.capitalize()} expression name not found")
        if key.text != "equals-ignore-case":
            refuse(f"Unsupported {name} pattern: {key.text}")
        text = _string(tokens, "equals-ignore-case match pattern must be a string")
        _close(tokens)
        _close(tokens)
        return any_case(AnyCase.of(text))

    return read


def _exists(tokens: Iterator[Token]) -> Operator:
    token = next(tokens)
    if token.kind not in (Kind.TRUE, Kind.FALSE):
        refuse("exists match pattern must be either true or false.")
    _close(tokens)
    return Present() if token.kind is Kind.TRUE else Absent()


def _cidr(tokens: Iterator[Token]) -> Operator:
    # The message names another operator; it is what event-ruler says.
    text = _string(tokens, "prefix match pattern must be a string")
    try:
        block = Block.parse(text)
    except BadBlockError as bad:
        refuse(str(bad))
    _close(tokens)
    return InBlock(block)


def _numeric(tokens: Iterator[Token]) -> Operator:
    if next(tokens).kind is not Kind.OPEN_ARRAY:
        refuse("Value of numeric must be an array.")
    sign = next(tokens)
    if sign.kind is not Kind.STRING:
        refuse(f"Invalid member in numeric match: {sign.text}")
    if sign.text not in ("=", "<", "<=", ">", ">="):
        refuse(f"Unrecognized numeric range operator: {sign.text}")
    operand = _operand(tokens, "equals" if sign.text == "=" else sign.text)
    after = next(tokens)
    if sign.text in (">", ">="):
        operator: Operator = _range(tokens, sign.text, operand, after)
    elif after.kind is not Kind.CLOSE_ARRAY:
        refuse(_TOO_MANY)
    else:
        value = _value(operand)
        with_value = sign.text != "<"
        bottom = value if sign.text == "=" else None
        operator = Range(bottom, value, with_bottom=with_value, with_top=with_value)
    _close(tokens, _TOO_MANY)
    return operator


def _range(tokens: Iterator[Token], sign: str, operand: str, after: Token) -> Range:
    if after.kind is Kind.CLOSE_ARRAY:
        return Range(_value(operand), with_bottom=sign == ">=")
    if after.kind is not Kind.STRING:
        refuse(f"Bad value in numeric range: {after.text}")
    if after.text not in ("<", "<="):
        refuse(f"Bad numeric range operator: {after.text}")
    upper = _operand(tokens, after.text)
    if next(tokens).kind is not Kind.CLOSE_ARRAY:
        refuse("Too many terms in numeric range expression")
    bottom, top = _value(operand), _value(upper)
    if bottom >= top:
        refuse("Bottom must be less than top")
    return Range(bottom, top, with_bottom=sign == ">=", with_top=after.text == "<=")


def _operand(tokens: Iterator[Token], name: str) -> str:
    token = next(tokens)
    return token.text if token.kind is Kind.NUMBER else refuse(f"Value of {name} must be numeric")


def _value(text: str) -> float:
    value = Number.of_text(text).value
    return refuse(f"Cannot compare number : {text}") if value is None else value


def _anything_but(tokens: Iterator[Token]) -> Operator:
    token, inner = next(tokens), None
    if token.kind is Kind.OPEN_OBJECT:
        key = next(tokens)
        if key.kind is not Kind.KEY:
            refuse("Anything-But expression name not found")
        inner = key.text
        if inner not in _NEGATED:
            refuse(f"Unsupported anything-but pattern: {inner}")
        token = next(tokens)
    if token.kind not in (Kind.OPEN_ARRAY, Kind.STRING, Kind.NUMBER):
        refuse("Value of anything-but must be an array or single string/number value.")
    values = _listed(tokens, token)
    operators = _negated(inner, values) if inner else _negated_values(values)
    _close(tokens, _TOO_MANY)
    if inner:
        _close(tokens, _TOO_MANY)
    return AnythingBut(tuple(operators))


def _listed(tokens: Iterator[Token], first: Token) -> Iterable[Token]:
    """The values, one by one as they are read, so that the first wrong one is refused."""
    if first.kind is not Kind.OPEN_ARRAY:
        yield first
        return
    while (token := next(tokens)).kind is not Kind.CLOSE_ARRAY:
        yield token


def _negated_values(values: Iterable[Token]) -> list[Operator]:
    operators: list[Operator] = []
    kinds = set()
    for token in values:
        if token.kind is Kind.STRING:
            operators.append(Exact(token.text))
        elif token.kind is Kind.NUMBER:
            operators.append(SameNumber(Number(token.text, _value(token.text))))
        else:
            refuse("Inside anything but list, start|null|boolean is not supported.")
        kinds.add(token.kind)
    if len(kinds) != 1:
        refuse(_MIXED)
    return operators


def _negated(inner: str, values: Iterable[Token]) -> list[Operator]:
    make, reason = _NEGATED[inner]
    texts = []
    for token in values:
        if token.kind is not Kind.STRING:
            refuse(reason)
        if not token.text and inner in ("prefix", "suffix"):
            refuse("Null prefix/suffix not allowed")
        texts.append(token.text)
    if not texts:
        refuse("Empty arrays are not allowed")
    return [make(text) for text in texts]


_AFFIX_REASON: Final = "prefix/suffix match pattern must be a string"
_NEGATED: Final[dict[str, tuple[Callable[[str], Operator], str]]] = {
    "prefix": (Prefix, _AFFIX_REASON),
    "suffix": (Suffix, _AFFIX_REASON),
    "wildcard": (
        lambda text: MatchesWildcard(_read_wildcard(text)),
        "wildcard match pattern must be a string",
    ),
    "equals-ignore-case": (
        lambda text: EqualsIgnoreCase(AnyCase.of(text)),
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    ),
}

_READERS: Final[dict[str, Callable[[Iterator[Token]], Operator]]] = {
    "exactly": _exactly,
    "prefix": _affix("prefix", Prefix, PrefixIgnoreCase),
    "suffix": _affix("suffix", Suffix, SuffixIgnoreCase),
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
    "anything-but": _anything_but,
}

#: Names that no field inside ``$or`` may have: the operators, and those kept for later.
RESERVED: Final = frozenset(_READERS) | {
    *("=", "<", "<=", ">", ">="),
    *("regex", "not-wildcard", "not-equals-ignore-case"),
    *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
    *("ip-address-in-range", "ip-address-not-in-range"),
}
