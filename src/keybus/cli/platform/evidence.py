"""What a check judges: a declaration in a folder, and a bus that answers."""

from pathlib import Path

from msgspec.structs import replace

from keybus.cli.api import get
from keybus.errors import Fault
from keybus.governance.compliance import Evidence, Running
from keybus.topology.load import read_declaration


def read_evidence(folder: Path, *, url: str | None, now_us: int) -> Evidence:
    """The declaration with all that is wrong with it, and a snapshot of the bus.

    Args:
        folder: The folder of the platform file, or the file.
        url: The bus; None: only the declaration.
        now_us: The moment to judge, in microseconds since the Unix epoch.

    Raises:
        KeybusError: The bus gave no answer; see `keybus.cli.api.send`.
    """
    declaration, faults = read_declaration(folder)
    running = None if url is None else get(url, "/evidence", Running)
    beside = folder.parent if folder.is_file() else folder

    def place(pointer: str) -> tuple[str, int]:
        if declaration is None:
            return str(folder), 0
        found = declaration.place(pointer)
        return str(beside / found.file), found.line

    return Evidence(
        platform=declaration.platform if declaration is not None else None,
        contracts=declaration.contracts if declaration is not None else None,
        place=place,
        faults=tuple(_from_here(fault, beside) for fault in faults),
        running=running,
        now_us=now_us,
    )


def _from_here(fault: Fault, beside: Path) -> Fault:
    """A fault with its file as it is reached from the working folder."""
    known = fault.file and (beside / fault.file).exists()
    return replace(fault, file=str(beside / fault.file)) if known else fault
