"""The contracts that travel with a package of bindings, and what is worked out from them."""

import importlib
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from keybus.contracts.extensible import Reading, Readings
from keybus.contracts.locations import Documents, Location
from keybus.contracts.model.plain import received_number
from keybus.contracts.model.reading import NodeReader
from keybus.contracts.naming import module_of
from keybus.contracts.validation import Validator, Validators
from keybus.contracts.view import DeclaredView, Node, Sites

if TYPE_CHECKING:
    from keybus.contracts.model.record import Record

DATA_FILE = "contracts.json"
"""The file of a generated package that holds its contracts."""

decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=received_number)


class Bundle:
    """A package's contracts: loaded, compiled and cached at first use. Safe to share.

    Two threads that use it first at the same time may both work something out; they find the same.

    Args:
        package: The generated package; its data file holds the documents.
        documents: The documents themselves, where they are not to be loaded from the package.
    """

    def __init__(self, package: str, documents: Documents | None = None) -> None:
        self.package = package
        self._given = documents
        self._loaded: tuple[Documents, DeclaredView, Validators] | None = None
        if documents is not None:
            self._loaded = documents, DeclaredView(documents), Validators(documents)
        self._readings: Readings | None = None
        self._records: dict[Sites, type[Record]] = {}
        self._readers: dict[Sites, NodeReader] = {}

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

    def reading(self, *sites: Location) -> Reading:
        """What a reader of the schema there takes: more than its lists, where they may grow."""
        if self._readings is None:
            documents, _, validators = self._load()
            self._readings = Readings(documents, validators)
        return self._readings.at(*sites)

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

    def reader(self, sites: Sites) -> NodeReader:
        """What reads the values declared at these places."""
        reader = self._readers.get(sites)
        if reader is None:
            reader = self._readers[sites] = NodeReader(self, sites)
        return reader

    def __reduce__(self) -> tuple[Any, ...]:
        if self._given is not None:
            return Bundle, (self.package, self._given)
        return _bundle_of, (self.package,)

    def _load(self) -> tuple[Documents, DeclaredView, Validators]:
        if self._loaded is None:
            data = (resources.files(self.package) / DATA_FILE).read_bytes()
            documents: Documents = decoder.decode(data)["documents"]
            self._loaded = documents, DeclaredView(documents), Validators(documents)
        return self._loaded


def _bundle_of(package: str) -> Bundle:
    """The bundle of a generated package, importing it where it must."""
    bundle: Bundle = importlib.import_module(f"{package}._bundle").BUNDLE
    return bundle
