"""Validation of documents against a contract's schemas: offline, linear in time, fully explained."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import jsonschema_rs
from jsonschema_rs import Draft4Validator, ValidationError

from keybus.contracts.formats import FORMATS
from keybus.contracts.locations import BadReference, Documents, Location, schema_at
from keybus.contracts.sentences import faults_of
from keybus.errors import Fault

MOST_FAULTS = 100
"""Faults listed of one document; a hostile document could have millions."""

_BACKTRACKS = 100_000  # steps: under a millisecond, and far more than an honest pattern needs

DRAFT_04 = "http://json-schema.org/draft-04/schema#"


class Validator:
    """Checks values against one schema. Safe to share between threads.

    Attributes:
        is_valid: Whether a value fits; the fast path, bound to the compiled validator. It raises
            ValueError for what is no JSON at all, or nests more than 255 levels deep.
    """

    __slots__ = ("_compiled", "_documents", "is_valid")

    def __init__(self, compiled: Draft4Validator, documents: Documents) -> None:
        self._compiled = compiled
        self._documents = documents
        self.is_valid = compiled.is_valid

    def accepts(self, value: Any) -> bool:
        """Whether a value fits; what is no JSON does not."""
        try:
            return self.is_valid(value)
        except (ValueError, RecursionError):
            return False

    def faults(self, value: Any) -> list[Fault]:
        """All that is wrong with a value (the first 100 faults), empty when it fits."""
        try:
            errors = list(islice(self._compiled.iter_errors(value), MOST_FAULTS))
            return list(faults_of(errors, self._declared_beside))[:MOST_FAULTS]
        except (ValueError, RecursionError) as error:
            return [Fault("not-json", f"The value cannot be used as JSON: {error}.")]

    def _declared_beside(self, error: ValidationError) -> Sequence[str]:
        """The properties declared by the schema whose keyword raised the error."""
        uri = error.absolute_keyword_location
        if uri is None:
            return ()
        keyword = Location.of_uri(uri)
        schema = Location(keyword.file, keyword.pointer.rpartition("/")[0])
        try:
            return list(schema_at(self._documents, schema).get("properties", ()))
        except (BadReference, AttributeError):
            return ()


class Validators:
    """Compiled validators for the schemas of one set of documents; each compiled at first use.

    Patterns run on an engine with linear time. Where one of the documents needs what that engine
    lacks (look-around, back-references), a backtracking engine with a limit takes its place, and a
    value on which it gives up is refused.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._registry: jsonschema_rs.Registry | None = None
        self._compiled: dict[tuple[Location, ...], Validator] = {}

    def at(self, *locations: Location) -> Validator:
        """The validator of the schema at a place, or of several that all apply.

        Raises:
            jsonschema_rs.ValidationError: The schema there cannot be compiled; the repository's
                lint finds out first.
        """
        validator = self._compiled.get(locations)
        if validator is None:
            validator = self._compile(locations)
            self._compiled[locations] = validator
        return validator

    def _compile(self, locations: Iterable[Location]) -> Validator:
        if self._registry is None:
            resources = [(Location(file).uri, doc) for file, doc in self._documents.items()]
            self._registry = jsonschema_rs.Registry(resources, draft=jsonschema_rs.Draft4)
        references: list[dict[str, Any]] = [{"$ref": place.uri} for place in locations]
        schema = references[0] if len(references) == 1 else {"allOf": references}
        linear = jsonschema_rs.RegexOptions()
        limited = jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS)
        try:
            compiled = self._draft_4(schema, linear)
        except ValidationError:
            compiled = self._draft_4(schema, limited)
        return Validator(compiled, self._documents)

    def _draft_4(
        self,
        schema: dict[str, Any],
        patterns: jsonschema_rs.RegexOptions | jsonschema_rs.FancyRegexOptions,
    ) -> Draft4Validator:
        return Draft4Validator(
            schema,
            formats=dict(FORMATS),
            validate_formats=True,
            registry=self._registry,
            pattern_options=patterns,
            offline=True,
        )


def schema_faults(schema: Any) -> list[Fault]:
    """What is wrong with a schema by draft-04's own meta-schema."""
    meta = Draft4Validator({"$ref": DRAFT_04}, validate_formats=True, offline=True)
    return Validator(meta, {}).faults(schema)
