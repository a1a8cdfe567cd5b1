"""Java bindings: a package of event classes that carry and enforce their contracts."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from keybus.contracts.bindings.java.files import ClassFile
from keybus.contracts.bindings.java.names import check_package
from keybus.contracts.bindings.java.places import Places
from keybus.contracts.bindings.java.schemas import schema_class, schema_file
from keybus.contracts.bindings.java.text import header
from keybus.contracts.bindings.shapes import Shapes
from keybus.contracts.bindings.writing import with_data
from keybus.contracts.contract import Contract

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def java_package(
    contracts: Iterable[Contract], deprecated: Mapping[str, str] = _NOTHING, *, package: str
) -> Mapping[str, bytes]:
    """The files of a Java package with a class for each contract.

    Args:
        contracts: Of one repository.
        deprecated: Event types whose contracts are to be left, each with a sentence that says so.
        package: The package, such as ``com.example.events``.

    Returns:
        File names, relative to the package's own folder, and their bytes. The same contracts
        always give the same bytes, and another event never changes an existing class.

    Raises:
        ContractError: No Java package can have that name, or two files would have one name.
    """
    check_package(package)
    chosen = sorted(contracts, key=lambda contract: contract.type)
    shapes = Shapes(chosen, enums=True)
    places = Places(shapes, package)
    files = {"package-info.java": _package_info(package)}
    for file in shapes.documents:
        if places.in_file(file):
            written = ClassFile(shapes, places, file, deprecated)
            files[written.name] = written.text()
    for contract in chosen:
        files[schema_file(places, contract)] = schema_class(places, contract)
    return with_data(files, shapes.documents)


def _package_info(package: str) -> str:
    words = "/** Event classes, each bound to its contract. */\n"
    return f"{header()}\n{words}package {package};\n"
