"""House rules of values: that what is declared says what it holds, and how much of it."""

import re
from collections.abc import Iterator

from keybus.contracts.findings import Finding
from keybus.contracts.house_rules.survey import Survey, Value
from keybus.contracts.locations import Location

_TIME = re.compile(r"(?:.*_)?(?:time|timestamp|at)")


def untyped(survey: Survey) -> Iterator[Finding]:
    """A value that may be anything, without saying so by the types that it lists."""
    for value in _by_home(survey):
        if not value.types and value.site.pointer and not value.is_listed:
            yield Finding(value.home, f"Nothing says what {_called(value)} is.")


def loose_object(survey: Survey) -> Iterator[Finding]:
    """An object of which no property is declared, and nothing says that this is meant."""
    for value in _by_home(survey):
        bare = not value.node.properties and not value.node.values
        meant = value.says("additionalProperties", "patternProperties")
        if "object" in value.types and bare and not meant and not value.is_listed:
            yield Finding(value.home, f"Nothing says what {_called(value)} has in it.")


def loose_list(survey: Survey) -> Iterator[Finding]:
    """A list of anything."""
    for value in _by_home(survey):
        if "array" in value.types and not value.node.items and not value.is_listed:
            yield Finding(value.home, f"Nothing says what {_called(value)} is a list of.")


def unbounded_list(survey: Survey) -> Iterator[Finding]:
    """A list of any length."""
    for value in _by_home(survey):
        fixed = any(schema.get("additionalItems") is False for schema in value.schemas)
        bounded = fixed or value.says("maxItems")
        if "array" in value.types and not bounded and not value.is_listed:
            yield Finding(value.home, f"Nothing says how many items {_called(value)} has at most.")


def unbounded_text(survey: Survey) -> Iterator[Finding]:
    """A text of any length."""
    for value in _by_home(survey):
        bounded = value.says("maxLength", "format", "pattern")
        if "string" in value.types and not bounded and not value.is_listed:
            yield Finding(value.home, f"Nothing says how long the text {_called(value)} may be.")


def time_format(survey: Survey) -> Iterator[Finding]:
    """A property that is called a time, and is a text or a number of any kind."""
    told = set()
    for value in survey.values:
        plain = value.types & {"string", "integer", "number"}
        if not plain or not _TIME.fullmatch(value.name) or value.site in told:
            continue
        if "string" not in plain or all(
            schema.get("format") != "date-time" for schema in value.schemas
        ):
            told.add(value.site)
            yield Finding(value.site, f"{value.name!r} is no text of the format date-time.")


def _by_home(survey: Survey) -> Iterator[Value]:
    """Every value once, however many properties refer to its schema."""
    told: set[Location] = set()
    for value in survey.values:
        if value.home not in told or value.node.key[-1].is_owner:
            told.add(value.home)
            yield value


def _called(value: Value) -> str:
    return repr(value.name) if value.name else "the value"
