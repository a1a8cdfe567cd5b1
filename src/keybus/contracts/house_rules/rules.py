"""House rules, as data: style that a team may switch off, unlike the rules that make contracts sound."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from keybus.contracts.findings import Finding
from keybus.contracts.house_rules import drafts, files, shapes, words
from keybus.contracts.house_rules.survey import Survey

Severity = Literal["error", "warning", "off"]
"""What comes of it: ``error`` lets `keybus contracts lint` fail, ``warning`` is only told."""


class HouseRule(NamedTuple):
    """One house rule.

    Attributes:
        id: Its stable identifier, the code of its faults and its name in ``keybus.toml``.
        purpose: Why it is a rule.
        check: Finds what breaks it.
        hint: What to do about it, unless the finding has a better one.
        severity: What it is where ``keybus.toml`` says nothing.
    """

    id: str
    purpose: str
    check: Callable[[Survey], Iterator[Finding]]
    hint: str = ""
    severity: Severity = "warning"


_RULES: Final = (
    HouseRule(
        "file-name",
        "A contract is found by its event's name.",
        files.file_name,
    ),
    HouseRule(
        "shared-title",
        "A shared schema has one name: its file's, its title's and its class's.",
        files.shared_title,
    ),
    HouseRule(
        "unused-schema",
        "A shared schema that nothing refers to is kept up for nobody.",
        files.unused_schema,
        "refer to it, or remove it",
    ),
    HouseRule(
        "property-case",
        "Properties are snake_case everywhere, so that nobody has to look how one is written.",
        words.property_case,
    ),
    HouseRule(
        "description",
        "Every schema says in a sentence what it is.",
        words.description,
        'add "description"',
    ),
    HouseRule(
        "property-description",
        "Every property says what it means; a name alone is read in two ways.",
        words.property_description,
        'add "description" to it, or to the schema that it refers to',
    ),
    HouseRule(
        "missing-example",
        "Every contract shows an event, which says more than its schema.",
        words.missing_example,
        'add "examples": a list of details, at the top of the contract',
    ),
    HouseRule(
        "bad-example",
        "An example that its own contract refuses misleads whoever copies it.",
        words.bad_example,
        "mend the example",
        "error",
    ),
    HouseRule(
        "untyped",
        "A value that may be anything is of no use to who reads it.",
        shapes.untyped,
        'give it a "type", or list the types that it may have',
    ),
    HouseRule(
        "loose-object",
        "What an object has in it is declared, or said to be free.",
        shapes.loose_object,
        'declare "properties"; where anything is meant, write "additionalProperties": true',
    ),
    HouseRule(
        "loose-list",
        "A list says what it is a list of.",
        shapes.loose_list,
        'add "items"',
    ),
    HouseRule(
        "unbounded-list",
        "A list says how long it may be, so that readers can make room for it.",
        shapes.unbounded_list,
        'add "maxItems"',
    ),
    HouseRule(
        "unbounded-text",
        "A text says how long it may be or what it looks like, so that readers can make room for it.",
        shapes.unbounded_text,
        'add "maxLength", "pattern", "format" or "enum"',
    ),
    HouseRule(
        "time-format",
        "Times are written in one way, RFC 3339's, wherever they are.",
        shapes.time_format,
        'write "type": "string", "format": "date-time"',
    ),
    HouseRule(
        "unsettled",
        "What a draft leaves open is settled before anybody relies on it.",
        drafts.unsettled,
        'make it what is meant, and remove its mark in "x-keybus-uncertain"',
    ),
)

HOUSE_RULES: Final[Mapping[str, HouseRule]] = {rule.id: rule for rule in _RULES}
"""Every house rule, by its ID."""
