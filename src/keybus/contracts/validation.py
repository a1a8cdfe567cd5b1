"""Validation of documents against a contract's schemas: offline, linear in time, fully explained."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

import jsonschema_rs
from jsonschema_rs import Draft4Validator, ValidationError

from keybus.contracts.bundling import BundledSchema
from keybus.contracts.formats import FORMATS
from keybus.contracts.locations import BadReference, Documents, Location, schema_at
from keybus.contracts.sentences import MOST_FAULTS, faults_of
from keybus.errors import Fault

_BACKTRACKS = 100_000  # steps: under a millisecond, and far more than an honest pattern needs

DRAFT_04 = "http://json-schema.org/draft-04/schema#"


class Validator:
    """Checks values against one schema. Safe to share between threads.

    Attributes:
        is_valid: Whether a value fits; the fast path, bound to the compiled validator. It raises
            ValueError for what is no JSON at all, or nests more than 255 levels deep.
    """

    __slots__ = ("_bundled", "_compiled", "_documents", "is_valid")

    def __init__(
        self,
        compiled: Draft4Validator,
        documents: Documents | None = None,
        bundled: BundledSchema | None = None,
    ) -> None:
        self._compiled = compiled
        self._documents = documents or {}
        self._bundled = bundled
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
            return list(faults_of(errors, self._declared_beside))
        except (ValueError, RecursionError) as error:
            return [Fault("not-json", f"The value cannot be used as JSON: {error}.")]

    def _declared_beside(self, error: ValidationError) -> Sequence[str]:
        """The properties declared by the schema whose keyword raised the error."""
        keyword = self._bundled.place_of(error.schema_path) if self._bundled else None
        if keyword is None:
            return ()
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
        self._compiled: dict[tuple[Location, ...], Validator] = {}

    def at(self, *locations: Location) -> Validator:
        """The validator of the schema at a place, or of several that all apply.

        Raises:
            jsonschema_rs.ValidationError: The schema there cannot be compiled; the repository's
                lint finds out first.
        """
        validator = self._compiled.get(locations)
        if validator is None:
            validator = self._compile(place for place in locations if not place.is_owner)
            self._compiled[locations] = validator
        return validator

    def _compile(self, locations: Iterable[Location]) -> Validator:
        bundled = BundledSchema(self._documents, locations)
        linear = jsonschema_rs.RegexOptions()
        limited = jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS)
        try:
            compiled = _draft_4(bundled.schema, linear)
        except ValidationError:
            compiled = _draft_4(bundled.schema, limited)
        return Validator(compiled, self._documents, bundled)


def _draft_4(
    schema: Mapping[str, Any],
    patterns: jsonschema_rs.RegexOptions | jsonschema_rs.FancyRegexOptions,
) -> Draft4Validator:
    return Draft4Validator(
        dict(schema),
        formats=dict(FORMATS),
        validate_formats=True,
        pattern_options=patterns,
        offline=True,
    )


def schema_faults(schema: Any) -> list[Fault]:
    """What is wrong with a schema by draft-04's own meta-schema."""
    return _meta_schema().faults(schema)


@cache
def _meta_schema() -> Validator:
    return Validator(Draft4Validator({"$ref": DRAFT_04}, validate_formats=True, offline=True))
