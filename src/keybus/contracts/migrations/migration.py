"""One migration: how an event of one major becomes one of another."""

import hashlib
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, TypeAlias

from keybus.contracts.migrations.expression import read_expression
from keybus.contracts.migrations.moves import Work, compile_moves
from keybus.contracts.migrations.rules import fault
from keybus.contracts.migrations.steps import Step, read_steps
from keybus.errors import Fault

MIGRATIONS: Final = "migrations"
"""The folder within a repository's."""
FORMS: Final = (".json", ".jsonata")
"""How a migration's file may end: field moves, or an expression."""
_TEXT: Final = re.compile(r"\"([^\"\\]*)\"|'([^'\\]*)'")
_PAIR: Final = re.compile(r"(0|[1-9][0-9]{0,8})-to-(0|[1-9][0-9]{0,8})")

Translation: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Gives an event's detail in another major's form, and leaves the one that it is given alone."""


class Migration:
    """A migration. Immutable, and safe to share between threads.

    Attributes:
        type: The event type.
        source: The major of the events that it takes.
        target: The major of those that it makes.
        name: Its file's name, such as ``2-to-1.json``.
        text: What the file says.
        steps: Its field moves; none where it is an expression.
        work: What it does, but for ``schema_version``.
    """

    def __init__(
        self,
        event_type: str,
        pair: tuple[int, int],
        name: str,
        text: str,
        *,
        steps: tuple[Step, ...],
        work: Work,
    ) -> None:
        """Take what was read; `parse` does."""
        self.type = event_type
        self.source, self.target = pair
        self.name, self.text, self.steps = name, text, steps
        self.work = work

    @classmethod
    def parse(cls, event_type: str, name: str, text: str) -> "tuple[Migration | None, list[Fault]]":
        """A migration from its file.

        Args:
            event_type: The type, which its folder is named after.
            name: The file's name.
            text: What it says.

        Returns:
            It and no faults, or None and everything that is wrong.
        """
        file = f"{MIGRATIONS}/{event_type}/{name}"
        pair = majors_of(name)
        if pair is None:
            return None, [fault("migration-name", f"{name!r} names no two majors.", file)]
        steps: tuple[Step, ...] = ()
        work: Work | None = None
        if name.endswith(FORMS[0]):
            steps, faults = read_steps(text, file)
            work = None if faults else compile_moves(steps)
        else:
            work, faults = read_expression(text, file)
        if work is None:
            return None, faults
        return cls(event_type, pair, name, text, steps=steps, work=work), []

    @property
    def file(self) -> str:
        """Its file, relative to the repository."""
        return f"{MIGRATIONS}/{self.type}/{self.name}"

    @property
    def told_apart(self) -> list[str]:
        """The texts that it tells apart: those of its tables, or all that the expression has."""
        found = [text for step in self.steps for text in step.values]
        if self.name.endswith(FORMS[1]):
            found = [each[0] or each[1] for each in _TEXT.findall(self.text)]
        return list(dict.fromkeys(found))

    @cached_property
    def digest(self) -> str:
        """``sha256:…`` over its text."""
        return f"sha256:{hashlib.sha256(self.text.encode()).hexdigest()}"

    def compile(self, version: str) -> Translation:
        """The migration as one function; it raises `MigrationError` for what it can make nothing of.

        Args:
            version: What the outcome says by ``schema_version``.
        """
        return composed((self,), version)

    @cached_property
    def translate(self) -> Translation:
        """The same, for the first version of the major that it leads to."""
        return self.compile(f"{self.target}.0.0")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Migration):
            return NotImplemented
        return (self.file, self.text) == (other.file, other.text)

    def __hash__(self) -> int:
        return hash((self.file, self.text))

    def __repr__(self) -> str:
        return f"Migration({self.type!r}, {self.source} to {self.target})"


def majors_of(name: str) -> tuple[int, int] | None:
    """The majors that a file's name says; None where it names no migration."""
    stem = next((name.removesuffix(form) for form in FORMS if name.endswith(form)), "")
    found = _PAIR.fullmatch(stem)
    if found is None or found[1] == found[2]:
        return None
    return int(found[1]), int(found[2])


def composed(chain: tuple[Migration, ...], version: str) -> Translation:
    """Migrations one after the other, as one function.

    Args:
        chain: Them; none: what is given is handed back.
        version: What the outcome says by ``schema_version``.
    """
    if not chain:
        return lambda detail: detail
    first, *others = (each.work for each in chain)

    def translate(detail: dict[str, Any]) -> dict[str, Any]:
        made = first(detail)
        for work in others:
            made = work(made)
        made["schema_version"] = version
        return made

    return translate
