"""A contract repository as it stood in a git revision."""

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from keybus.contracts.repository import ContractRepository
from keybus.errors import ContractError

_SECONDS: Final = 60


def repository_at(folder: Path, revision: str) -> ContractRepository:
    """The repository of a folder, as a revision has it.

    Args:
        folder: The repository's folder, within a git work tree.
        revision: Whatever git takes for a commit: ``main``, ``v1.2.0``, ``HEAD~3``, ``origin/main``.

    Raises:
        ContractError: Git is not there, there is no such revision, or it has no such folder.
        BrokenContracts: The contracts of that time have faults.
    """
    _git(folder, "rev-parse", "--git-dir")
    try:
        commit = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except ContractError:
        raise ContractError(
            f"git knows no revision {revision!r}",
            hint="name a branch, a tag or a commit; after a shallow checkout, fetch it first",
        ) from None
    archive = _git(folder, "archive", "--format=tar", commit.decode().strip(), ".")
    with tempfile.TemporaryDirectory(prefix="keybus-") as name:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(name, filter="data")
        return ContractRepository.load(name)


def _git(folder: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603 - see above
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ContractError(f"git cannot be asked: {error}", hint="install git") from error
    if ended.returncode:
        said = ended.stderr.decode("utf-8", "replace").strip()
        raise ContractError(
            f"git does not have {folder}: {said}", hint="the folder is to be in a git repository"
        )
    return ended.stdout
