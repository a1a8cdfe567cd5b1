"""Generators of typed bindings from contracts, one module a language."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from keybus.contracts.bindings.go import go_package
from keybus.contracts.bindings.java import java_package
from keybus.contracts.bindings.python import python_package
from keybus.contracts.bindings.typescript import typescript_package
from keybus.contracts.bindings.writing import write_package
from keybus.contracts.contract import Contract
from keybus.errors import ContractError

__all__ = ["LANGUAGES", "Generator", "generate", "python_package", "write_package"]
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Generator(Protocol):
    """What writes the files of a package of event classes in one language."""

    def __call__(
        self, contracts: Iterable[Contract], deprecated: Mapping[str, str], *, package: str
    ) -> Mapping[str, bytes]:
        """The files' names, relative to the package, and their bytes.

        The same contracts always give the same bytes, and another event never changes an existing
        class.

        Args:
            contracts: Of one repository.
            deprecated: Event types whose contracts are to be left, each with a sentence that says
                so.
            package: The package's name, as programs write it.

        Raises:
            ContractError: The language has no such names, or two of its names would be the same.
        """


LANGUAGES: Final[Mapping[str, Generator]] = MappingProxyType(
    {
        "python": python_package,
        "typescript": typescript_package,
        "java": java_package,
        "go": go_package,
    }
)
"""The generator of each language, by its name on the command line."""

NAMED_BY_FOLDER: Final = frozenset({"python", "typescript"})
"""Languages in which a package has no name but its folder's."""


def generate(
    language: str,
    contracts: Mapping[str, Contract],
    out: Path,
    deprecated: Mapping[str, str] = _NOTHING,
    package: str = "",
) -> tuple[str, ...]:
    """Generate the package of a repository's event classes.

    Args:
        language: One of `LANGUAGES`.
        contracts: The contracts, by type: a repository, or some of it.
        out: The package's folder; what was generated there before is replaced.
        deprecated: Event types whose contracts are to be left, each with a sentence that says so.
        package: Its name, where that is not the folder's.

    Returns:
        The names of the files, relative to the folder.

    Raises:
        ContractError: There is no such language, the folder holds what was not generated, or the
            language has no such name for a package.
    """
    generator = LANGUAGES.get(language)
    if generator is None:
        raise ContractError(
            f"there are no bindings for {language!r}", hint=f"supported: {', '.join(LANGUAGES)}"
        )
    name = out.absolute().name
    if package not in {"", name} and language in NAMED_BY_FOLDER:
        raise ContractError(
            f"a package of {language} is named by its folder: {name!r}, not {package!r}",
            hint="leave --package out, or name another --out",
        )
    files = generator(contracts.values(), deprecated, package=package or name)
    write_package(out, files)
    return tuple(files)
