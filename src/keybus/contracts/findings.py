"""What the rules of a repository look at, and what they find."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from keybus.contracts.locations import Documents, Location, closure_of, schemas_from
from keybus.contracts.view import METADATA, DeclaredView


class Finding(NamedTuple):
    """Something that breaks a rule.

    Attributes:
        place: Where.
        message: What is wrong, in one sentence.
        hint: What to do, where it is better than the rule's own hint.
    """

    place: Location
    message: str
    hint: str = ""


class Subject:
    """The documents that a rule judges.

    Attributes:
        documents: All of the repository's, for following references.
        judged: Names of those that the rule is to judge.
        view: What they declare; only of sound documents.
    """

    def __init__(self, documents: Documents, judged: tuple[str, ...]) -> None:
        self.documents = documents
        self.judged = judged
        self.view = DeclaredView(documents)

    def schemas(self) -> Sequence[tuple[Location, Mapping[str, Any]]]:
        """Every schema of the judged documents, and those that their references reach."""
        return self._schemas

    @cached_property
    def _schemas(self) -> Sequence[tuple[Location, Mapping[str, Any]]]:
        roots, judged = [Location(file) for file in self.judged], frozenset(self.judged)
        return [each for each in schemas_from(self.documents, *roots) if each[0].file in judged]

    def contracts(self) -> Iterator[tuple[Location, Mapping[str, Any], Mapping[str, Any]]]:
        """The judged documents that are events' contracts: root, schema, metadata."""
        for file in self.judged:
            schema = self.documents[file]
            if METADATA in schema and isinstance(schema[METADATA], dict):
                yield Location(file), schema, schema[METADATA]

    def without(self, faulty: set[str]) -> "Subject":
        """The documents left when those that reach a faulty one are taken away."""
        sound = tuple(
            file for file in self.judged if not faulty & closure_of(self.documents, file).keys()
        )
        return Subject(self.documents, sound)
