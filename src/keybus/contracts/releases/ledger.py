"""A type's ledger: everything that happened to its releases, in a chain that shows any change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec
from msgspec import UNSET

from keybus.contracts.migrations.migration import majors_of
from keybus.contracts.releases.entry import GENESIS, LedgerEntry, Said, chained, read_entry
from keybus.contracts.releases.lifecycle import PROMISING, Status, fault_of_transition
from keybus.contracts.versions import is_prerelease, major_of, precedence
from keybus.errors import Fault


class Release(msgspec.Struct, frozen=True):
    """A release as it stands: what never changes, and what became of it.

    Attributes:
        made: The entry that made it.
        last: The last entry about it, but for migrations, which change nothing of it.
    """

    made: LedgerEntry
    last: LedgerEntry

    @property
    def version(self) -> str:
        """Its version."""
        return self.made.version

    @property
    def digest(self) -> str:
        """``sha256:…`` over its whole closure."""
        return self.made.digest

    @property
    def status(self) -> Status:
        """Where in its life it is."""
        return self.last.status

    @property
    def is_promise(self) -> bool:
        """Whether somebody may rely on it, so that what follows has to be compatible."""
        return self.status in PROMISING and not is_prerelease(self.version)

    @property
    def is_over(self) -> bool:
        """Whether somebody might rely on it until it was retired.

        A draft that was given up ended nothing: it alone is retired without a sunset date.
        """
        return self.status == "retired" and bool(self.last.sunset)


class Ledger:
    """What happened to a type's releases. Immutable.

    Attributes:
        type: The event type.
        entries: The first one first.
    """

    def __init__(self, event_type: str, entries: Sequence[LedgerEntry] = ()) -> None:
        self.type = event_type
        self.entries = tuple(entries)

    @cached_property
    def releases(self) -> Mapping[str, Release]:
        """Every release by its version, the lowest first."""
        found: dict[str, Release] = {}
        for entry in self.entries:
            if entry.action == "migration":
                continue
            before = found.get(entry.version)
            found[entry.version] = Release(entry if before is None else before.made, entry)
        return {version: found[version] for version in sorted(found, key=precedence)}

    @property
    def promises(self) -> list[Release]:
        """The releases that somebody may rely on, the lowest version first."""
        return [release for release in self.releases.values() if release.is_promise]

    @cached_property
    def migrations(self) -> Mapping[str, LedgerEntry]:
        """The last entry of each migration, by its file's name."""
        made = (each for each in self.entries if each.action == "migration")
        return {each.migration: each for each in made if each.migration is not UNSET}

    def then(self, said: Said) -> "Ledger":
        """The ledger with one entry more.

        Raises:
            ValueError: It cannot follow; the message says why.
        """
        if problem := self._objection(said):
            raise ValueError(problem)
        last = self.entries[-1] if self.entries else None
        entry = chained(self.type, said, last)
        try:
            read_entry(entry.line())  # what could not be read again would be the ledger's end
        except ValueError as error:
            raise ValueError(f"the entry {error}") from error
        return Ledger(self.type, (*self.entries, entry))

    def text(self) -> str:
        """The ledger's file: an entry a line."""
        return "".join(f"{entry.line()}\n" for entry in self.entries)

    @classmethod
    def read(cls, event_type: str, text: str, file: str) -> tuple["Ledger", list[Fault]]:
        """A ledger from its file, as far as it can be believed.

        Args:
            event_type: The type.
            text: The file's.
            file: Its name, for faults.

        Returns:
            All entries before the first fault, and that one.
        """
        ledger = cls(event_type)
        for number, line in enumerate(text.splitlines(), 1):
            problem = ledger._fault_of(line)
            if isinstance(problem, tuple):
                code, message = problem
                hint = "take the file as it was from version control; a ledger is only added to"
                return ledger, [Fault(code, message, file=file, line=number, hint=hint)]
            ledger = cls(event_type, (*ledger.entries, problem))
        return ledger, []

    def _fault_of(self, line: str) -> LedgerEntry | tuple[str, str]:
        """The next entry, or what is wrong with it: a code and a sentence."""
        try:
            entry = read_entry(line)
        except ValueError as error:
            return "ledger-unreadable", f"The entry {error}."
        if entry.type != self.type:
            return "ledger-foreign", f"The entry is of the type {entry.type!r}, not {self.type!r}."
        if entry.hash != entry.right_hash:
            return "ledger-changed", "The entry was changed: its hash is that of other content."
        last = self.entries[-1] if self.entries else None
        previous = GENESIS if last is None else last.hash
        if entry.previous != previous or entry.sequence != len(self.entries) + 1:
            return "ledger-gap", "The entry does not follow the one before it."
        problem = self._objection(entry)
        return ("ledger-rules", problem) if problem else entry

    def _objection(self, said: Said) -> str:
        """Why this cannot come next, as a sentence; empty where it can."""
        release = self.releases.get(said.version)
        problem = _fault_of_migration(said)
        if not problem and said.status == "active" and is_prerelease(said.version):
            problem = f"{said.version} is a prerelease, so it stays a draft."
        if problem or said.action == "released":
            return problem or self._objection_to_new(said)
        if release is None:
            return f"{self.type} {said.version} was never released."
        if said.digest != release.digest:
            return f"{self.type} {said.version} has another digest."
        return _fault_of_status(said, release)

    def _objection_to_new(self, said: Said) -> str:
        if said.version in self.releases:
            return f"{self.type} {said.version} is released already."
        is_first = said.status in ("draft", "active")
        return "" if is_first else f"A new release is a draft or active, not {said.status}."

    def __iter__(self) -> Iterator[LedgerEntry]:
        return iter(self.entries)


def _fault_of_status(said: Said, release: Release) -> str:
    if said.action == "status":
        return fault_of_transition(release.status, said.status)
    same = said.status == release.status
    return "" if same else f"A migration changes no status, and that is {release.status}."


def _fault_of_migration(said: Said) -> str:
    """What is wrong with what an entry says of a migration, or leaves out; empty where nothing is."""
    if said.action != "migration":
        is_silent = said.migration is UNSET and said.text is UNSET
        return "" if is_silent else "Only a migration's entry has its name and text."
    pair = majors_of(said.migration) if isinstance(said.migration, str) else None
    if pair is None or said.text is UNSET:
        return "A migration's entry has the name and the text of one."
    if pair[0] != major_of(said.version):
        return f"{said.migration} does not start from {said.version}."
    return ""


def newest_of_majors(releases: Iterable[Release]) -> dict[int, Release]:
    """By major, the newest release that somebody may rely on; else the newest that ended.

    Args:
        releases: The lowest version first.
    """
    found: dict[int, Release] = {}
    for release in releases:
        major = major_of(release.version)
        taken = major in found and found[major].is_promise
        if release.is_promise or (release.is_over and not taken):
            found[major] = release
    return found
