"""properties, patternProperties, additionalProperties, propertyNames, required, dependencies …."""

from collections.abc import Iterator

from keybus.contracts.compatibility.demands import Demand, Keyword, Properties
from keybus.contracts.compatibility.formulas import Formula, Has, Named
from keybus.contracts.compatibility.names import Like, Only, Others


def properties(keyword: Keyword) -> Iterator[Demand]:
    """The value of each of these names is as its schema says."""
    for name in keyword.value:
        names = Only(name)
        formula = keyword.make.each(names, keyword.says(name))
        yield keyword.within("properties", Properties(names), formula, name)


def pattern_properties(keyword: Keyword) -> Iterator[Demand]:
    """The value of each name that is like a pattern is as its schema says."""
    for pattern in keyword.value:
        names = Like(pattern)
        formula = keyword.make.each(names, keyword.says(pattern))
        yield keyword.within("pattern-properties", Properties(names), formula, pattern)


def additional_properties(keyword: Keyword) -> Iterator[Demand]:
    """The value of each other name is as the schema says."""
    names = Others(
        frozenset(keyword.schema.get("properties", ())),
        frozenset(keyword.schema.get("patternProperties", ())),
    )
    formula = keyword.make.each(names, keyword.says())
    yield keyword.within("additional-properties", Properties(names), formula)


def property_names(keyword: Keyword) -> Iterator[Demand]:
    """Each name is as the schema says."""
    yield keyword.demand("property-names", keyword.make.make(Named, keyword.says()))


def required(keyword: Keyword) -> Iterator[Demand]:
    """There are properties of these names."""
    for index, name in enumerate(keyword.value):
        yield keyword.demand("required", keyword.make.make(Has, name), index)


def min_properties(keyword: Keyword) -> Iterator[Demand]:
    """At least so many properties."""
    yield keyword.demand("min-properties", keyword.make.size("object", int(keyword.value)))


def max_properties(keyword: Keyword) -> Iterator[Demand]:
    """At most so many properties."""
    yield keyword.demand("max-properties", keyword.make.smaller("object", int(keyword.value) + 1))


def dependencies(keyword: Keyword) -> Iterator[Demand]:
    """Who has one property has others too, or is as a schema says."""
    make = keyword.make
    for name, dependent in keyword.value.items():
        if isinstance(dependent, dict | bool):
            then: Formula = keyword.says(name)
        else:
            names = [dependent] if isinstance(dependent, str) else dependent
            then = make.all(make.make(Has, each) for each in names)
        absent = make.negated(make.make(Has, name))
        formula = make.for_kind("object", make.some([absent, then]))
        yield keyword.demand("dependencies", formula, name)
