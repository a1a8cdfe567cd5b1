"""$ref, allOf, anyOf, oneOf, not, if, and what only the validator understands."""

from collections.abc import Iterator

from keybus.contracts.compatibility.demands import Demand, Inner, Keyword
from keybus.contracts.compatibility.formulas import KINDS, NOTHING, Formula
from keybus.contracts.compatibility.sides import Place


def reference(keyword: Keyword) -> Iterator[Demand]:
    """What the reference leads to holds."""
    target = keyword.reader.side.target(keyword.place, keyword.schema)
    assert target is not None
    yield _seen_through(keyword, "reference", keyword.reader.link(target), target)


def all_of(keyword: Keyword) -> Iterator[Demand]:
    """All of them hold."""
    for index in range(len(keyword.value)):
        yield _seen_through(keyword, "all-of", keyword.says(index), keyword.at(index), index)


def any_of(keyword: Keyword) -> Iterator[Demand]:
    """At least one of them holds."""
    parts = [keyword.says(index) for index in range(len(keyword.value))]
    yield keyword.demand("any-of", keyword.make.some(parts))


def one_of(keyword: Keyword) -> Iterator[Demand]:
    """Exactly one of them holds."""
    parts = [keyword.says(index) for index in range(len(keyword.value))]
    yield keyword.demand("one-of", keyword.make.one(parts))


def not_(keyword: Keyword) -> Iterator[Demand]:
    """It does not hold."""
    yield keyword.demand("not", keyword.make.negated(keyword.says()))


def conditional(keyword: Keyword) -> Iterator[Demand]:
    """If the one holds, so does ``then``; and if not, ``else``."""
    make, if_ = keyword.make, keyword.says()
    for word, when in (("then", make.negated(if_)), ("else", if_)):
        if word in keyword.schema:
            place = keyword.place.at(word)
            formula = make.some([when, keyword.reader.formula(place)])
            yield Demand("conditional", word, "", place, formula)


def beyond(keyword: Keyword) -> Iterator[Demand]:
    """What depends on more than the schema itself: the whole of it is asked of the validator."""
    side = keyword.reader.side
    identity = ("beyond", side.identity(keyword.place))
    reason = f"{keyword.word} depends on what is evaluated elsewhere"
    test = side.test(keyword.place)
    formula = keyword.make.opaque(identity, frozenset(KINDS), test, reason)
    rule = "unevaluated" if keyword.word.startswith("unevaluated") else "dynamic-reference"
    yield keyword.demand(rule, formula)


def _seen_through(
    keyword: Keyword, rule: str, formula: Formula, place: Place, *tokens: int
) -> Demand:
    """The demand that a schema holds of the value itself; ``false`` has no keyword of its own."""
    if keyword.reader.side.schema(place) is False:
        return keyword.demand("not", NOTHING, *tokens)
    return keyword.demand(rule, formula, *tokens, inner=Inner(place))
