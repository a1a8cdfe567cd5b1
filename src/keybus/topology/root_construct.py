"""The construct that all others are declared in."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from keybus.contracts.pointers import pointer_of
from keybus.topology.declaration import Declaration
from keybus.topology.document import Document, Place
from keybus.topology.findings import Finding, quoted
from keybus.topology.judging import Judgement, judge
from keybus.topology.model import Admission, Archive, Footing, Minimum
from keybus.topology.plain import PlainReader
from keybus.topology.shape import shape_findings
from keybus.topology.writing import yaml_text

_OWN = frozenset({__name__, "keybus.topology.constructs"})
_made: ContextVar[list["Platform"] | None] = ContextVar("platforms_made", default=None)


class Platform:
    """One bus and all who use it.

    Attributes:
        folder: The folder of the file that made it, to which ``contracts`` is relative.
        file: That file.
    """

    def __init__(
        self,
        bus: str,
        *,
        organization: str | None = None,
        central: str | None = None,
        footing: Footing | None = None,
        minimum: Minimum | Mapping[str, Any] | None = None,
        archive: Archive | Mapping[str, Any] | None = None,
        admission: Admission | Mapping[str, Any] | None = None,
        region: str | None = None,
        contracts: str | None = None,
    ) -> None:
        """Declare a platform; for what the arguments mean, see `keybus.topology.Platform`."""
        self.file, line = _caller()
        self.folder = self.file.parent
        self._reader = PlainReader()
        self._places = {"": Place(self.file.name, line)}
        self._files = {self.file.name: None}
        self._findings: list[Finding] = []
        said = {
            "bus": bus,
            "organization": organization,
            "central": central,
            "footing": footing,
            "minimum": minimum,
            "archive": archive,
            "admission": admission,
            "region": region,
            "contracts": contracts,
        }
        self._data: dict[str, Any] = self._reader.value(_said(said), "")
        made = _made.get()
        if made is not None:
            made.append(self)

    def declaration(self) -> Declaration:
        """The platform with all that was declared of it.

        Raises:
            TopologyError: It has faults; each names the file and line of the call.
            BrokenContracts: Its contracts have, and it has none.
        """
        return self.judgement().declared()

    def judgement(self) -> Judgement:
        """The platform, or all that is wrong with it."""
        document, findings = self.read()
        return judge(document, findings, self.folder, str(self.file))

    def read(self) -> tuple[Document, list[Finding]]:
        """What was declared, and what is wrong with its shape."""
        document = Document(
            self._data,
            self._places,
            self._reader.written,
            frozenset(self._reader.broken),
            tuple(self._files),
        )
        findings = [document.placed(found) for found in self._reader.findings]
        return document, [*findings, *self._findings, *shape_findings(document)]

    def to_yaml(self) -> str:
        """The platform as the text of a ``platform.yaml`` in the same folder."""
        return yaml_text(self._data)

    def declare(self, section: str, name: object, said: Mapping[str, Any]) -> None:
        """Declare a part; what the constructs of this room do.

        Args:
            section: Of which kind, such as ``accounts``.
            name: Its name.
            said: What it says; what is None is not said.
        """
        path, line = _caller()
        file = _relative(path, self.folder)
        self._files[file] = None
        pointer = pointer_of(section, name) if isinstance(name, str) else f"/{section}"
        members = self._data.setdefault(section, {})
        if not isinstance(name, str):
            message = f"a name is text, not {quoted(repr(name))}"
            self._findings.append(Finding("bad-key", message, pointer, "", line, file))
        elif name in members:
            there = self._places[pointer]
            message = f"{quoted(name)} is declared in {there.file}:{there.line} already"
            hint = "names are the whole platform's: choose another"
            self._findings.append(Finding("duplicate-name", message, pointer, hint, line, file))
        else:
            self._places[pointer] = Place(file, line)
            members[name] = self._reader.value(_said(said), pointer)


@contextmanager
def platforms_made() -> Iterator[list[Platform]]:
    """All platforms that are made until the end, in the order of their making."""
    made: list[Platform] = []
    token = _made.set(made)
    try:
        yield made
    finally:
        _made.reset(token)


def _said(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if value is not None}


def _caller() -> tuple[Path, int]:
    """The file and line of the call that came from outside of the constructs."""
    frame = sys._getframe(1)  # noqa: SLF001 - `inspect` reads source files for as much
    while frame.f_back is not None and frame.f_globals.get("__name__") in _OWN:
        frame = frame.f_back
    return Path(frame.f_code.co_filename).absolute(), frame.f_lineno


def _relative(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
