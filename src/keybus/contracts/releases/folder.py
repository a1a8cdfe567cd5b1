"""The folder of releases: what was released, by its digest, and a ledger for each type.

::

    releases/
      ledgers/delivery.status.updated.jsonl       an entry a line, each with the hash of the one before
      objects/3f/9a….json                         a contract and all that it refers to

Files are only added, and lines only to the end of a ledger, so that version control shows every
release as what it is, and two branches that release different types merge.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from keybus.contracts.contract import Contract
from keybus.contracts.documents import canonical_json, parse_document
from keybus.contracts.locations import Documents
from keybus.contracts.releases.entry import Said
from keybus.contracts.releases.ledger import Ledger, Release
from keybus.errors import BrokenContracts, ContractError, Fault, UnknownEventType

RELEASES: Final = "releases"
"""The folder within a repository's."""
_LEDGERS, _OBJECTS, _LINES = "ledgers", "objects", ".jsonl"
_PREFIX = "sha256:"


class _Object(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a release: the same that its digest is of."""

    contract: str
    closure: dict[str, msgspec.Raw]


class Releases(Mapping[str, Ledger]):
    """Every type's ledger, and the contracts that were released.

    What was read is checked: chains, digests, and that nothing is missing.

    Attributes:
        folder: Where they are.
    """

    def __init__(self, folder: Path, ledgers: Mapping[str, Ledger]) -> None:
        """Take what was checked; `load` does."""
        self.folder = folder
        self._ledgers = dict(ledgers)
        self._contracts: dict[str, Contract] = {}

    @classmethod
    def load(cls, folder: Path) -> "Releases":
        """Read a folder of releases; where there is none, nothing was released.

        Args:
            folder: The folder ``releases`` itself.

        Raises:
            BrokenContracts: With every fault: a chain that is broken, a contract that is missing or
                is not what its digest says.
        """
        found = cls(folder, {})
        faults: list[Fault] = []
        for place in sorted((folder / _LEDGERS).glob(f"*{_LINES}")):
            faults += found._read(place)
        if faults:
            raise BrokenContracts(f"the releases in {folder}", faults)
        return found

    def of(self, event_type: str) -> Ledger:
        """A type's ledger.

        Raises:
            UnknownEventType: None of its contracts was released; the nearest types are named.
        """
        if event_type not in self._ledgers:
            raise UnknownEventType(event_type, self._ledgers)
        return self._ledgers[event_type]

    def contract(self, release: Release) -> Contract:
        """The contract as it was released."""
        contract = self._contracts.get(release.digest)
        if contract is None:
            contract = self._contracts[release.digest] = self._open(release.digest)
        return contract

    def add(self, contract: Contract, said: Said) -> Release:
        """Write down a release; its contract stands on the disk before the ledger says so.

        Raises:
            ContractError: It cannot follow on what the ledger says, somebody else has written into
                that meanwhile, or it cannot be written.
        """
        assert said.digest == contract.digest
        place = self._object(contract.digest)
        content = canonical_json({"contract": contract.file, "closure": contract.closure})
        try:
            if not place.exists():
                _write(place, content)
        except OSError as error:
            raise ContractError(f"the release cannot be written: {error}") from error
        return self.say(contract.type, said)

    def say(self, event_type: str, said: Said) -> Release:
        """Add an entry to a type's ledger.

        Raises:
            ContractError: It cannot follow on what the ledger says, somebody else has written into
                that meanwhile, or it cannot be written.
        """
        before = self._ledgers.get(event_type, Ledger(event_type))
        try:
            after = before.then(said)
        except ValueError as error:
            raise ContractError(str(error)) from error
        place = self.folder / _LEDGERS / f"{event_type}{_LINES}"
        try:
            there = place.read_text("utf-8") if place.exists() else ""
            if there != before.text():
                raise ContractError(
                    f"the ledger of {event_type} was written by somebody else meanwhile",
                    hint="look at what was released, and try again",
                )
            _write(place, after.text().encode())
        except OSError as error:
            raise ContractError(f"the ledger cannot be written: {error}") from error
        self._ledgers[event_type] = after
        return after.releases[said.version]

    def __getitem__(self, event_type: str) -> Ledger:
        return self._ledgers[event_type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ledgers)

    def __len__(self) -> int:
        return len(self._ledgers)

    def _read(self, place: Path) -> Iterator[Fault]:
        file = place.relative_to(self.folder).as_posix()
        event_type = place.name.removesuffix(_LINES)
        try:
            text = place.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            yield Fault("unreadable", f"The ledger cannot be read: {error}.", file=file)
            return
        ledger, faults = Ledger.read(event_type, text, file)
        self._ledgers[event_type] = ledger
        yield from faults
        for release in ledger.releases.values():
            try:
                self.contract(release)
            except (OSError, ValueError) as error:
                message = f"{event_type} {release.version} ({release.digest}): {error}."
                hint = "take the file as it was from version control; a release never changes"
                where = self._object(release.digest).relative_to(self.folder).as_posix()
                yield Fault("release-broken", message, file=where, hint=hint)

    def _object(self, digest: str) -> Path:
        number = digest.removeprefix(_PREFIX)
        return self.folder / _OBJECTS / number[:2] / f"{number[2:]}.json"

    def _open(self, digest: str) -> Contract:
        """The contract with a digest.

        Raises:
            ValueError: It is not what was released, or is not there.
        """
        place = self._object(digest)
        try:
            data = place.read_bytes()
        except FileNotFoundError:
            raise ValueError("its contract is not there") from None
        if _PREFIX + hashlib.sha256(data).hexdigest() != digest:
            raise ValueError("its contract was changed")
        kept = msgspec.json.decode(data, type=_Object)
        documents: dict[str, object] = {}
        for file, text in kept.closure.items():
            documents[file], faults = parse_document(bytes(text).decode(), file)
            assert not faults, "it was written from documents that had none"
        closure: Documents = documents
        return Contract(closure, kept.contract)


def _write(place: Path, content: bytes) -> None:
    """A file as a whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with draft.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
