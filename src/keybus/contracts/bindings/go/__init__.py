"""Go bindings: a package of event structs that carry and enforce their contracts."""

from collections.abc import Iterable, Mapping
from itertools import chain
from types import MappingProxyType

from keybus.contracts.bindings.declared import Declarations
from keybus.contracts.bindings.go.names import KEYWORDS
from keybus.contracts.bindings.go.package import INDEX, Names, file_of
from keybus.contracts.bindings.go.source import CLIENT, Sources
from keybus.contracts.bindings.go.text import header
from keybus.contracts.bindings.shapes import Named, Shapes
from keybus.contracts.bindings.writing import with_data
from keybus.contracts.contract import Contract
from keybus.contracts.model.bundle import DATA_FILE
from keybus.errors import ContractError

__all__ = ["go_package"]
_SPECIAL = frozenset({"main", "documentation", "keybus", "_"})
_NOTHING: Mapping[str, str] = MappingProxyType({})


def go_package(
    contracts: Iterable[Contract],
    deprecated: Mapping[str, str] = _NOTHING,
    *,
    package: str,
) -> Mapping[str, bytes]:
    """The files of a Go package with a struct for each contract.

    Args:
        contracts: Of one repository.
        deprecated: Event types whose contracts are to be left, each with a sentence that says so.
        package: The package's name.

    Returns:
        File names, relative to the package, and their bytes. The same contracts always give the
        same bytes, and another event never changes an existing file other than the index.

    Raises:
        ContractError: Go cannot call a package so, or two files would have one name in it.
    """
    _check(package)
    shapes = Shapes(sorted(contracts, key=lambda contract: contract.type), enums=True)
    inner = {file: shapes.in_file(file) for file in shapes.documents}
    types = {file: named for file, named in inner.items() if named}
    names = Names(types)
    sources = Sources(package, Declarations(shapes), names, deprecated)
    files = {file_of(file, types[file]): sources.file(types[file]) for file in types}
    files[INDEX] = _index(package, chain.from_iterable(types.values()), names)
    return with_data(files, shapes.documents)


def _check(package: str) -> None:
    plain = package.isascii() and package.isidentifier() and package == package.lower()
    if not plain or package in KEYWORDS | _SPECIAL or package.endswith("_test"):
        raise ContractError(
            f"{package!r} cannot be the name of a Go package",
            hint="name another with --package: lower case letters and digits, and no keyword",
        )


def _index(package: str, types: Iterable[Named], names: Names) -> str:
    """The package's comment, its embedded contracts, and its events by their types."""
    events = [named for named in types if named.contract]
    cases = "".join(
        f"\tcase {names.of(named)}Type:\n\t\treturn new({names.of(named)})\n"
        for named in sorted(events, key=names.of)
    )
    return (
        f"{header()}// Package {package} has the events of a repository of contracts, which travels inside it.\n"
        f'package {package}\n\nimport (\n\t_ "embed"\n\n\tkeybus "{CLIENT}"\n)\n\n'
        f"//go:embed {DATA_FILE}\nvar contractsJSON []byte\n\n"
        "var contracts = keybus.NewBundle(contractsJSON)\n\n"
        "// ForType gives an empty event of a type, or nil where this package has none.\n"
        "func ForType(eventType string) keybus.Event {\n"
        f"\tswitch eventType {{\n{cases}\t}}\n\treturn nil\n}}\n"
    )
