"""Reads `platform.yaml` and says everything that is wrong with it, with file, line and pointer."""

from collections.abc import Iterable
from pathlib import Path

from keybus.contracts import ContractRepository
from keybus.errors import BrokenContracts, Fault, TopologyError
from keybus.topology.document import Document, read
from keybus.topology.findings import Finding, quoted
from keybus.topology.meaning import meaning_findings
from keybus.topology.model import Platform
from keybus.topology.shape import convert, shape_findings, sound_parts

FILE = "platform.yaml"


def load_platform(folder: Path) -> tuple[Platform, ContractRepository]:
    """Load a folder's `platform.yaml` and the contracts it names.

    Args:
        folder: The folder, or the file itself.

    Raises:
        TopologyError: The file has faults; all of them are listed, in the order of their lines.
        BrokenContracts: The contracts have, and the file itself has none.
    """
    path = folder if folder.is_file() else folder / FILE
    document, findings = read(path)
    findings += shape_findings(document)
    parts = sound_parts(document, findings)
    contracts: ContractRepository | None = None
    broken: BrokenContracts | None = None
    if parts.contracts is not None:
        findings += _folder_findings(path.parent, parts.contracts)
        if not any(finding.code == "no-contracts" for finding in findings):
            try:
                contracts = ContractRepository.load(path.parent / parts.contracts)
            except BrokenContracts as error:
                broken = error
    findings += meaning_findings(parts, contracts)
    if findings:
        if broken is not None:
            findings.append(_broken(broken))
        raise TopologyError(str(path), _faults(findings, document, path.name))
    if broken is not None:
        raise broken
    assert contracts is not None
    return convert(document), contracts


def _folder_findings(beside: Path, name: str) -> Iterable[Finding]:
    if not name.strip():
        hint = "name the folder of the contracts, or leave the key out: it is 'contracts' then"
        return [Finding("no-contracts", "the contracts' folder has no name", "/contracts", hint)]
    try:
        found = (beside / name).is_dir()
    except (OSError, ValueError):  # a name too long, or with a NUL; a folder that is closed
        found = False
    if found:
        return []
    message = f"there is no folder {quoted(name)} beside the file"
    hint = "`contracts` names the folder that holds keybus.toml, relative to the file"
    return [Finding("no-contracts", message, "/contracts", hint)]


def _broken(error: BrokenContracts) -> Finding:
    count = len(error.faults)
    message = f"the contracts have {count} fault{'' if count == 1 else 's'} of their own"
    hint = "`keybus contracts lint` lists them; events were not looked up"
    return Finding("broken-contracts", message, "/contracts", hint)


def _faults(findings: Iterable[Finding], document: Document, file: str) -> list[Fault]:
    faults = [
        Fault(f.code, f.message, f.pointer, file, f.line or _line(f, document), f.hint)
        for f in findings
    ]
    return sorted(faults, key=lambda fault: fault.line)


def _line(finding: Finding, document: Document) -> int:
    return document.line(finding.pointer) if document.lines else 0
