"""minLength, maxLength, pattern, format, contentEncoding, contentMediaType."""

from collections.abc import Iterator

from keybus.contracts.compatibility.demands import Demand, Keyword
from keybus.contracts.compatibility.formulas import Formatted, Matching
from keybus.contracts.compatibility.solving.holding import is_asserted


def min_length(keyword: Keyword) -> Iterator[Demand]:
    """At least so many characters."""
    yield keyword.demand("min-length", keyword.make.size("string", int(keyword.value)))


def max_length(keyword: Keyword) -> Iterator[Demand]:
    """At most so many characters."""
    yield keyword.demand("max-length", keyword.make.smaller("string", int(keyword.value) + 1))


def pattern(keyword: Keyword) -> Iterator[Demand]:
    """The regular expression matches somewhere."""
    yield keyword.demand("pattern", keyword.make.make(Matching, keyword.value))


def format_(keyword: Keyword) -> Iterator[Demand]:
    """The text has the format; one that the validator does not assert is only a note."""
    if is_asserted(keyword.value, keyword.draft):
        yield keyword.demand("format", keyword.make.make(Formatted, keyword.value, keyword.draft))


def content(keyword: Keyword) -> Iterator[Demand]:
    """The text can be decoded; asserted in drafts 6 and 7 only."""
    schema = {keyword.word: keyword.value}
    test = keyword.reader.side.compiled(schema)
    reason = f"{keyword.word} is for the validator to say"
    identity = ("content", keyword.word, str(keyword.value))
    formula = keyword.make.opaque(identity, frozenset({"string"}), test, reason)
    if not all(map(test, ("%", "{", "a"))):  # what refuses nothing is a note
        yield keyword.demand("content", formula)
