"""``components.schemas``: every schema file that some contract refers to, once."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from keybus.catalog.asyncapi.draft07 import as_draft07
from keybus.contracts import Contract
from keybus.contracts.documents import digest_of
from keybus.contracts.locations import Documents, Location, closure_of, target_of

_PLAIN: Final = re.compile(r"[A-Za-z0-9_]+")
_OTHER: Final = re.compile(r"[^A-Za-z0-9_.]+")
_DIGITS: Final = 8
_ROOT: Final = "#/components/schemas/"


class Schemas:
    """The shared schemas of a document, filled as contracts are taken in.

    A file keeps its name, with dots for its folders: ``core/Site.json`` becomes ``core.Site``. What
    AsyncAPI cannot spell, and an older major's form of a file that has another one today, has a part
    of a digest behind it, so that no name depends on what else there is.

    Args:
        today: The files of the repository, as they are.
    """

    def __init__(self, today: Documents) -> None:
        self._today = today
        self._digests: dict[str, str] = {}
        self.found: dict[str, Any] = {}

    def refer(self, contract: Contract, name: str) -> str:
        """A reference to a contract's schema, which is taken in with all that it refers to.

        Args:
            contract: The contract.
            name: What its own schema is to be called.
        """
        names = {file: self._name(contract.closure, file) for file in contract.closure}
        names[contract.file] = name
        for file, key in names.items():
            if key not in self.found:
                self.found[key] = self._taken(contract.closure[file], file, names)
        return f"{_ROOT}{name}"

    def _taken(self, document: Any, file: str, names: Mapping[str, str]) -> Any:
        def referred(reference: str) -> str:
            place = target_of(file, reference)
            return f"{_ROOT}{names[place.file]}{quote(place.pointer, safe='/~')}"

        return as_draft07(document, referred)

    def _name(self, closure: Documents, file: str) -> str:
        """What a file is called, in the form that a contract has of it."""
        plain = key_of(file)
        digest = digest_of(closure_of(closure, file))
        if file in self._today:
            if file not in self._digests:
                self._digests[file] = digest_of(closure_of(self._today, file))
            if digest == self._digests[file]:
                return plain
        return f"{plain}-{digest.removeprefix('sha256:')[:_DIGITS]}"


def key_of(file: str) -> str:
    """The name of a schema file among components, by its path alone."""
    parts = file.removesuffix(".json").split("/")
    if all(map(_PLAIN.fullmatch, parts)):
        return ".".join(parts)
    cleaned = _OTHER.sub("_", ".".join(parts))
    digest = hashlib.sha256(file.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{cleaned}-{digest[:_DIGITS]}"


def ordered(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Schemas in the order of their names, so that the same contracts make the same bytes."""
    return {name: schemas[name] for name in sorted(schemas)}


def has_property(contract: Contract, name: str) -> bool:
    """Whether a contract declares a property of an event."""
    return contract.view.find(Location(contract.file), [name]) is not None
