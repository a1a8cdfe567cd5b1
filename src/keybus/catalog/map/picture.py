"""What a picture shows, before anything has a place."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

Kind = Literal["account", "event", "here", "here account"]
LONGEST_LABEL: Final = 38
"""Characters of a label; what is longer is cut, and stands in full in its title."""


class Box(msgspec.Struct, frozen=True):
    """A thing that lines lead to.

    Attributes:
        key: Its name within the picture, which no other box has.
        label: What stands in it.
        href: Where it leads to, relative to the root of the catalogue; empty: nowhere.
        kind: What it is; with ``here``: what the page is about.
    """

    key: str
    label: str
    href: str
    kind: Kind

    @property
    def text(self) -> str:
        """The label, as far as there is room."""
        if len(self.label) <= LONGEST_LABEL:
            return self.label
        return f"{self.label[: LONGEST_LABEL - 1]}…"


class Line(msgspec.Struct, frozen=True):
    """A line from a box to one of the next column.

    Attributes:
        left: The key of the box that it begins at.
        right: The key of the box that it ends at.
        title: What it means.
        weight: How many things it stands for.
    """

    left: str
    right: str
    title: str
    weight: int = 1


class Picture(msgspec.Struct, frozen=True):
    """Columns of boxes, and the lines between them.

    Attributes:
        title: What it shows.
        headings: What stands above each column.
        columns: The boxes of each.
        lines: Each from a column to the next.
    """

    title: str
    headings: Sequence[str]
    columns: Sequence[Sequence[Box]]
    lines: Sequence[Line]

    @classmethod
    def of(
        cls, title: str, columns: Mapping[str, Sequence[Box]], lines: Sequence[Line]
    ) -> "Picture":
        """A picture of the columns that have boxes, by their headings."""
        filled = {heading: boxes for heading, boxes in columns.items() if boxes}
        return cls(title, tuple(filled), tuple(filled.values()), lines)

    @property
    def is_empty(self) -> bool:
        """Whether nobody talks to anybody."""
        return not self.lines
