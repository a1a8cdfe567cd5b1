"""One side of a comparison: a contract's schemas, their draft, and the validator that decides."""

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import jsonschema_rs
from jsonschema_rs import ValidationError

from keybus.contracts.compatibility.drafts import SINCE_SIBLINGS, draft_of
from keybus.contracts.compatibility.references import References
from keybus.contracts.compatibility.solving.holding import VALIDATORS
from keybus.contracts.contract import Contract
from keybus.contracts.documents import canonical_json
from keybus.contracts.extensible import without_extensible_lists
from keybus.contracts.formats import FORMATS
from keybus.contracts.locations import BadReference, Documents, Location, schema_at
from keybus.errors import BrokenContracts, Fault

Place = Location
_BACKTRACKS = 100_000
_MOST_LINKED = 60  # schemas that one refers to, however far


class SchemaFiles(NamedTuple):
    """A plain schema out of several files that refer to each other.

    Attributes:
        documents: The files: relative name to document.
        file: The one that is meant.
        version: What it is called in findings.
    """

    documents: Documents
    file: str
    version: str = ""


Test: TypeAlias = Callable[[Any], bool]
"""Whether a value is taken."""

Source: TypeAlias = Contract | SchemaFiles | Mapping[str, Any] | bool
"""A contract, files with plain schemas, or one plain schema."""


class Side:
    """A contract as one side of a comparison.

    Attributes:
        name: ``old`` or ``new``.
        documents: Its files.
        root: Where its schema stands.
        version: Its version, where it has one.
        draft: The draft that it is read by.
    """

    def __init__(self, name: str, source: Source, draft: int | None, version: str = "") -> None:
        self.name = name
        self.version = version
        self._contract = source if isinstance(source, Contract) else None
        if isinstance(source, Contract):
            self.documents, file, self.version = source.closure, source.file, source.version
        elif isinstance(source, SchemaFiles):
            self.documents, file, own_version = source
            self.version = own_version or version
        else:
            file = f"{name}.json"
            self.documents = {file: source if isinstance(source, bool) else dict(source)}
        self.root = Place(file)
        own = draft_of(self.documents.get(file))
        self.draft = own or draft or 4
        self.ref_alone = self.draft < SINCE_SIBLINGS
        self._references = References(self.documents)
        self._schemas: dict[Place, Any] = {}
        self._identities: dict[Place, Hashable] = {}
        if not isinstance(source, Contract):
            self._check()

    def as_tolerant_reader(self) -> "Side":
        """This side with its extensible lists taken for what they begin, not for all there is."""
        documents = without_extensible_lists(self.documents)
        if documents is self.documents:
            return self
        files = SchemaFiles(documents, self.root.file, self.version)
        return Side(self.name, files, self.draft)

    def says_the_same_as(self, other: "Side") -> bool:
        """Whether both say the same, word for word, whatever their files and notes are."""
        return self.text(self.root) == other.text(other.root)

    def schema(self, place: Place) -> Any:
        """What stands at a place."""
        found = self._schemas.get(place)
        if found is None:
            found = self._schemas[place] = schema_at(self.documents, place)
        return found

    def remember(self, place: Place, schema: Any) -> None:
        """What stands at a place, for whoever asks next."""
        self._schemas[place] = schema

    def target(self, place: Place, schema: Mapping[str, Any]) -> Place | None:
        """Where a schema's ``$ref`` leads; None where it has none."""
        reference = schema.get("$ref")
        return self._references.target(place, reference) if isinstance(reference, str) else None

    def identity(self, place: Place) -> Hashable:
        """Equal for schemas that say the same, word for word, and so do all that they refer to.

        Of those that refer to very many, the place itself: what is the same is then proven.
        """
        found = self._identities.get(place)
        if found is None:
            try:
                found = self.text(place, _MOST_LINKED)
            except OverflowError:
                found = (self, place)
            self._identities[place] = found
        return found

    def text(self, place: Place, most: int | None = None) -> bytes:
        """A schema and all that it refers to, as one text.

        Raises:
            OverflowError: Those are more schemas than ``most``.
        """
        return canonical_json({**self._references.bundle(place, most), "draft": self.draft})

    @cached_property
    def accepts(self) -> Test:
        """Whether the contract's own validator takes a value."""
        return self._contract.accepts if self._contract else self.test(self.root)

    def test(self, place: Place) -> Test:
        """The validator's test of one schema."""
        return self.compiled(self._references.bundle(place))

    def compiled(self, schema: dict[str, Any]) -> Test:
        """The validator's test of a schema of this side's draft without outside references."""
        try:
            return self._validator(schema, jsonschema_rs.RegexOptions())
        except ValidationError:
            limited = jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS)
            return self._validator(schema, limited)

    def _validator(self, schema: dict[str, Any], patterns: Any) -> Test:
        make = VALIDATORS[self.draft]
        return make(
            schema,
            formats=dict(FORMATS),
            validate_formats=True,
            pattern_options=patterns,
            offline=True,
        ).is_valid

    def _check(self) -> None:
        """Refuse a plain schema that is none.

        Raises:
            BrokenContracts: With what is wrong.
        """
        try:
            if self._references.loop(self.root):
                fault = Fault("ref-loop", "A reference leads back to itself.", file=self.root.file)
                raise BrokenContracts(f"the {self.name} schema", [fault])
            _ = self.accepts
        except BadReference as error:
            fault = Fault(error.rule, str(error), file=self.root.file)
        except (ValidationError, ValueError) as error:
            first = str(error).partition("\n")[0]
            message = f"This is no schema of its draft: {first}."
            hint = "name its draft by $schema"
            fault = Fault("not-a-schema", message, file=self.root.file, hint=hint)
        else:
            return
        raise BrokenContracts(f"the {self.name} schema", [fault]) from None


def below(place: Place, *tokens: str | int) -> Place:
    """The place below another: `Location.at` for those that ask it a thousand times."""
    pointer = place.pointer
    for token in tokens:
        text = str(token)
        if "~" in text or "/" in text:
            text = text.replace("~", "~0").replace("/", "~1")
        pointer = f"{pointer}/{text}"
    return Place(place.file, pointer)
