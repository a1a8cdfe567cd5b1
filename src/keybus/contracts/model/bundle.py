"""The contracts that travel with a package of bindings, and what is worked out from them."""

import importlib
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from keybus.contracts.documents import exact_number
from keybus.contracts.locations import Documents, Location, schema_at
from keybus.contracts.model.reading import NodeReader, Reader
from keybus.contracts.naming import module_of
from keybus.contracts.pointers import tokens_of
from keybus.contracts.validation import Validator, Validators
from keybus.contracts.view import DeclaredView, Node, Sites

if TYPE_CHECKING:
    from keybus.contracts.model.record import Record

DATA_FILE = "contracts.json"
"""The file of a generated package that holds its contracts."""

decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=exact_number)


class Bundle:
    """A package's contracts: loaded, compiled and cached at first use. Safe to share.

    Two threads that use it first at the same time may both work something out; they find the same.

    Args:
        package: The generated package; its data file holds the documents.
        documents: The documents themselves, where they are not to be loaded from the package.
    """

    def __init__(self, package: str, documents: Documents | None = None) -> None:
        self.package = package
        self._loaded: tuple[Documents, DeclaredView, Validators] | None = None
        if documents is not None:
            self._loaded = documents, DeclaredView(documents), Validators(documents)
        self._unstamped: dict[Location, Validator] = {}
        self._records: dict[Sites, type[Record]] = {}
        self._readers: dict[Sites, Reader] = {}

    @property
    def documents(self) -> Documents:
        """The schema files: relative name to document."""
        return self._load()[0]

    @property
    def view(self) -> DeclaredView:
        """What they declare."""
        return self._load()[1]

    def validator(self, *sites: Location) -> Validator:
        """The validator of the schema at a place, or of several that all apply."""
        return self._load()[2].at(*sites)

    def unstamped(self, event: Location) -> Validator:
        """The validator of an event that is whole but for its publisher."""
        validator = self._unstamped.get(event)
        if validator is None:
            validator = Validators(without_publisher(self.documents, event)).at(event)
            self._unstamped[event] = validator
        return validator

    def add(self, sites: Sites, record: "type[Record]") -> None:
        """Make a generated class known as the one for the values declared at these places."""
        self._records[sites] = record

    def record(self, node: Node) -> "type[Record] | None":
        """The generated class for a node's values, importing its module where it must."""
        if not node.is_record:
            return None
        if node.key not in self._records:
            module = ".".join((self.package, *module_of(node.home.file)))
            importlib.import_module(module)
        return self._records.get(node.key)

    def reader(self, sites: Sites) -> Reader:
        """What reads the values declared at these places."""
        reader = self._readers.get(sites)
        if reader is None:
            reader = self._readers[sites] = NodeReader(self, sites)
        return reader

    def _load(self) -> tuple[Documents, DeclaredView, Validators]:
        if self._loaded is None:
            data = (resources.files(self.package) / DATA_FILE).read_bytes()
            documents: Documents = decoder.decode(data)["documents"]
            self._loaded = documents, DeclaredView(documents), Validators(documents)
        return self._loaded


def without_publisher(documents: Documents, event: Location) -> dict[str, Any]:
    """The documents, changed so that the event at this place need not have a publisher yet.

    Only the schemas that apply to the event itself change, not what it declares of its values.
    """
    changed = dict(documents)
    for place in DeclaredView(documents).node(event, whole=True).applied:
        schema = schema_at(documents, place)
        if "publisher" in schema.get("required", ()):
            changed[place.file] = _replaced(
                changed[place.file],
                place.pointer,
                [name for name in schema["required"] if name != "publisher"],
            )
    return changed


def _replaced(document: Any, pointer: str, required: list[str]) -> Any:
    """A copy of the document in which the schema at the pointer requires these names."""
    copy = dict(document) if isinstance(document, dict) else list(document)
    inner = copy
    for token in tokens_of(pointer):
        index: Any = int(token) if isinstance(inner, list) else token
        child = inner[index]
        inner[index] = dict(child) if isinstance(child, dict) else list(child)
        inner = inner[index]
    assert isinstance(inner, dict)
    if required:
        inner["required"] = required
    else:
        del inner["required"]  # draft-04 asks for at least one name
    return copy
