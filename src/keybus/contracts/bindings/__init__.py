"""Generators of typed bindings from contracts, one module a language."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from keybus.contracts.bindings.python import python_package
from keybus.contracts.bindings.writing import write_package
from keybus.contracts.contract import Contract

__all__ = ["generate_python", "python_package", "write_package"]
_NOTHING: Mapping[str, str] = MappingProxyType({})


def generate_python(
    contracts: Mapping[str, Contract], out: Path, deprecated: Mapping[str, str] = _NOTHING
) -> tuple[str, ...]:
    """Generate the package of a repository's event classes.

    Args:
        contracts: The contracts, by type: a repository, or some of it.
        out: The package's folder; what was generated there before is replaced.
        deprecated: Event types whose contracts are to be left, each with a sentence that says so.

    Returns:
        The names of the files, relative to the folder.

    Raises:
        ContractError: The folder holds what was not generated, or cannot be a package's name.
    """
    files = python_package(contracts.values(), deprecated)
    write_package(out, files)
    return tuple(files)
