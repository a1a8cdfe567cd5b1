"""Generators of typed bindings from contracts, one module a language."""

from pathlib import Path

from keybus.contracts.bindings.python import python_package
from keybus.contracts.bindings.writing import write_package
from keybus.contracts.repository import ContractRepository

__all__ = ["generate_python", "python_package", "write_package"]


def generate_python(repository: ContractRepository, out: Path) -> tuple[str, ...]:
    """Generate the package of a repository's event classes.

    Args:
        repository: The contracts.
        out: The package's folder; what was generated there before is replaced.

    Returns:
        The names of the files, relative to the folder.

    Raises:
        ContractError: The folder holds what was not generated, or cannot be a package's name.
    """
    files = python_package(repository.values())
    write_package(out, files)
    return tuple(files)
