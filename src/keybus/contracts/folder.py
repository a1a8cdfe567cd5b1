"""A repository's folder as it is read: its settings, its schema files, and what cannot be read."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from keybus.contracts.documents import lines_of, parse_document
from keybus.contracts.house_rules.settings import LintSettings
from keybus.contracts.policies import fault_of_policy
from keybus.errors import Fault

SETTINGS_FILE = "keybus.toml"
LARGEST = 1_048_576  # bytes of one schema file; the largest that are published are a tenth

_NO_MARK = "save it as UTF-8 without a byte order mark"
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
    lint: LintSettings = LintSettings()


class Folder:
    """What a repository's folder holds.

    Attributes:
        path: The folder.
        settings: Its settings, or None where they have a fault.
        lint: What it makes of the house rules.
        texts: The text of each schema file that is text.
        documents: Each schema file that is JSON, by its name relative to the folder.
        faults: What is wrong with the files as files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings: RepositorySettings | None = None
        self.lint = LintSettings()
        self.texts: dict[str, str] = {}
        self.documents: dict[str, Any] = {}
        self.faults: list[Fault] = []
        self._lines: dict[str, dict[str, int]] = {}

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

    @classmethod
    def of_texts(cls, settings: RepositorySettings, texts: Mapping[str, str]) -> "Folder":
        """A folder that is on no disk.

        Args:
            settings: What its ``keybus.toml`` says.
            texts: The text of each schema file, by its name.
        """
        folder = cls(Path())
        wrong = "" if settings.policy is None else fault_of_policy(settings.policy)
        if wrong:
            folder._settings(wrong)
        else:
            folder.settings = settings
        for file in sorted(texts):
            folder.texts[file] = texts[file]
            folder._parse(file, len(texts[file].encode("utf-8", "replace")))
        return folder

    def line_of(self, file: str, pointer: str) -> int:
        """The line on which the value at a pointer begins; 0 where it is not known."""
        if file not in self.documents:
            return 0
        if file not in self._lines:
            self._lines[file] = lines_of(self.texts[file])
        return self._lines[file].get(pointer, 0)

    def _read_settings(self) -> None:
        place = self.path / SETTINGS_FILE
        table: dict[str, Any] = {}
        try:
            text = place.read_text("utf-8")
            if text.startswith("\ufeff"):
                self._settings("The file begins with a byte order mark.", _NO_MARK)
                return
            table = tomllib.loads(text)
            found = msgspec.convert(table, _SettingsFile)
        except FileNotFoundError:
            below = sorted(self.path.glob(f"*/{SETTINGS_FILE}"))  # as from a platform's folder
            hint = 'write [repository] with name = "…"'
            hint = f"did you mean {below[0].parent}?" if below else hint
            self._settings("The repository has no settings.", hint)
        except msgspec.ValidationError as error:
            hint = "known are name, policy, languages and approvers"
            misplaced = [name for name in RepositorySettings.__struct_fields__ if name in table]
            if misplaced:
                hint = f"move {', '.join(misplaced)} under [repository]"
            self._settings(f"The settings are wrong: {error}.", hint)
        except (OSError, ValueError, RecursionError) as error:
            self._settings(f"The settings cannot be read: {error}.")
        else:
            policy = found.repository.policy
            wrong, hint = ("" if policy is None else fault_of_policy(policy)), ""
            if not wrong:
                wrong, hint = found.lint.fault()
            if wrong:
                self._settings(wrong, hint)
            else:
                self.settings, self.lint = found.repository, found.lint

    def _settings(self, message: str, hint: str = "") -> None:
        self._fault("settings", SETTINGS_FILE, message, hint=hint)

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
            if not _is_text(file):
                shown = file.encode("utf-8", "backslashreplace").decode()
                self._fault("unreadable", shown, "The file's name is not UTF-8.")
            elif entry.is_symlink() and _leads_nowhere(place):
                self._fault("unreadable", file, "The link leads to nothing but itself.")
            elif entry.is_symlink() and not place.resolve().is_relative_to(self.path.resolve()):
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
            self._fault("not-utf8", file, message, line=line, hint=_NO_MARK)
            return
        self._parse(file, len(data))

    def _parse(self, file: str, size: int) -> None:
        if size > LARGEST:
            self._fault("too-large", file, f"The file is larger than {LARGEST} bytes.")
            return
        document, faults = parse_document(self.texts[file], file)
        self.faults += faults
        if not faults:
            self.documents[file] = document

    def _fault(self, code: str, file: str, message: str, *, line: int = 0, hint: str = "") -> None:
        self.faults.append(Fault(code, message, file=file, line=line, hint=hint))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _leads_nowhere(link: Path) -> bool:
    """Whether a symbolic link leads around to itself."""
    try:
        link.stat()
        link.resolve()
    except FileNotFoundError:
        return False
    except (OSError, RuntimeError):
        return True
    return False
