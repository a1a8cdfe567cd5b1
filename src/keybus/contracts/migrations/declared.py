"""All migrations of a repository, and the ways between majors that they make."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from keybus.contracts.hints import Hints, quoted
from keybus.contracts.migrations.migration import (
    FORMS,
    MIGRATIONS,
    Migration,
    Translation,
    composed,
    majors_of,
)
from keybus.contracts.migrations.rules import fault
from keybus.errors import BrokenContracts, Fault

LARGEST: Final = 262_144
"""Bytes of a migration's file."""


class Migrations:
    """The migrations of a repository. Immutable, and safe to share between threads.

    Args:
        found: All of them.
    """

    def __init__(self, found: Collection[Migration] = ()) -> None:
        self._found = {
            (each.type, each.source, each.target): each
            for each in sorted(found, key=lambda each: (each.type, each.source, each.target))
        }

    @classmethod
    def read(cls, folder: Path) -> "tuple[Migrations, list[Fault]]":
        """The migrations of a repository's folder, and everything that is wrong with them.

        Args:
            folder: The repository's folder, which has them in ``migrations``.
        """
        texts: dict[str, str] = {}
        faults: list[Fault] = []
        for place in sorted((folder / MIGRATIONS).rglob("*")):
            name = place.relative_to(folder / MIGRATIONS).as_posix()
            if place.is_dir() or any(part.startswith(".") for part in name.split("/")):
                continue
            text = _read(place, folder)
            if isinstance(text, Fault):
                faults.append(text)
            else:
                texts[name] = text
        found, more = cls._of(texts)
        return found, [*faults, *more]

    @classmethod
    def of_texts(cls, texts: Mapping[str, str]) -> "Migrations":
        """The migrations that `texts` gave.

        Args:
            texts: The text of each, by its name, such as ``delivery.failed/2-to-1.json``.

        Raises:
            BrokenContracts: With everything that is wrong with them.
        """
        found, faults = cls._of(texts)
        if faults:
            raise BrokenContracts("the migrations", faults)
        return found

    @classmethod
    def _of(cls, texts: Mapping[str, str]) -> "tuple[Migrations, list[Fault]]":
        found: dict[tuple[str, tuple[int, int]], Migration] = {}
        faults: list[Fault] = []
        for name, text in sorted(texts.items()):
            event_type, _, file = name.rpartition("/")
            pair = majors_of(file)
            if not event_type or "/" in event_type or pair is None:
                message = f"{quoted(file)} names no migration of a type from one major to another."
                faults.append(fault("migration-name", message, f"{MIGRATIONS}/{name}"))
                continue
            if (event_type, pair) in found:
                message = f"There is {found[event_type, pair].name} beside it."
                faults.append(fault("migration-twice", message, f"{MIGRATIONS}/{name}"))
                continue
            if len(text) > LARGEST:
                faults.append(_too_large(f"{MIGRATIONS}/{name}"))
                continue
            migration, more = Migration.parse(event_type, file, text)
            faults += more
            if migration is not None:
                found[event_type, pair] = migration
        return cls(found.values()), faults

    @property
    def texts(self) -> dict[str, str]:
        """The text of each, by its name relative to the folder ``migrations``."""
        return {f"{each.type}/{each.name}": each.text for each in self}

    def faults(self, majors: Mapping[str, Collection[int]]) -> list[Fault]:
        """What is wrong with the types and majors that migrations are of.

        Args:
            majors: The majors that there are of each type, released or about to be.
        """
        hints = Hints()
        found: list[Fault] = []
        for each in self:
            if each.type not in majors:
                message = f"There is no contract of {quoted(each.type)}."
                hint = hints.nearest(each.type, majors)
                found.append(fault("migration-type", message, each.file, hint=hint))
                continue
            for major in (each.source, each.target):
                if major not in majors[each.type]:
                    there = ", ".join(map(str, sorted(majors[each.type])))
                    message = f"{each.type} has no major {major}; it has {there}."
                    found.append(fault("migration-major", message, each.file))
        return found

    def of(self, event_type: str) -> list[Migration]:
        """The migrations of a type."""
        return [each for each in self if each.type == event_type]

    def path(self, event_type: str, source: int, target: int) -> tuple[Migration, ...] | None:
        """The shortest chain of migrations from one major to another.

        Of several that are as short, the one whose next major is nearest to the end.

        Returns:
            The migrations in order, none where both majors are one; None where nothing leads there.
        """
        ways: dict[int, tuple[Migration, ...]] = {source: ()}
        waiting = [source]
        steps = sorted(
            self.of(event_type), key=lambda each: (abs(each.target - target), each.target)
        )
        while waiting and target not in ways:
            at = waiting.pop(0)
            for each in steps:
                if each.source == at and each.target not in ways:
                    ways[each.target] = (*ways[at], each)
                    waiting.append(each.target)
        return ways.get(target)

    def translation(
        self, event_type: str, source: int, target: int, version: str
    ) -> Translation | None:
        """The whole way from one major to another, as one function.

        It raises `MigrationError` for an event that it can make nothing of.

        Args:
            event_type: The type.
            source: The events' major.
            target: The major that is asked for.
            version: What the outcome says by ``schema_version``.

        Returns:
            The function; None where nothing leads there.
        """
        chain = self.path(event_type, source, target)
        return None if chain is None else composed(chain, version)

    def __iter__(self) -> Iterator[Migration]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)


def _read(place: Path, folder: Path) -> str | Fault:
    """A file's text, or what is wrong with it."""
    file = place.relative_to(folder).as_posix()
    shown = file.encode("utf-8", "backslashreplace").decode()
    if not place.is_file() or not place.resolve().is_relative_to(folder.resolve()):
        message = "It is no file, or a link that leaves the folder."
        return fault("migration-unreadable", message, shown)
    if not place.name.endswith(FORMS):
        return fault("migration-name", f"{quoted(place.name)} is no migration.", shown)
    try:
        with place.open("rb") as opened:
            data = opened.read(LARGEST + 1)
        text = "" if len(data) > LARGEST else data.decode("utf-8")
    except OSError as error:
        return fault("migration-unreadable", f"It cannot be read: {error.strerror}.", shown)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"It is not UTF-8: byte {error.start} cannot be decoded."
        return fault("migration-unreadable", message, shown, line=line)
    if len(data) > LARGEST:
        return _too_large(shown)
    return text


def _too_large(file: str) -> Fault:
    return fault("migration-unreadable", f"It is larger than {LARGEST} bytes.", file)
