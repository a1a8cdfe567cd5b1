"""Everything that is wrong with a platform, however it was written down."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from keybus.contracts import ContractRepository
from keybus.errors import BrokenContracts, Fault, TopologyError
from keybus.topology.declaration import Declaration
from keybus.topology.document import Document, Place
from keybus.topology.findings import Finding, quoted
from keybus.topology.meaning import meaning_findings
from keybus.topology.model import Platform
from keybus.topology.parts import convert, sound_parts
from keybus.topology.plain import plain_data
from keybus.topology.shape import shape_findings


class Judgement(NamedTuple):
    """A platform, or all that is wrong with it.

    Attributes:
        subject: What was judged, as the user named it.
        declaration: The platform; None where there is a fault.
        faults: All that is wrong, in the order of files and lines.
        broken: The faults of the contracts, where these are all there is.
    """

    subject: str
    declaration: Declaration | None
    faults: list[Fault]
    broken: BrokenContracts | None

    def declared(self) -> Declaration:
        """The platform.

        Raises:
            TopologyError: It has faults.
            BrokenContracts: Its contracts have, and nothing else has.
        """
        if self.broken is not None:
            raise self.broken
        if self.declaration is None:
            raise TopologyError(self.subject, self.faults)
        return self.declaration


def judge(document: Document, findings: Iterable[Finding], folder: Path, subject: str) -> Judgement:
    """Judge what was read.

    Args:
        document: All of it.
        findings: What is wrong with its shape.
        folder: The folder of the platform file.
        subject: What the user calls it.
    """
    found = list(findings)
    parts = sound_parts(document, found)
    contracts, broken = None, None
    if parts.contracts is not None:
        missing = list(_folder_findings(folder, parts.contracts))
        found += missing
        if not missing:
            try:
                contracts = ContractRepository.load(folder / parts.contracts)
                _ = contracts.migrations  # read here, so that what is wrong is told here
            except BrokenContracts as error:
                broken = error
    found += meaning_findings(parts, contracts)
    if broken is not None:
        alone = not found
        found.append(_broken(broken))
        return Judgement(subject, None, _faults(found, document), broken if alone else None)
    if found or contracts is None:
        return Judgement(subject, None, _faults(found, document), None)
    return Judgement(subject, Declaration(convert(document), contracts, document), [], None)


def judge_apart(document: Document, findings: Iterable[Finding], subject: str) -> Platform:
    """A platform by itself, whatever its contracts say or are about to say.

    Args:
        document: All of it.
        findings: What is wrong with its shape.
        subject: What the user calls it.

    Raises:
        TopologyError: It has faults of its own.
    """
    found = list(findings)
    found += meaning_findings(sound_parts(document, found), None)
    if found:
        raise TopologyError(subject, _faults(found, document))
    return convert(document)


def faults_of(platform: Platform, contracts: ContractRepository) -> list[Fault]:
    """All that is wrong with a platform that came as a value, and so from no file.

    Args:
        platform: The platform.
        contracts: Its contracts.
    """
    document = Document(plain_data(platform), {"": Place("", 0)}, files=("",))
    findings = list(shape_findings(document))
    findings += meaning_findings(sound_parts(document, findings), contracts)
    return _faults(findings, document)


def refused(document: Document, findings: Iterable[Finding], subject: str) -> Judgement:
    """The judgement of what could not even be read."""
    return Judgement(subject, None, _faults(findings, document), None)


def _folder_findings(beside: Path, name: str) -> Iterator[Finding]:
    if not name.strip():
        hint = "name the folder of the contracts, or leave the key out: it is 'contracts' then"
        yield Finding("no-contracts", "the contracts' folder has no name", "/contracts", hint)
        return
    try:
        found = (beside / name).is_dir()
    except (OSError, ValueError):  # a name too long, or with a NUL; a folder that is closed
        found = False
    if not found:
        message = f"there is no folder {quoted(name)} beside the file"
        hint = "`contracts` names the folder that holds keybus.toml, relative to the file"
        yield Finding("no-contracts", message, "/contracts", hint)


def _broken(error: BrokenContracts) -> Finding:
    count = len(error.faults)
    message = f"the contracts have {count} fault{'' if count == 1 else 's'} of their own"
    hint = "`keybus contracts lint` lists them; events were not looked up"
    return Finding("broken-contracts", message, "/contracts", hint)


def _faults(findings: Iterable[Finding], document: Document) -> list[Fault]:
    order = {name: index for index, name in enumerate(document.files)}
    faults = [
        Fault(f.code, f.message, f.pointer, f.file, f.line, f.hint)
        for f in map(document.placed, findings)
    ]
    return sorted(faults, key=lambda fault: (order.get(fault.file, len(order)), fault.line))
