"""Runs a `platform.py` and takes the one platform that it makes."""

import platform as _standard  # noqa: F401 - or the file of its name would be found in its place
import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keybus.topology.document import Document
from keybus.topology.findings import Finding
from keybus.topology.judging import Judgement, refused
from keybus.topology.root_construct import Platform, platforms_made

_NAME = "keybus_platform"  # what the file finds as its __name__


def run_script(path: Path) -> Judgement:
    """Run a Python file, and judge the platform that it makes.

    Args:
        path: The file. It may import what stands beside it.
    """
    made = made_by(path)
    return made.judgement() if isinstance(made, Platform) else refused(*made, str(path))


def made_by(path: Path) -> Platform | tuple[Document, list[Finding]]:
    """Run a Python file, and take the platform that it makes.

    Args:
        path: The file.

    Returns:
        The platform; or what was read of it, which is nothing, and why.
    """
    with platforms_made() as made, _beside(path.absolute().parent):
        try:
            runpy.run_path(str(path.absolute()), run_name=_NAME)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the file does is told
            return _refused(path, _python_error(error, path))
    return made[0] if len(made) == 1 else _refused(path, _count(made, path))


def _refused(path: Path, finding: Finding) -> tuple[Document, list[Finding]]:
    return Document(None, files=(path.name,), whole=False), [finding]


def _count(made: list[Platform], path: Path) -> Finding:
    if not made:
        hint = "write platform = Platform('my-bus') at its top level"
        return Finding("no-platform", "makes no Platform", "", hint, file=path.name)
    message = f"makes {len(made)} Platforms"
    hint = "a file declares one; pass it to what declares the parts"
    return Finding("no-platform", message, "", hint, file=path.name)


def _python_error(error: BaseException, path: Path) -> Finding:
    """What was raised, at the last line of the user's own files that led to it."""
    folder = path.absolute().parent
    own = [
        (Path(frame.filename), frame.lineno or 0)
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(folder)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        own.append((Path(error.filename), error.lineno or 0))
    file, line = own[-1] if own else (path.absolute(), 0)
    name = str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)
    message = " ".join(f"raises {type(error).__name__}: {error}".split())
    return Finding("python-error", message, "", line=line, file=name)


@contextmanager
def _beside(folder: Path) -> Iterator[None]:
    """Modules of the folder can be imported, and are forgotten afterwards."""
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with suppress(ValueError):  # the file may have changed the path
            sys.path.remove(str(folder))
        for name in sys.modules.keys() - known:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and Path(file).is_relative_to(folder):
                del sys.modules[name]
