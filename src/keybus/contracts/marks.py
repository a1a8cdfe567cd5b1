"""What is uncertain in a contract, as it stands there: ``x-keybus-uncertain`` beside what is meant.

Whoever settles it takes the mark away. A contract that still has some is checked as any other, and
cannot be released.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from keybus.contracts.locations import Documents, Location, schemas_from

UNCERTAIN: Final = "x-keybus-uncertain"
"""The keyword: a list of `Mark`; empty, as good as none."""


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that nobody knows for certain.

    Attributes:
        about: What is uncertain: a keyword beside it, such as ``required`` or ``format``, or a word
            for what is not there.
        why: Why, in a sentence.
        samples: How many values speak for it.
        of: Of how many that were seen.
    """

    about: str
    why: str
    samples: int = 0
    of: int = 0

    def __str__(self) -> str:
        """``format: All texts were of the format uuid. (3 of 3)``."""
        counted = f" ({self.samples:,} of {self.of:,})" if self.of else ""
        return f"{self.about}: {self.why}{counted}" if self.about else f"{self.why}{counted}"


class MarkedPlace(NamedTuple):
    """A mark, and where it stands.

    Attributes:
        place: The schema that it is in.
        mark: The mark.
    """

    place: Location
    mark: Mark


def marked(schema: Mapping[str, Any], *marks: Mark) -> dict[str, Any]:
    """A schema with marks behind those that it has."""
    if not marks:
        return dict(schema)
    told = [*schema.get(UNCERTAIN, ()), *(msgspec.to_builtins(each) for each in marks)]
    return {**schema, UNCERTAIN: told}


def marks_in(documents: Documents, file: str) -> Iterator[MarkedPlace]:
    """Every mark of a file, and of all that it refers to.

    Args:
        documents: The file, and what it refers to.
        file: The file.
    """
    for place, schema in schemas_from(documents, Location(file)):
        found = schema.get(UNCERTAIN)
        if found is None or found == []:
            continue
        for each in found if isinstance(found, list) else [found]:
            yield MarkedPlace(place, _mark(each))


def _mark(written: Any) -> Mark:
    """A mark as somebody wrote it; whatever it is, it is one."""
    try:
        return msgspec.convert(written, Mark)
    except msgspec.ValidationError:
        return Mark("", "It is marked as uncertain.")
