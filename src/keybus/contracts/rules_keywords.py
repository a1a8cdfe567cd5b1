"""The check for keywords that draft-04 ignores: those of later drafts, and misspelt ones."""

from collections.abc import Iterator
from difflib import get_close_matches

from keybus.contracts.findings import Finding, Subject

_KEYWORDS = frozenset(
    {"$ref", "$schema", "title", "description", "default", "definitions", "format", "type", "enum"}
    | {"multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"}
    | {"maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems"}
    | {"items", "additionalItems", "properties", "patternProperties", "additionalProperties"}
    | {"maxProperties", "minProperties", "required", "dependencies"}
    | {"allOf", "anyOf", "oneOf"}
)
_SHORT = frozenset({"not", "id"})  # too short for anything to resemble them
_ANNOTATIONS = frozenset(
    {"$comment", "example", "examples", "deprecated", "readOnly", "writeOnly"}
    | {"contentEncoding", "contentMediaType"}
)
_LATER = {
    "const": 'write "enum" with one value',
    "if": "write oneOf, or anyOf with not",
    "then": "write oneOf, or anyOf with not",
    "else": "write oneOf, or anyOf with not",
    "contains": 'write "not": {"items": {"not": …}}',
    "minContains": "draft-04 cannot say it",
    "maxContains": "draft-04 cannot say it",
    "propertyNames": 'write "patternProperties" and "additionalProperties": false',
    "prefixItems": 'write "items" with a list',
    "unevaluatedItems": 'write "additionalItems"',
    "unevaluatedProperties": "draft-04 cannot say it: contracts are open",
    "dependentRequired": 'write "dependencies"',
    "dependentSchemas": 'write "dependencies"',
    "$defs": 'write "definitions"',
    "$id": "remove it: files are known by their names",
    "$anchor": "refer to the place with a JSON pointer",
    "$dynamicAnchor": "refer to the place with a JSON pointer",
    "$dynamicRef": 'write "$ref"',
    "$recursiveAnchor": "refer to the place with a JSON pointer",
    "$recursiveRef": 'write "$ref"',
    "$vocabulary": "remove it",
}
_NEAR = 0.75  # finds neighbours that changed places in a word of four letters


def unknown_keyword(subject: Subject) -> Iterator[Finding]:
    """A keyword of a later draft, or one that is nearly draft-04's."""
    for place, schema in subject.schemas():
        if isinstance(schema.get("$ref"), str):
            continue  # ref-siblings says so
        for name in schema.keys() - _KEYWORDS - _SHORT - _ANNOTATIONS:
            if name in _LATER:
                message = f"Draft-04 ignores {name!r}: it is of a later draft."
                yield Finding(place.at(name), message, _LATER[name])
            elif not name.startswith("x-"):
                meant = _meant(name)
                if meant:
                    message = f"Draft-04 has no keyword {name!r}, and ignores it."
                    yield Finding(place.at(name), message, f"did you mean {meant!r}?")


def _meant(name: str) -> str:
    """The keyword that a name is a slip of, or nothing."""
    by_fold = {keyword.casefold(): keyword for keyword in _KEYWORDS}
    near = get_close_matches(name.casefold()[:50], by_fold, n=1, cutoff=_NEAR)
    return by_fold[near[0]] if near else ""
