"""The rules of compatibility, as data: what each keyword demands, and what to do about it.

A rule is broken where an event exists that the writer's contract allows and that does not meet what
the reader's keyword demands. Backward, the old contract writes and the new one reads; forward, the
other way round.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from keybus.contracts.compatibility.demands import Meaning
from keybus.contracts.compatibility.keywords import (
    arrays,
    combiners,
    numbers,
    objects,
    texts,
    values,
)

_LAST: Final = 9999


class Rule(NamedTuple):
    """One rule.

    Attributes:
        id: Its stable identifier.
        purpose: What breaks it.
        check: What each of its keywords demands.
        takes: What the reader takes, as the end of a sentence; ``{value}`` is the keyword's.
        hint: What to do where the new contract refuses what the old one allowed.
        hint_forward: What to do where the old contract refuses what the new one allows.
        drafts: The first and the last draft that knows the keywords, where not all do.
    """

    id: str
    purpose: str
    check: Mapping[str, Meaning]
    takes: str
    hint: str
    hint_forward: str
    drafts: Mapping[str, tuple[int, int]] = {}


_ALL: Final[Sequence[Rule]] = (
    Rule(
        "type",
        "The writer gives a value of a type that the reader does not take.",
        {"type": values.type_},
        "values of type {value}",
        "take the old types as well, or put the new type into a new property",
        "give only the old types, or put the new type into a new property",
    ),
    Rule(
        "enum",
        "The writer gives a value that the reader does not list.",
        {"enum": values.enum},
        "the values {value}",
        "leave the values in the list; they can be deprecated in the description",
        'declare the list extensible ("x-extensible": true) before values are added',
    ),
    Rule(
        "const",
        "The writer gives another value than the one that the reader takes.",
        {"const": values.const},
        "the value {value}",
        "take the old value as well",
        "keep to the old value",
        {"const": (6, _LAST)},
    ),
    Rule(
        "minimum",
        "The writer gives a smaller number than the reader takes.",
        {"minimum": numbers.minimum, "exclusiveMinimum": numbers.exclusive_minimum},
        "numbers {value}",
        "leave the lower bound where it was",
        "leave the lower bound where it was, or raise it",
    ),
    Rule(
        "maximum",
        "The writer gives a larger number than the reader takes.",
        {"maximum": numbers.maximum, "exclusiveMaximum": numbers.exclusive_maximum},
        "numbers {value}",
        "leave the upper bound where it was",
        "leave the upper bound where it was, or lower it",
    ),
    Rule(
        "multiple-of",
        "The writer gives a number that is no such multiple.",
        {"multipleOf": numbers.multiple_of},
        "multiples of {value}",
        "take a divisor of the old step, or the old step itself",
        "keep to multiples of the old step",
    ),
    Rule(
        "min-length",
        "The writer gives a shorter text than the reader takes.",
        {"minLength": texts.min_length},
        "texts of at least {value} characters",
        "leave minLength where it was, or lower it",
        "leave minLength where it was, or raise it",
    ),
    Rule(
        "max-length",
        "The writer gives a longer text than the reader takes.",
        {"maxLength": texts.max_length},
        "texts of at most {value} characters",
        "leave maxLength where it was, or raise it",
        "leave maxLength where it was, or lower it",
    ),
    Rule(
        "pattern",
        "The writer gives a text in which the reader's pattern does not match.",
        {"pattern": texts.pattern},
        "texts that match {value}",
        "widen the pattern so that it takes all old texts",
        "keep to texts that the old pattern takes",
    ),
    Rule(
        "format",
        "The writer gives a text that has not the reader's format.",
        {"format": texts.format_},
        "texts of the format {value}",
        "leave the format as it was, or put the new one into a new property",
        "leave the format as it was, or put the new one into a new property",
    ),
    Rule(
        "content",
        "The writer gives a text that the reader cannot decode.",
        {"contentEncoding": texts.content, "contentMediaType": texts.content},
        "texts of the content {value}",
        "leave it as it was, or put the new content into a new property",
        "leave it as it was, or put the new content into a new property",
        {"contentEncoding": (6, 7), "contentMediaType": (6, 7)},
    ),
    Rule(
        "required",
        "The writer may leave out a property that the reader requires.",
        {"required": objects.required},
        "objects with the property {value}",
        "make the property optional",
        "leave the property required: old readers count on it",
    ),
    Rule(
        "properties",
        "The writer gives a property that the reader refuses.",
        {"properties": objects.properties},
        "objects without this property",
        "take the property as it was",
        "do not write what the old contract refuses",
    ),
    Rule(
        "pattern-properties",
        "The writer gives a property that the reader refuses by its name's pattern.",
        {"patternProperties": objects.pattern_properties},
        "objects without properties of such names",
        "take such properties as before",
        "do not write what the old contract refuses",
    ),
    Rule(
        "additional-properties",
        "The writer gives a property that the reader, which is closed, does not know.",
        {"additionalProperties": objects.additional_properties},
        "objects without undeclared properties",
        "leave the object open, or declare what it may have",
        "the old contract is closed: what it does not know needs a new major",
    ),
    Rule(
        "property-names",
        "The writer gives a property whose name the reader refuses.",
        {"propertyNames": objects.property_names},
        "objects whose names are like {value}",
        "take all names that were taken",
        "keep to names that the old contract takes",
        {"propertyNames": (6, _LAST)},
    ),
    Rule(
        "min-properties",
        "The writer gives fewer properties than the reader takes.",
        {"minProperties": objects.min_properties},
        "objects of at least {value} properties",
        "leave minProperties where it was, or lower it",
        "leave minProperties where it was, or raise it",
    ),
    Rule(
        "max-properties",
        "The writer gives more properties than the reader takes.",
        {"maxProperties": objects.max_properties},
        "objects of at most {value} properties",
        "leave maxProperties where it was, or raise it",
        "leave maxProperties where it was, or lower it",
    ),
    Rule(
        "dependencies",
        "The writer gives a property without what the reader asks for beside it.",
        {
            "dependencies": objects.dependencies,
            "dependentRequired": objects.dependencies,
            "dependentSchemas": objects.dependencies,
        },
        "objects that have {value}",
        "ask for no more beside the property than before",
        "go on giving what old readers ask for beside the property",
        {"dependentRequired": (2019, _LAST), "dependentSchemas": (2019, _LAST)},
    ),
    Rule(
        "items",
        "The writer gives an item that the reader refuses.",
        {"items": arrays.items, "prefixItems": arrays.prefix_items},
        "arrays without such items",
        "take the items as before",
        "do not write what the old contract refuses",
        {"prefixItems": (2020, _LAST)},
    ),
    Rule(
        "additional-items",
        "The writer gives more items than the reader's list of schemas allows.",
        {"additionalItems": arrays.additional_items},
        "arrays without further items",
        "leave the array open",
        "the old contract is closed: more items need a new major",
        {"additionalItems": (4, 2019)},
    ),
    Rule(
        "min-items",
        "The writer gives fewer items than the reader takes.",
        {"minItems": arrays.min_items},
        "arrays of at least {value} items",
        "leave minItems where it was, or lower it",
        "leave minItems where it was, or raise it",
    ),
    Rule(
        "max-items",
        "The writer gives more items than the reader takes.",
        {"maxItems": arrays.max_items},
        "arrays of at most {value} items",
        "leave maxItems where it was, or raise it",
        "leave maxItems where it was, or lower it",
    ),
    Rule(
        "unique-items",
        "The writer gives equal items, which the reader refuses.",
        {"uniqueItems": arrays.unique_items},
        "arrays of different items",
        "go on taking equal items",
        "go on giving different items only",
    ),
    Rule(
        "contains",
        "The writer gives an array that does not contain what the reader looks for, as often.",
        {"contains": arrays.contains},
        "arrays that contain {value}",
        "ask for no more than before",
        "go on giving what old readers look for",
        {"contains": (6, _LAST)},
    ),
    Rule(
        "any-of",
        "The writer gives a value that is like none of the reader's alternatives.",
        {"anyOf": combiners.any_of},
        "values that are like one of {value}",
        "leave the old alternatives as they were, and add a new one",
        "give no alternative that the old contract does not know",
    ),
    Rule(
        "one-of",
        "The writer gives a value that is like none of the reader's alternatives, or like several.",
        {"oneOf": combiners.one_of},
        "values that are like exactly one of {value}",
        "leave the old alternatives as they were; write anyOf where they may overlap",
        "give no alternative that the old contract does not know",
    ),
    Rule(
        "not",
        "The writer gives a value that the reader rules out.",
        {"not": combiners.not_},
        "values that are not like {value}",
        "rule out no more than before",
        "do not write what the old contract rules out",
    ),
    Rule(
        "conditional",
        "The writer gives a value for which the reader's if, then and else ask for more.",
        {"if": combiners.conditional},
        "values that are like {value} in this case",
        "ask for no more in this case than before",
        "go on giving what old readers ask for in this case",
        {"if": (7, _LAST)},
    ),
    Rule(
        "reference",
        "The writer gives a value that the reader refuses within itself, where it is of its own kind.",
        {"$ref": combiners.reference},
        "values that are like {value}, and so are all of the same kind within them",
        "take such values as before, at every depth",
        "do not write what the old contract refuses, at any depth",
    ),
    Rule(
        "unevaluated",
        "The reader refuses what none of its schemas speaks of; only its validator can say what.",
        {"unevaluatedProperties": combiners.beyond, "unevaluatedItems": combiners.beyond},
        "what its other keywords speak of",
        "use additionalProperties, which can be judged",
        "use additionalProperties, which can be judged",
        {"unevaluatedProperties": (2019, _LAST), "unevaluatedItems": (2019, _LAST)},
    ),
    Rule(
        "dynamic-reference",
        "The reader's schema depends on how it was reached; only its validator can say what it is.",
        {"$dynamicRef": combiners.beyond, "$recursiveRef": combiners.beyond},
        "what {value} leads to",
        "use $ref, which can be judged",
        "use $ref, which can be judged",
        {"$dynamicRef": (2020, _LAST), "$recursiveRef": (2019, 2019)},
    ),
)

RULES: Final[Mapping[str, Rule]] = {rule.id: rule for rule in _ALL}
"""The rules by their identifiers."""

_SEEN_THROUGH: Final[Mapping[str, Meaning]] = {"allOf": combiners.all_of}
"""Keywords that are broken by what is in them only, under its rule."""

_BY_KEYWORD: Final[Mapping[str, tuple[Meaning, int, int]]] = {
    **{word: (meaning, 4, _LAST) for word, meaning in _SEEN_THROUGH.items()},
    **{
        word: (meaning, *rule.drafts.get(word, (4, _LAST)))
        for rule in _ALL
        for word, meaning in rule.check.items()
    },
}


def meaning_of(keyword: str, draft: int) -> Meaning | None:
    """What a keyword demands in a draft; None where it demands nothing."""
    found = _BY_KEYWORD.get(keyword)
    if found is None or not found[1] <= draft <= found[2]:
        return None
    return found[0]
