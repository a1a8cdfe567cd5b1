"""One event contract: a schema with its governance metadata and all that it refers to."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from keybus.contracts.documents import digest_of
from keybus.contracts.extensible import Reading, Readings
from keybus.contracts.locations import Documents, Location, closure_of
from keybus.contracts.validation import Validator, Validators
from keybus.contracts.versions import major_of
from keybus.contracts.view import METADATA, DeclaredProperty, DeclaredView
from keybus.errors import Fault


class Contract:
    """An event contract. Immutable, and safe to share between threads.

    Attributes:
        type: The event type, such as ``delivery.status.updated``.
        title: The name of the generated class: ``DeliveryStatusUpdated``.
        version: Its semantic version.
        owner: The account that owns it.
        classification: ``public``, ``internal``, ``confidential`` or ``pii``.
        key: JSON pointer to the ordering key, or None.
        file: Its file, relative to the repository.
        schema: Its own schema, as it was read; not to be changed.
        closure: Its own and every schema file that it refers to; not to be changed.
    """

    __slots__ = (
        "__dict__",
        "classification",
        "closure",
        "file",
        "key",
        "owner",
        "schema",
        "title",
        "type",
        "version",
    )

    type: str
    title: str
    version: str
    owner: str
    classification: str
    key: str | None
    file: str
    schema: Mapping[str, Any]
    closure: Documents

    def __init__(self, documents: Documents, file: str) -> None:
        """Take a contract out of documents that have no faults.

        Args:
            documents: The repository's files.
            file: The contract's own.
        """
        schema = documents[file]
        metadata = schema[METADATA]
        values = {
            "type": metadata["type"],
            "title": schema["title"],
            "version": metadata["version"],
            "owner": metadata["owner"],
            "classification": metadata["classification"],
            "key": metadata.get("key"),
            "file": file,
            "schema": schema,
            "closure": closure_of(documents, file),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def major(self) -> int:
        """The major version."""
        return major_of(self.version)

    @property
    def policy(self) -> Any:
        """The contract's own compatibility policy, as it is written; None for the repository's."""
        return self.schema[METADATA].get("policy")

    @cached_property
    def digest(self) -> str:
        """``sha256:…`` over the canonical JSON of the contract's name and whole closure."""
        return digest_of({"contract": self.file, "closure": self.closure})

    @cached_property
    def view(self) -> DeclaredView:
        """What the contract and all that it refers to declare."""
        return DeclaredView(self.closure)

    def declared(self) -> tuple[DeclaredProperty, ...]:
        """Every property that the contract declares, over allOf and $ref, parents first.

        What is declared within itself is not repeated without end, and past 1000 rows nothing is
        repeated: the rows' ``like`` says where it is shown.
        """
        return tuple(self.view.rows(Location(self.file)))

    def accepts(self, detail: Any) -> bool:
        """Whether an event's detail fits the contract.

        Args:
            detail: As a JSON parser gives it; parsers bound its depth, which this does not.
        """
        return self._validator.accepts(detail)

    def faults(self, detail: Any) -> list[Fault]:
        """All that is wrong with an event's detail (the first 100 faults), empty when it fits."""
        return self._validator.faults(detail)

    def reads(self, detail: Any) -> bool:
        """Whether whoever reads by the contract takes an event's detail.

        Args:
            detail: As for `accepts`; values that an extensible list does not have yet are taken.
        """
        return self._reading.accepts(detail)

    def faults_of_reading(self, detail: Any) -> list[Fault]:
        """Why whoever reads by the contract refuses an event's detail; empty where it is taken."""
        return self._reading.faults(detail)

    @cached_property
    def _reading(self) -> Reading:
        return Readings(self.closure, self._validators).at(Location(self.file))

    @cached_property
    def _validator(self) -> Validator:
        return self._validators.at(Location(self.file))

    @cached_property
    def _validators(self) -> Validators:
        return Validators(self.closure)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a contract is immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a contract is immutable: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Contract):
            return NotImplemented
        return self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Contract({self.type!r}, version={self.version!r}, owner={self.owner!r})"


def contracts_of(documents: Documents, files: Iterable[str]) -> dict[str, Contract]:
    """The contracts of these files by their type, in the order of their types."""
    found = [Contract(documents, file) for file in files]
    return {contract.type: contract for contract in sorted(found, key=lambda c: c.type)}
