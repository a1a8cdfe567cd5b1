"""A repository's folder into which drafts of contracts are written; made where there is none."""

import posixpath
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from keybus.contracts.discovery.sightings import HeadChecks
from keybus.contracts.folder import SETTINGS_FILE
from keybus.contracts.locations import Documents, Location, closure_of
from keybus.contracts.naming import title_of_type
from keybus.contracts.repository import ContractRepository
from keybus.contracts.scaffold import CORE, core_of, owner_of, settings_of
from keybus.contracts.validation import Validators
from keybus.contracts.view import DeclaredView
from keybus.errors import ContractError, Fault

_CORE: Final = "core/Event.json"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Written(NamedTuple):
    """What became of drafts.

    Attributes:
        files: Those that were written, by event type.
        faults: What is wrong with the others, by event type; nothing of them was written.
    """

    files: Mapping[str, Path]
    faults: Mapping[str, list[Fault]]


class DraftFolder:
    """Where drafts go.

    Args:
        path: The folder.

    Raises:
        BrokenContracts: It has faults, which come first.
        ContractError: It has no schema of what every event carries.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        has_one = (path / SETTINGS_FILE).exists()
        self.repository = ContractRepository.load(path) if has_one else None
        self.core = _CORE if self.repository is None else core_of(self.repository)

    @property
    def types(self) -> tuple[str, ...]:
        """The event types that have a contract."""
        return () if self.repository is None else self.repository.types

    @cached_property
    def _documents(self) -> Mapping[str, Any]:
        return CORE if self.repository is None else self.repository.documents

    @property
    def shared(self) -> Documents:
        """What every event carries: its schema, and all that this refers to."""
        return closure_of(self._documents, self.core)

    @cached_property
    def checks(self) -> HeadChecks:
        """What every event carries, by name, and what each has to be like."""
        view = DeclaredView(self._documents)
        node = view.node(Location(self.core), whole=True)
        validators = Validators(self._documents)
        return {name: validators.at(*sites) for name, sites in node.properties.items()}

    def owner(self, event_type: str, asked: str = "") -> str:
        """Who owns a type: who is named, or whoever owns all types of its first word.

        Raises:
            ContractError: Nobody is known to.
        """
        known = "" if self.repository is None else owner_of(self.repository, event_type)
        if not (asked or known):
            hint = "say who: --owner ACCOUNT"
            raise ContractError(f"nobody is known to own {event_type}", hint=hint)
        return asked or known

    def file_of(self, event_type: str) -> str:
        """The file of a type's contract, relative to the folder."""
        if event_type in self.types:
            assert self.repository is not None
            return self.repository[event_type].file
        return f"{event_type.partition('.')[0]}/{title_of_type(event_type)}.json"

    def core_from(self, event_type: str) -> str:
        """How a type's contract refers to what every event carries."""
        return posixpath.relpath(self.core, posixpath.dirname(self.file_of(event_type)) or ".")

    def write(self, drafts: Mapping[str, Mapping[str, Any]], *, force: bool = False) -> Written:
        """Write drafts, each where it passes as it is; a file that is there stays, unless forced.

        Args:
            drafts: By event type.
            force: Whether files that are there are written anew.

        Raises:
            ContractError: A file is there, or cannot be written; then nothing was.
        """
        places = {each: self.path / self.file_of(each) for each in drafts}
        if there := [str(place) for place in places.values() if place.exists() and not force]:
            hint = "--force writes it anew"
            raise ContractError(f"{there[0]} is there already", hint=hint)
        texts = {
            each: msgspec.json.format(_encode(drafts[each]), indent=2) + b"\n" for each in drafts
        }
        before = self._begin()
        for event_type, place in places.items():
            before[place] = place.read_bytes() if place.exists() else None
            _put(place, texts[event_type])
        faults = ContractRepository.lint(self.path)
        broken = {each for each in drafts if any(_is_of(self, each, fault) for fault in faults)}
        if faults and not broken:  # together they break what was there
            broken = set(drafts)
        for each in broken:
            _restore(places[each], before[places[each]])
        if broken and len(broken) == len(drafts):
            for place, text in before.items():
                _restore(place, text)
        told = {
            each: [one for one in faults if _is_of(self, each, one)] or faults for each in broken
        }
        return Written({each: places[each] for each in drafts if each not in broken}, told)

    def _begin(self) -> dict[Path, bytes | None]:
        """Make the repository, where there is none: its files, as they were before."""
        if self.repository is not None:
            return {}
        name = self.path.resolve().parent.name or "events"
        files = {SETTINGS_FILE: settings_of(name).encode()}
        files.update(
            {
                file: msgspec.json.format(_encode(each), indent=2) + b"\n"
                for file, each in CORE.items()
            }
        )
        before: dict[Path, bytes | None] = {}
        for file, text in files.items():
            place = self.path / file
            before[place] = place.read_bytes() if place.exists() else None
            if before[place] is None:
                _put(place, text)
        return before


def _is_of(folder: DraftFolder, event_type: str, fault: Fault) -> bool:
    return fault.file == folder.file_of(event_type)


def _put(place: Path, text: bytes) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text)
    except OSError as error:
        raise ContractError(f"{place} cannot be written: {error.strerror}") from error


def _restore(place: Path, text: bytes | None) -> None:
    if text is None:
        place.unlink(missing_ok=True)
    else:
        place.write_bytes(text)
