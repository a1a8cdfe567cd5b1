"""A repository's folder as it is read: its settings, its schema files, and what cannot be read."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from keybus.contracts.documents import line_of, parse_document
from keybus.errors import Fault

SETTINGS_FILE = "keybus.toml"
LARGEST = 1_048_576  # bytes of one schema file; the largest that are published are a tenth

_IGNORED = frozenset({"releases", "migrations"})


class RepositorySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ``[repository]`` table of ``keybus.toml``.

    Attributes:
        name: The repository's name.
        policy: The default compatibility policy.
        languages: Languages that bindings are generated for.
        approvers: Who approves releases.
    """

    name: str
    policy: str | dict[str, Any] | None = None
    languages: list[str] = []
    approvers: list[str] | dict[str, Any] = []


class _SettingsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    repository: RepositorySettings


class Folder:
    """What a repository's folder holds.

    Attributes:
        path: The folder.
        settings: Its settings, or None where they have a fault.
        texts: The text of each schema file that is text.
        documents: Each schema file that is JSON, by its name relative to the folder.
        faults: What is wrong with the files as files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings: RepositorySettings | None = None
        self.texts: dict[str, str] = {}
        self.documents: dict[str, Any] = {}
        self.faults: list[Fault] = []

    @classmethod
    def read(cls, path: Path) -> "Folder":
        """Read everything that can be read."""
        folder = cls(path)
        if not path.is_dir():
            folder._fault("no-folder", "", f"There is no folder {str(path)!r}.")
            return folder
        folder._read_settings()
        for file, place in sorted(folder._files(path, ())):
            folder._read_document(file, place)
        return folder

    def line_of(self, file: str, pointer: str) -> int:
        """The line on which the value at a pointer begins; 0 where it is not known."""
        return line_of(self.texts[file], pointer) if file in self.documents else 0

    def _read_settings(self) -> None:
        hint = 'write [repository] with name = "…"'
        place = self.path / SETTINGS_FILE
        try:
            table = tomllib.loads(place.read_text("utf-8"))
            self.settings = msgspec.convert(table, _SettingsFile).repository
        except FileNotFoundError:
            self._fault("settings", SETTINGS_FILE, "The repository has no settings.", hint=hint)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self._fault("settings", SETTINGS_FILE, f"The settings cannot be read: {error}.")
        except msgspec.ValidationError as error:
            hint = "known are name, policy, languages and approvers"
            self._fault("settings", SETTINGS_FILE, f"The settings are wrong: {error}.", hint=hint)

    def _files(self, inside: Path, above: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
        """The schema files below a folder; symbolic links must stay within the repository."""
        real = inside.resolve()
        if real in above:  # a link back up
            return
        for entry in sorted(os.scandir(inside), key=lambda entry: entry.name):
            place = Path(entry.path)
            file = place.relative_to(self.path).as_posix()
            if entry.name.startswith(".") or (inside == self.path and entry.name in _IGNORED):
                continue
            if entry.is_symlink() and not place.resolve().is_relative_to(self.path.resolve()):
                hint = "copy the file into the repository"
                self._fault("symlink-outside", file, "The link leaves the folder.", hint=hint)
            elif entry.is_dir():
                yield from self._files(place, (*above, real))
            elif entry.name.endswith(".json"):
                yield file, place

    def _read_document(self, file: str, place: Path) -> None:
        if not place.is_file():
            self._fault("unreadable", file, "This is not a regular file.")
            return
        try:
            with place.open("rb") as opened:
                data = opened.read(LARGEST + 1)
            self.texts[file] = data.decode("utf-8")
        except OSError as error:
            self._fault("unreadable", file, f"The file cannot be read: {error.strerror}.")
            return
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            message = f"The file is not UTF-8: byte {error.start} cannot be decoded."
            hint = "save it as UTF-8 without a byte order mark"
            self._fault("not-utf8", file, message, line=line, hint=hint)
            return
        if len(data) > LARGEST:
            self._fault("too-large", file, f"The file is larger than {LARGEST} bytes.")
            return
        document, faults = parse_document(self.texts[file], file)
        self.faults += faults
        if not faults:
            self.documents[file] = document

    def _fault(self, code: str, file: str, message: str, *, line: int = 0, hint: str = "") -> None:
        self.faults.append(Fault(code, message, file=file, line=line, hint=hint))
