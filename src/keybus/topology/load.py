"""Reads a platform and says everything that is wrong with it, with file, line and pointer."""

from pathlib import Path

from keybus.contracts import ContractRepository
from keybus.errors import Fault
from keybus.topology.composition import compose
from keybus.topology.declaration import Declaration
from keybus.topology.judging import Judgement, judge, judge_apart
from keybus.topology.model import Platform
from keybus.topology.script import made_by, run_script

FILE = "platform.yaml"
PYTHON_FILE = "platform.py"


def load_platform(folder: Path | str) -> tuple[Platform, ContractRepository]:
    """Load a folder's platform and the contracts it names.

    Args:
        folder: The folder, or the file itself.

    Raises:
        TopologyError: It has faults; all of them are listed, in the order of files and lines.
        BrokenContracts: The contracts have, and the platform itself has none.
    """
    declaration = load_declaration(folder)
    return declaration.platform, declaration.contracts


def load_declaration(folder: Path | str) -> Declaration:
    """Load a folder's platform, and remember where each part of it stands.

    Args:
        folder: The folder with ``platform.yaml`` or, where there is none, ``platform.py``; or the
            file itself. A Python file is run.

    Raises:
        TopologyError: It has faults; all of them are listed, in the order of files and lines.
        BrokenContracts: The contracts have, and the platform itself has none.
    """
    return _judged(Path(folder)).declared()


def read_declaration(folder: Path | str) -> tuple[Declaration | None, list[Fault]]:
    """Load a folder's platform, or tell all that is wrong with it.

    Args:
        folder: As for `load_declaration`.

    Returns:
        The platform, or None where there are faults; and the faults. Where only the contracts have
        some, these follow the one that says so, with files relative to the contracts' folder.
    """
    judgement = _judged(Path(folder))
    faults = judgement.faults
    return judgement.declaration, faults + list(judgement.broken.faults if judgement.broken else ())


def load_apart(folder: Path | str) -> Platform:
    """Load a folder's platform by itself: whether it goes with its contracts is another question.

    Args:
        folder: As for `load_declaration`.

    Raises:
        TopologyError: It has faults of its own.
    """
    path = _file_in(Path(folder))
    if path.suffix != ".py":
        return judge_apart(*compose(path), str(path))
    made = made_by(path)
    return judge_apart(*(made if isinstance(made, tuple) else made.read()), str(path))


def _file_in(folder: Path) -> Path:
    path = folder if folder.is_file() else folder / FILE
    if not path.is_file() and (folder / PYTHON_FILE).is_file():
        path = folder / PYTHON_FILE
    return path


def _judged(folder: Path) -> Judgement:
    path = _file_in(folder)
    if path.suffix == ".py":
        return run_script(path)
    document, findings = compose(path)
    return judge(document, findings, path.parent, str(path))
