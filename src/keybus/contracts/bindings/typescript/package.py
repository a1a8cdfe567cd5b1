"""A package of TypeScript modules: event types that carry and enforce their contracts."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from keybus.contracts.bindings.shapes import Shapes
from keybus.contracts.bindings.typescript.module import Module
from keybus.contracts.bindings.typescript.names import module_of
from keybus.contracts.bindings.typescript.text import LINE, comment, header, literal, width
from keybus.contracts.bindings.writing import with_data
from keybus.contracts.contract import Contract
from keybus.contracts.documents import canonical_json

_NOTHING: Mapping[str, str] = MappingProxyType({})


def typescript_package(
    contracts: Iterable[Contract], deprecated: Mapping[str, str] = _NOTHING, *, package: str = "."
) -> Mapping[str, bytes]:
    """The files of a package with an interface and an event type for each contract.

    Args:
        contracts: Of one repository.
        deprecated: Event types whose contracts are to be left, each with a sentence that says so.
        package: Its name, which is that of its folder.

    Returns:
        File names, relative to the package, and their bytes. The same contracts always give the
        same bytes, and another event never changes an existing module.
    """
    chosen = sorted(contracts, key=lambda contract: contract.type)
    shapes = Shapes(chosen, enums=True)
    files = {"index.ts": _index(chosen, package), "contracts.ts": _contracts(shapes)}
    for file in shapes.documents:
        if shapes.in_file(file):
            files[f"{module_of(file)}.ts"] = Module(shapes, file, deprecated).text()
    return with_data(files, indent=2)  # as prettier has it


def _index(contracts: Sequence[Contract], package: str) -> str:
    exports = "".join(
        f'export {{ {contract.title} }} from "./{module_of(contract.file)}.js";\n'
        for contract in contracts
    )
    return f"{header()}{comment(f'The events of {package}.')}\n{exports}"


def _contracts(shapes: Shapes) -> str:
    documents = "".join(
        _member(file, canonical_json(document).decode())
        for file, document in sorted(shapes.documents.items())
    )
    return (
        f'{header()}import {{ Contracts }} from "@keybus/client";\n\n'
        + comment("The contracts of this package: the text of every schema file, by its name.")
        + f"export const contracts = new Contracts({{\n{documents}}});\n"
    )


def _member(name: str, value: str) -> str:
    line = f"  {literal(name)}: {literal(value)},\n"
    if width(line) <= LINE:
        return line
    return f"  {literal(name)}:\n    {literal(value)},\n"
