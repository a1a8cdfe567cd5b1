"""One platform out of several files: its own, and those of the teams that it includes."""

import glob
from pathlib import Path
from typing import Any

from keybus.contracts.pointers import pointer_of, tokens_of
from keybus.topology.document import Document, read
from keybus.topology.findings import Finding, quoted
from keybus.topology.schema import TEAM_SECTIONS
from keybus.topology.shape import shape_findings

_INCLUDE = "include"
_OWN = ("publishers", "subscriptions")  # what belongs to the team's own account


def compose(path: Path) -> tuple[Document, list[Finding]]:
    """Read a platform file and all that it includes.

    Args:
        path: The platform file.

    Returns:
        All of it as one document without ``include``, and what is wrong with its shape, placed.
    """
    central, findings = read(path)
    findings += shape_findings(central)
    if not isinstance(central.data, dict) or _INCLUDE not in central.data:
        return central, findings
    composition = _Composition(path, central, findings)
    include = central.data[_INCLUDE]
    for account, names in include.items() if isinstance(include, dict) else ():
        composition.name(account)
        for index, pattern in enumerate(names if isinstance(names, list) else [names]):
            place = pointer_of(_INCLUDE, account) + (f"/{index}" if isinstance(names, list) else "")
            if isinstance(pattern, str) and pattern:
                composition.include(account, pattern, place)
    return composition.document(), composition.findings


class _Composition:
    """The parts that have been put together so far."""

    def __init__(self, path: Path, central: Document, findings: list[Finding]) -> None:
        self.findings = findings
        self._folder = path.parent
        self._central = central
        self._data: dict[str, Any] = {
            key: dict(value) if isinstance(value, dict) else value
            for key, value in central.data.items()
            if key != _INCLUDE
        }
        self._places = dict(central.places)
        self._written = dict(central.written)
        self._broken = set(central.broken)
        self._files: dict[str, None] = dict.fromkeys(central.files)
        self._teams: dict[str, str] = {}
        self._included: dict[str, str] = {}
        self._taken: dict[str, str] = {}  # from which file each team's member was taken
        self._whole = True
        self._from = {path.resolve(): "the platform file itself"}

    def document(self) -> Document:
        """All that was read, as one document."""
        return Document(
            self._data,
            self._places,
            self._written,
            frozenset(self._broken),
            tuple(self._files),
            self._teams,
            self._included,
            self._whole,
        )

    def name(self, account: str) -> None:
        """Note that the files of an account's team are named."""
        self._included[account] = pointer_of(_INCLUDE, account)

    def include(self, account: str, pattern: str, place: str) -> None:
        """Add the files that a path names.

        Args:
            account: The team's.
            pattern: The path, as it is written.
            place: Where it is written.
        """
        names = _files(pattern, self._folder)
        if not names:
            hint = "paths are relative to the platform file"
            message = f"no file is at {quoted(pattern)}"
            self._find(Finding("no-files", message, place, hint), self._central)
            self._whole = False
        for name in names:
            path = (self._folder / name).resolve()
            if path in self._from:
                message = f"{quoted(name)} is {self._from[path]}"
                hint = "a file is included once, by one account"
                self._find(Finding("included-twice", message, place, hint), self._central)
                continue
            self._from[path] = f"included by {_account_of(place)} already"
            self._team(account, name)

    def _team(self, account: str, name: str) -> None:
        document, findings = read(self._folder / name, name)
        findings += shape_findings(document, "team")
        self._files[name] = None
        self.findings += findings
        self._whole &= document.whole
        data = document.data if isinstance(document.data, dict) else {}
        self._whole &= isinstance(document.data, dict)
        for section in TEAM_SECTIONS:
            members = data.get(section, {})
            if isinstance(members, dict):
                for member in members:
                    self._member(account, document, (section, member))
            else:
                self._whole &= section != "publishers"
        for pointer, place in document.places.items():
            if self._took(pointer, name):
                self._places[pointer] = place
        for pointer, text in document.written.items():
            if self._took(pointer, name):
                self._written[pointer] = text
        self._broken.update(p for p in document.broken if self._took(p, name))

    def _took(self, pointer: str, file: str) -> bool:
        """Whether what is at this pointer was taken from this file."""
        return self._taken.get("/".join(pointer.split("/")[:3])) == file

    def _member(self, account: str, document: Document, where: tuple[str, str]) -> None:
        """Add one publisher, subscription or grant of a team."""
        section, name = where
        value = document.data[section][name]
        pointer = pointer_of(section, name)
        known = self._data.setdefault(section, {})
        if not isinstance(known, dict):
            return
        if name in known:
            there = self._places[pointer]
            message = f"{quoted(name)} is declared in {there.file}:{there.line} already"
            hint = "names are the whole platform's: choose another"
            self._find(Finding("duplicate-name", message, pointer, hint), document)
            return
        if section in _OWN and isinstance(value, dict):
            value = self._owned(account, value, pointer, document)
        known[name] = value
        self._taken[pointer] = document.files[0]
        self._teams[pointer] = account

    def _owned(
        self, account: str, value: dict[str, Any], pointer: str, document: Document
    ) -> dict[str, Any]:
        said = value.get("account", account)
        if isinstance(said, str) and said != account:
            message = f"this file is the account {account!r}'s, and may not speak for {said!r}"
            hint = "leave the account out, or declare it in that account's file"
            self._find(Finding("not-yours", message, f"{pointer}/account", hint), document)
        return {"account": account} | value

    def _find(self, finding: Finding, document: Document) -> None:
        self.findings.append(document.placed(finding))


def _account_of(pointer: str) -> str:
    """An ``include`` entry in words: the account that has it."""
    return f"the account {tokens_of(pointer)[1]!r}"


def _files(pattern: str, folder: Path) -> list[str]:
    """The names of all files that a path names, relative to the folder if it is; in order."""
    try:
        # Path.glob takes neither absolute paths nor those that lead out of the folder.
        return sorted(glob.glob(pattern, root_dir=folder))  # noqa: PTH207
    except (OSError, ValueError):
        return []
