"""Types of TypeScript, and how they are laid out: as prettier does, with its own options."""

import msgspec

from keybus.contracts.bindings.typescript.text import LINE, width


class Word(msgspec.Struct, frozen=True):
    """A type that is never broken.

    Attributes:
        text: Its source.
    """

    text: str

    def flat(self) -> str:
        """All of it on one line."""
        return self.text

    def broken(self, indent: int) -> str:  # noqa: ARG002 - it cannot be broken
        """All of it, where it does not fit behind what stands at this indentation."""
        return self.text


class Listed(msgspec.Struct, frozen=True):
    """An array.

    Attributes:
        of: What each item is.
    """

    of: "Type"

    def flat(self) -> str:
        """All of it on one line."""
        return self._around(self.of.flat())

    def broken(self, indent: int) -> str:
        """All of it, where it does not fit behind what stands at this indentation."""
        if isinstance(self.of, Union):
            return f"readonly ({self.of.broken(indent)}\n{' ' * indent})[]"
        return self._around(self.of.broken(indent))

    def _around(self, inner: str) -> str:
        compound = isinstance(self.of, Union | Listed)
        return f"readonly {f'({inner})' if compound else inner}[]"


class Mapped(msgspec.Struct, frozen=True):
    """An object whose names are not declared.

    Attributes:
        of: What stands under each name.
    """

    of: "Type"

    def flat(self) -> str:
        """All of it on one line."""
        return f"{{ readonly [name: string]: {self.of.flat()} }}"

    def broken(self, indent: int) -> str:
        """All of it, where it does not fit behind what stands at this indentation."""
        before = f"{' ' * (indent + 2)}readonly [name: string]:"
        return f"{{\n{member(before, self.of)}\n{' ' * indent}}}"


class Union(msgspec.Struct, frozen=True):
    """One of several types.

    Attributes:
        members: At least two.
    """

    members: tuple["Type", ...]

    def flat(self) -> str:
        """All of it on one line."""
        return " | ".join(each.flat() for each in self.members)

    def broken(self, indent: int, end: str = "") -> str:
        """All of it below what stands at this indentation: on a line, or a member a line."""
        if self._is_hugged:
            return f" {self.members[0].broken(indent)} | null"
        margin = f"\n{' ' * (indent + 2)}"
        flat = self.flat()
        if indent + 2 + width(flat + end) <= LINE:
            return margin + flat
        return "".join(f"{margin}| {self._line(each, indent + 4)}" for each in self.members)

    @property
    def _is_hugged(self) -> bool:
        """Whether it is an object or null, which stays beside what it is the type of."""
        return self.members[1:] == (NULL,) and isinstance(self.members[0], Mapped)

    def _line(self, each: "Type", indent: int) -> str:
        flat = each.flat()
        return flat if indent + width(flat) <= LINE else each.broken(indent)


Type = Word | Listed | Mapped | Union
NULL = Word("null")


def member(before: str, written: Type) -> str:
    """A property with its type.

    Args:
        before: All that stands before the type, with the indentation.
        written: The type.
    """
    line = f"{before} {written.flat()};"
    if width(line) <= LINE:
        return line
    indent = len(before) - len(before.lstrip())
    if isinstance(written, Union):
        return f"{before}{written.broken(indent, ';')};"
    return f"{before} {written.broken(indent)};"


def alias(before: str, written: Type) -> str:
    """A type that is given a name.

    Args:
        before: All that stands before the type: ``export type Name =``.
        written: The type.
    """
    flat = written.flat()
    breaks = isinstance(written, Word) or (
        isinstance(written, Listed) and not isinstance(written.of, Union)
    )
    named = width(f"{before} {{") > LINE and not isinstance(written, Union)
    if width(f"{before} {flat};") > LINE and (breaks or named) and width(f"  {flat};") <= LINE:
        return f"{before}\n  {flat};"
    return member(before, written)
