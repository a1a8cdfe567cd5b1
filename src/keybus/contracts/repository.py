"""The contract repository: a folder of schemas, sound as a whole or refused with every fault."""

from collections.abc import Iterator, Mapping
from copy import copy
from functools import cached_property
from pathlib import Path

import msgspec

from keybus.contracts.contract import Contract, contracts_of
from keybus.contracts.editions import Editions, PackedEdition
from keybus.contracts.findings import Finding, Subject
from keybus.contracts.folder import Folder, RepositorySettings
from keybus.contracts.locations import Documents
from keybus.contracts.migrations import Migrations
from keybus.contracts.packed import PackedContracts
from keybus.contracts.releases import RELEASES, Releases
from keybus.contracts.rules import DOCUMENT_RULES, EVENT_RULES, Rule, run
from keybus.contracts.view import METADATA
from keybus.errors import BrokenContracts, Fault, UnknownEventType

_encode = msgspec.json.Encoder(decimal_format="number").encode


class ContractRepository(Mapping[str, Contract]):
    """The contracts of a folder, by event type. Immutable, and safe to share between threads.

    Attributes:
        folder: The folder that it was read from.
        settings: Its ``keybus.toml``.
        documents: Every schema file, by its name relative to the folder; not to be changed.
    """

    def __init__(self, folder: Path, settings: RepositorySettings, documents: Documents) -> None:
        """Take contracts out of documents that have no faults; `load` makes sure of that."""
        self.folder = folder
        self.settings = settings
        self.documents = documents
        events = [file for file, document in documents.items() if METADATA in document]
        self._contracts = contracts_of(documents, events)

    @classmethod
    def load(cls, folder: Path | str) -> "ContractRepository":
        """Read a repository.

        Args:
            folder: The folder that holds ``keybus.toml``.

        Raises:
            BrokenContracts: With every fault of every file.
        """
        return cls._of(Folder.read(Path(folder)), f"the contracts in {folder}")

    @classmethod
    def unpack(cls, packed: PackedContracts) -> "ContractRepository":
        """A repository from what `pack` made, checked as if it were read from a folder.

        Raises:
            BrokenContracts: With every fault of every file.
        """
        found = cls._of(Folder.of_texts(packed.settings, packed.files), "the contracts")
        for each in packed.editions:
            faults = _faults(Folder.of_texts(packed.settings, each.documents))
            if faults:
                raise BrokenContracts(f"the contracts of {each.type} {each.version}", faults)
        editions = _unpacked(found, packed.editions)
        migrations = Migrations.of_texts(packed.migrations)
        if faults := migrations.faults(editions):
            raise BrokenContracts("the migrations", faults)
        return found.beside(editions, migrations)

    def beside(
        self, editions: Editions, migrations: Migrations | None = None
    ) -> "ContractRepository":
        """The same contracts, with other editions beside them.

        Args:
            editions: Those.
            migrations: Other migrations as well; None: its own.
        """
        found = copy(self)
        found.editions = editions
        found.migrations = self.migrations if migrations is None else migrations
        return found

    def pack(self) -> PackedContracts:
        """The repository as one value, to be sent and kept."""
        files = {file: _encode(found).decode() for file, found in self.documents.items()}
        editions = self.editions.pack(self._contracts)
        return PackedContracts(self.settings, files, editions, self.migrations.texts)

    @cached_property
    def editions(self) -> Editions:
        """What holds of each major of each type; the folder's releases are read at first use.

        Raises:
            BrokenContracts: With every fault of the releases.
        """
        return Editions.of(self._contracts, Releases.load(self.folder / RELEASES))

    @cached_property
    def migrations(self) -> Migrations:
        """What leads from one major of a type to another; the folder is read at first use.

        Raises:
            BrokenContracts: With every fault of the migrations, or of the releases.
        """
        found, faults = Migrations.read(self.folder)
        if len(found):
            faults += found.faults(self.editions)
        if faults:
            raise BrokenContracts(f"the migrations in {self.folder}", faults)
        return found

    def at(self, event_type: str, major: int) -> Contract | None:
        """The contract of a type's major; None where there is none."""
        found = self.editions.at(event_type, major)
        return None if found is None else found.contract

    @classmethod
    def _of(cls, read: Folder, subject: str) -> "ContractRepository":
        faults = _faults(read)
        if faults or read.settings is None:
            raise BrokenContracts(subject, faults)
        return cls(read.path, read.settings, read.documents)

    @classmethod
    def lint(cls, folder: Path | str) -> list[Fault]:
        """All that is wrong with a repository, empty when it is sound."""
        read = Folder.read(Path(folder))
        faults = _faults(read)
        if faults or read.settings is None:
            return faults
        try:
            _ = cls(read.path, read.settings, read.documents).migrations
        except BrokenContracts as broken:
            return list(broken.faults)
        return []

    @property
    def name(self) -> str:
        """The repository's name."""
        return self.settings.name

    @property
    def types(self) -> tuple[str, ...]:
        """The event types, sorted."""
        return tuple(self._contracts)

    def __getitem__(self, event_type: str) -> Contract:
        """The contract of a type.

        Raises:
            UnknownEventType: There is none; the nearest types are named.
        """
        try:
            return self._contracts[event_type]
        except KeyError:
            unknown = UnknownEventType(event_type, self._contracts)
            if not unknown.nearest:
                unknown.hint = f"no contract in {self.folder} is for it or for one like it"
            raise unknown from None

    def __contains__(self, event_type: object) -> bool:
        return event_type in self._contracts

    def get(self, event_type: str, default: Contract | None = None) -> Contract | None:  # type: ignore[override]
        """The contract of a type, or the default."""
        return self._contracts.get(event_type, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._contracts)

    def __len__(self) -> int:
        return len(self._contracts)


def _faults(folder: Folder) -> list[Fault]:
    """What every stage finds; what a stage found faulty is not judged by the next."""
    subject = Subject(folder.documents, tuple(folder.documents))
    faults = list(folder.faults)
    faults += _named(run(DOCUMENT_RULES, subject), folder)
    sound = subject.without({fault.file for fault in faults})
    faults += _named(run(EVENT_RULES, sound), folder)
    return sorted(faults, key=lambda fault: (fault.file, fault.line, fault.pointer, fault.code))


def _named(found: list[tuple[Rule, Finding]], folder: Folder) -> list[Fault]:
    """Findings as faults, under their rule's name, with line and hint."""
    return [
        Fault(
            rule.id,
            finding.message,
            pointer=finding.place.pointer,
            file=finding.place.file,
            line=folder.line_of(*finding.place),
            hint=finding.hint or rule.hint,
        )
        for rule, finding in found
    ]


def _unpacked(contracts: ContractRepository, packed: list[PackedEdition]) -> Editions:
    """The editions that were packed.

    Raises:
        BrokenContracts: They do not go with the contracts.
    """
    try:
        return Editions.unpacked(contracts, packed)
    except ValueError as error:
        fault = Fault("foreign-edition", f"{str(error)[0].upper()}{str(error)[1:]}.")
        raise BrokenContracts("the editions of the contracts", [fault]) from error
