"""What a contract's keywords demand, each with its place; and how schemas are read into formulas."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from keybus.contracts.compatibility.formulas import ANYTHING, NOTHING, Formula, Formulas, Link
from keybus.contracts.compatibility.names import Names
from keybus.contracts.compatibility.sides import Place, Side, below
from keybus.contracts.documents import canonical_json


class Properties(NamedTuple):
    """The properties of some names, as the values that an inner schema is about."""

    names: Names


class Items(NamedTuple):
    """The items from one place to before another, as the values that an inner schema is about."""

    start: int
    stop: int | None


class Inner(NamedTuple):
    """A schema within a demand, of which the demand is that it holds.

    Attributes:
        place: Where it stands.
        of: The values that it is about; None for the value itself.
    """

    place: Place
    of: Properties | Items | None = None


class Demand(NamedTuple):
    """What one keyword demands.

    Attributes:
        rule: ID of the keyword's rule.
        word: The keyword.
        part: The name or the index of the part of its value that demands this; empty for all of it.
        place: Where that stands.
        formula: What is demanded.
        inner: The schema of which it is no more than that it holds, where it is so.
    """

    rule: str
    word: str
    part: str
    place: Place
    formula: Formula
    inner: Inner | None = None


class Keyword(NamedTuple):
    """A keyword of a schema, as it is read.

    Attributes:
        word: The keyword.
        value: Its value.
        schema: The schema that it stands in.
        place: Where that schema stands.
        reader: Who reads it.
    """

    word: str
    value: Any
    schema: Mapping[str, Any]
    place: Place
    reader: "Reader"

    @property
    def make(self) -> Formulas:
        """What makes formulas."""
        return self.reader.formulas

    @property
    def draft(self) -> int:
        """The draft that it is read by."""
        return self.reader.side.draft

    def at(self, *tokens: str | int) -> Place:
        """A place within its value; without tokens, the keyword's own."""
        return below(self.place, self.word, *tokens)

    def says(self, *tokens: Any) -> Formula:
        """What the schema at a place within its value says."""
        place = self.at(*tokens)
        self.reader.side.remember(place, self.value[tokens[0]] if tokens else self.value)
        return self.reader.formula(place)

    def demand(
        self, rule: str, formula: Formula, *tokens: str | int, inner: Inner | None = None
    ) -> Demand:
        """A demand of the keyword, or of a part of it."""
        part = str(tokens[0]) if tokens else ""
        return Demand(rule, self.word, part, self.at(*tokens), formula, inner)

    def within(
        self, rule: str, of: "Properties | Items", formula: Formula, *tokens: str | int
    ) -> Demand:
        """A demand that the schema at a place within its value holds of inner values."""
        place = self.at(*tokens)
        inner = None if self.reader.formula(place) is NOTHING else Inner(place, of)
        return self.demand(rule, formula, *tokens, inner=inner)


_ELSEWHERE: Final = (b'"$ref"', b'"$dynamicRef"', b'"$recursiveRef"', b'"unevaluated')
"""Marks of schemas that say more than stands in them."""

Meaning: TypeAlias = Callable[[Keyword], Iterator[Demand]]
"""What a keyword demands."""


class Reader:
    """Reads one side's schemas.

    Attributes:
        side: The side.
        formulas: Makes formulas, for both sides.
    """

    def __init__(
        self, side: Side, formulas: Formulas, meanings: Callable[[str, int], Meaning | None]
    ) -> None:
        self.side = side
        self.formulas = formulas
        self._meanings = meanings
        self._demands: dict[Place, tuple[Demand, ...]] = {}
        self._read: dict[Place, Formula] = {}

    def demands(self, place: Place) -> tuple[Demand, ...]:
        """What the schema at a place demands, keyword by keyword."""
        found = self._demands.get(place)
        if found is None:
            found = self._demands[place] = tuple(self._demanded(place))
        return found

    def formula(self, place: Place) -> Formula:
        """What the schema at a place says."""
        found = self._read.get(place)
        if found is None:
            found = self._read[place] = self._formula(place)
        return found

    def _formula(self, place: Place) -> Formula:
        schema = self.side.schema(place)
        if not isinstance(schema, dict):
            return NOTHING if schema is False else ANYTHING
        text = canonical_json(schema)
        if any(word in text for word in _ELSEWHERE):
            return self._united(place)
        # What stands alone says the same wherever it stands, and mostly stands in both contracts.
        key = (self.side.draft, text)
        if key not in self.formulas.read:
            self.formulas.read[key] = self._united(place)
        return self.formulas.read[key]

    def _united(self, place: Place) -> Formula:
        return self.formulas.all(demand.formula for demand in self.demands(place))

    def link(self, place: Place) -> Formula:
        """What the schema at a place says, to be looked at when it is needed."""
        return self.formulas.link(self.side.identity(place), (self, place))

    def _demanded(self, place: Place) -> Iterator[Demand]:
        schema = self.side.schema(place)
        if not isinstance(schema, dict):
            return
        alone = self.side.ref_alone and isinstance(schema.get("$ref"), str)
        for word, value in schema.items():
            meaning = self._meanings(word, self.side.draft)
            if meaning is not None and (not alone or word == "$ref"):
                yield from meaning(Keyword(word, value, schema, place, self))


def resolve(link: Link) -> Formula:
    """What a link leads to."""
    reader, place = link.target
    assert isinstance(reader, Reader)
    return reader.formula(place)
