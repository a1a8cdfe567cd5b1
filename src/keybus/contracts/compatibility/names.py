"""Sets of property names, as properties, patternProperties and additionalProperties make them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import jsonschema_rs
from jsonschema_rs import Draft4Validator, ValidationError

_BACKTRACKS = 100_000


@dataclass(frozen=True, slots=True)
class Only:
    """One name."""

    name: str

    def covers(self, name: str) -> bool:
        """Whether a name is of the set."""
        return name == self.name


@dataclass(frozen=True, slots=True)
class Like:
    """Names in which a pattern matches."""

    pattern: str

    def covers(self, name: str) -> bool:
        """Whether a name is of the set."""
        return matches(self.pattern, name)


@dataclass(frozen=True, slots=True)
class Others:
    """All names but these, and those in which one of these patterns matches."""

    names: frozenset[str]
    patterns: frozenset[str]

    def covers(self, name: str) -> bool:
        """Whether a name is of the set."""
        return name not in self.names and not any(matches(each, name) for each in self.patterns)


Names: TypeAlias = Only | Like | Others


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches somewhere in a text, as the validator says."""
    return _test(pattern)(text)


@lru_cache(maxsize=4096)
def _test(pattern: str) -> Callable[[Any], bool]:
    schema = {"pattern": pattern}
    try:
        linear = jsonschema_rs.RegexOptions()
        return Draft4Validator(schema, pattern_options=linear).is_valid
    except ValidationError:
        limited = jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS)
        return Draft4Validator(schema, pattern_options=limited).is_valid
