"""The folder of releases: what was released, by its digest, and a ledger for each type.

::

    releases/
      ledgers/delivery.status.updated.jsonl       an entry a line, each with the hash of the one before
      objects/3f/9a….json                         a contract and all that it refers to
      objects/c0/1d….jsonata                      a migration, as its file was

Files are only added, and lines only to the end of a ledger, so that version control shows every
release as what it is, and two branches that release different types merge.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from keybus.contracts.contract import Contract
from keybus.contracts.migrations.declared import LARGEST
from keybus.contracts.migrations.migration import Migration
from keybus.contracts.releases.entry import LedgerEntry, Said
from keybus.contracts.releases.ledger import Ledger, Release
from keybus.contracts.releases.objects import PREFIX, is_of, read, written
from keybus.contracts.releases.records import Open, Records
from keybus.contracts.rules_events import TYPE
from keybus.errors import BrokenContracts, ContractError, Fault

RELEASES: Final = "releases"
"""The folder within a repository's."""
_HINT: Final = "take the file as it was from version control; a release never changes"
_LEDGERS, _OBJECTS, _LINES = "ledgers", "objects", ".jsonl"
Text = Callable[[str], str]
"""The text of a migration with a digest; a ValueError says why it is not to be had."""


def _nowhere(_digest: str) -> str:
    raise ValueError("its text is not to be had")


class Releases(Records):
    """The releases of a folder.

    What was read is checked: chains, digests, and that nothing is missing.

    Attributes:
        folder: Where they are.
    """

    def __init__(self, folder: Path, ledgers: Mapping[str, Ledger]) -> None:
        """Take what was checked; `load` does."""
        super().__init__(ledgers, self._open)
        self.folder = folder

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

    def add(self, contract: Contract, said: Said) -> Release:
        """Write down a release; its contract stands on the disk before the ledger says so.

        Raises:
            ContractError: It cannot follow on what the ledger says, somebody else has written into
                that meanwhile, or it cannot be written.
        """
        assert said.digest == contract.digest
        place = self._object(contract.digest)
        try:
            if not place.exists():
                _write(place, written(contract))
        except OSError as error:
            raise ContractError(f"the release cannot be written: {error}") from error
        return self.say(contract.type, said)

    def add_migration(self, migration: Migration, said: Said) -> Release:
        """Write down a migration; its text stands on the disk before the ledger says so.

        Raises:
            ContractError: As for `add`.
        """
        assert said.text == migration.digest
        place = self._object(migration.digest, Path(migration.name).suffix)
        try:
            if not place.exists():
                _write(place, migration.text.encode())
        except OSError as error:
            raise ContractError(f"the migration cannot be written: {error}") from error
        return self.say(migration.type, said)

    def say(self, event_type: str, said: Said) -> Release:
        """Add an entry to a type's ledger.

        Raises:
            ContractError: It cannot follow on what the ledger says, somebody else has written into
                that meanwhile, or it cannot be written.
        """
        after = self.after(event_type, said)
        self._go_on(after)
        return after.releases[said.version]

    def follow(self, ledger: Ledger, opened: Open, text_of: Text = _nowhere) -> None:
        """Take over what a ledger of elsewhere says more than the one here.

        Args:
            ledger: A verified one.
            opened: Has the contracts that it names.
            text_of: Has the texts of migrations that it names.

        Raises:
            ContractError: The two do not say the same, somebody else has written meanwhile, or it
                cannot be written.
            BrokenContracts: A contract or a migration is another one than the ledger says.
        """
        if not TYPE.fullmatch(ledger.type):  # it becomes a file's name
            raise ContractError(f"{ledger.type[:80]!r} is no event type")
        here = self._ledgers.get(ledger.type, Ledger(ledger.type)).entries
        both = min(len(here), len(ledger.entries))
        if here[:both] != ledger.entries[:both]:
            raise ContractError(
                f"the ledger of {ledger.type} in {self.folder} says something else than the one"
                " that it should go on with",
                hint="release it in one of the two places only; take one of them out of the way",
            )
        if both < len(ledger.entries):
            self._take(ledger, opened, text_of)

    def _take(self, ledger: Ledger, opened: Open, text_of: Text) -> None:
        records, hint = Records({}, opened), "ask whoever runs the registry"
        faults = list(records.faults(ledger, str, hint))
        texts = dict[Path, str]()
        for entry, place in self._texts(ledger):
            if not place.exists():
                try:
                    texts[place] = _text(entry, text_of)
                except ValueError as error:
                    message = f"{ledger.type} {entry.migration} ({entry.text}): {error}."
                    faults.append(Fault("release-broken", message, hint=hint))
        if faults:
            raise BrokenContracts(f"the releases of {ledger.type}", faults)
        try:
            for release in ledger.releases.values():
                place = self._object(release.digest)
                if not place.exists():
                    _write(place, written(records.contract(release)))
            for place, text in texts.items():
                _write(place, text.encode())
        except OSError as error:
            raise ContractError(f"the release cannot be written: {error}") from error
        self._go_on(ledger)

    def _go_on(self, after: Ledger) -> None:
        """Write a type's ledger, which goes on from the one that was read.

        Raises:
            ContractError: Somebody else has written meanwhile, or it cannot be written.
        """
        event_type = after.type
        before = self._ledgers.get(event_type, Ledger(event_type))
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
        yield from self.faults(ledger, self._file, _HINT)
        yield from self._faults_of_migrations(ledger)

    def _faults_of_migrations(self, ledger: Ledger) -> Iterator[Fault]:
        for entry, place in self._texts(ledger):
            try:
                data = place.read_bytes()
            except OSError:
                data = None
            if data is None or not is_of(data, str(entry.text)):
                gone = "was changed" if data is not None else "is not there"
                message = f"{ledger.type} {entry.migration} ({entry.text}): its text {gone}."
                hint = "take the file as it was from version control"
                file = place.relative_to(self.folder).as_posix()
                yield Fault("release-broken", message, file=file, hint=hint)

    def _texts(self, ledger: Ledger) -> Iterator[tuple[LedgerEntry, Path]]:
        """Every entry of a migration, and where its text stands."""
        for entry in ledger:
            if isinstance(entry.text, str) and isinstance(entry.migration, str):
                yield entry, self._object(entry.text, Path(entry.migration).suffix)

    def _file(self, digest: str) -> str:
        return self._object(digest).relative_to(self.folder).as_posix()

    def _object(self, digest: str, suffix: str = ".json") -> Path:
        number = digest.removeprefix(PREFIX)
        return self.folder / _OBJECTS / number[:2] / f"{number[2:]}{suffix}"

    def _open(self, digest: str) -> Contract:
        """The contract with a digest.

        Raises:
            ValueError: It is not what was released, or is not there.
        """
        try:
            data = self._object(digest).read_bytes()
        except FileNotFoundError:
            data = None
        return read(data, digest)


def _text(entry: LedgerEntry, text_of: Text) -> str:
    """The text of an entry's migration.

    Raises:
        ValueError: It is not to be had, or is not what the entry says.
    """
    text = text_of(str(entry.text))
    data = text.encode()
    if len(data) > LARGEST or not is_of(data, str(entry.text)):
        raise ValueError("its text was changed")
    return text


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
