"""Python bindings: a package of event classes that carry and enforce their contracts."""

import keyword
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from keybus.contracts.bindings.annotations import annotation, is_literal, literals
from keybus.contracts.bindings.declared import Attribute, Declarations, Declared, Literals
from keybus.contracts.bindings.shapes import Named, Shapes
from keybus.contracts.bindings.text import docstring, fitting, header, literal
from keybus.contracts.bindings.writing import with_data
from keybus.contracts.contract import Contract
from keybus.contracts.model.fields import ALWAYS
from keybus.contracts.naming import RESERVED, module_of, python_names
from keybus.contracts.view import Node, Sites
from keybus.errors import ContractError

_NOTHING: Mapping[str, str] = MappingProxyType({})
_BUILTINS = frozenset({"str", "int", "float", "bool", "_t", "_keybus", "_BUNDLE"})


def python_package(
    contracts: Iterable[Contract], deprecated: Mapping[str, str] = _NOTHING, *, package: str = "_"
) -> Mapping[str, bytes]:
    """The files of a package with a class for each contract.

    Args:
        contracts: Of one repository.
        deprecated: Event types whose contracts are to be left, each with a sentence that says so.
        package: Its name, which is that of its folder.

    Returns:
        File names, relative to the package, and their bytes. The same contracts always give the
        same bytes, and another event never changes an existing module.

    Raises:
        ContractError: Python cannot import what has this name.
    """
    if not package.isidentifier() or keyword.iskeyword(package):
        raise ContractError(
            f"{package!r} cannot be the name of a package",
            hint="Python must be able to import it: letters, digits, underscores, and no keyword",
        )
    chosen = sorted(contracts, key=lambda contract: contract.type)
    shapes = Shapes(chosen)
    files = {"__init__.py": _package(chosen), "_bundle.py": _bundle(), "py.typed": ""}
    for file in shapes.documents:
        path = module_of(file)
        files["/".join(path) + ".py"] = _Module(shapes, file, deprecated).text()
        for depth in range(1, len(path)):
            folder = "/".join(path[:depth])
            files[f"{folder}/__init__.py"] = header() + docstring(f"Bindings of {folder}.")
    return with_data(files, shapes.documents)


def _bundle() -> str:
    return (
        header()
        + docstring("The contracts of this package.")
        + "\nfrom keybus.contracts import Bundle\n\n"
        + 'BUNDLE = Bundle(__name__.rpartition(".")[0])\n'
    )


def _package(contracts: Sequence[Contract]) -> str:
    names = sorted(contract.title for contract in contracts)
    imports = [
        f"from .{'.'.join(module_of(contract.file))} import {contract.title}\n"
        for contract in contracts
    ]
    exported = "".join(f'    "{name}",\n' for name in names)
    return (
        header()
        + docstring("Event classes, each bound to its contract.")
        + "\nimport typing as _t\n\nfrom keybus import contracts as _keybus\n\n"
        + "".join(imports)
        + f"\n__all__ = [\n{exported}]\n\n"
        + "if not _t.TYPE_CHECKING:\n\n"
        + "    def __getattr__(name):\n"
        + "        raise _keybus.unknown_export(__name__, name, __all__)\n"
    )


class _Module:
    """One schema file's module."""

    def __init__(self, shapes: Shapes, file: str, deprecated: Mapping[str, str]) -> None:
        self._shapes = shapes
        self._deprecated = deprecated
        self._file = file
        self._path = module_of(file)
        self._imports: dict[str, str] = {}  # alias to import statement
        self._declarations = Declarations(shapes)
        self._types = shapes.in_file(file)

    def text(self) -> str:
        """The module's source."""
        blocks = [
            self._class(named) if named.is_class else self._alias(named) for named in self._types
        ]
        dots = "." * len(self._path)
        parts = [header(), docstring(f"Bindings of {self._file}."), "\n"]
        body = "".join(f"\n\n{block}" for block in blocks)
        parts.append("from __future__ import annotations\n")
        if "_t." in body or self._imports:
            parts.append("\nimport typing as _t\n")
        if any(named.is_class for named in self._types):
            parts.append("\nfrom keybus import contracts as _keybus\n\n")
            parts.append(f"from {dots}_bundle import BUNDLE as _BUNDLE\n")
        if self._imports:
            lines = "".join(f"    {line}\n" for line in sorted(self._imports.values()))
            parts.append(f"\nif _t.TYPE_CHECKING:\n{lines}")
        if not blocks:
            return f"{parts[0]}{parts[1]}\n# A plain value: it needs no name of its own.\n"
        # One blank line before an alias, two before a class, as formatters have it.
        parts.append(body if self._types[0].is_class else body.removeprefix("\n"))
        return "".join(parts)

    def _refer(self, named: Named) -> str:
        if named.file == self._file:
            return named.name
        path = module_of(named.file)
        # No property begins with two underscores, and no part of a path has two in a row.
        alias = "__" + "__".join(path)
        folder = "." * len(self._path) + ".".join(path[:-1])
        self._imports[alias] = f"from {folder} import {path[-1]} as {alias}"
        return f"{alias}.{named.name}"

    def _alias(self, named: Named) -> str:
        declared = self._declarations.of_alias(named)
        only = declared.only
        if isinstance(only, Literals) and is_literal(only) and not declared.null:
            # A value at run time too, so that its members can be listed.
            shown = fitting(f"{named.name}: _t.TypeAlias = _t.Literal[", literals(only), "]")
        else:
            shown = f"{named.name}: _t.TypeAlias = {literal(self._annotation(declared))}"
        words = named.node.description or named.node.title
        return f"{shown}\n" + (docstring(words) if words else "")

    def _annotation(self, declared: Declared) -> str:
        return annotation(declared, self._refer)

    def _class(self, named: Named) -> str:
        node, contract = named.node, named.contract
        warning = self._deprecated.get(contract.type, "") if contract else ""
        event = "_keybus.DeprecatedEvent" if warning else "_keybus.Event"
        base = event if contract else "_keybus.Record"
        fields = list(self._fields(named))
        names = self._python_names(node)
        bases = [base, "bundle=_BUNDLE", f"schema={_schema(node.key)}"]
        lines = [fitting(f"class {named.name}(", bases, "):") + "\n"]
        lines.append(docstring(self._words(node, names, warning), "    "))
        lines.append("\n    __slots__ = ()\n\n")
        if contract:
            lines += [*_constants(contract, warning), "\n"]
        return "".join(lines + fields)

    def _words(self, node: Node, names: Mapping[str, str], warning: str) -> str:
        """A class's docstring: what it is, and each property that the contract describes."""
        text = node.description or node.title or "An object of the contract."
        if warning:
            text += f"\n\nDeprecated: {warning}."
        described = [
            (names[name], self._shapes.node(sites).description)
            for name, sites in node.properties.items()
        ]
        lines = [f"    {name}: {' '.join(words.split())}" for name, words in described if words]
        return "\n".join([text, "", "Attributes:", *lines]) if lines else text

    def _python_names(self, node: Node) -> Mapping[str, str]:
        taken = RESERVED | _BUILTINS | {named.name for named in self._types}
        return python_names(node.properties, taken)

    def _fields(self, named: Named) -> Iterator[str]:
        names = self._python_names(named.node)
        for each in self._declarations.attributes(named):
            shown, default = self._field(each)
            attribute, value = names[each.name], default
            if attribute != each.name:
                given = f", default={default}" if default else ""
                value = f"_keybus.field(name={literal(each.name)}{given})"
            yield f"    {attribute}: {shown}" + (f" = {value}\n" if value else "\n")

    def _field(self, each: Attribute) -> tuple[str, str]:
        """A field's annotation, and its default or nothing."""
        declared = each.declared
        shown = self._annotation(declared)
        if each.filled and each.name in ALWAYS:
            plain = each.name == "publisher" or isinstance(declared.only, Literals)
            return shown if plain else "str", "_keybus.FILLED"
        if each.required:
            return shown, "_keybus.FILLED" if each.filled else ""
        if not declared.is_anything:
            shown = self._annotation(msgspec.structs.replace(declared, null=True))
        if each.filled:
            return shown, "_keybus.FILLED"
        if declared.is_anything:
            return shown, "_keybus.UNSET"
        if each.nullable:
            return f"{shown} | _keybus.UnsetType", "_keybus.UNSET"
        return shown, "None"


def _constants(contract: Contract, warning: str) -> Iterator[str]:
    """What an event class says of its contract."""
    said = {
        "TYPE": contract.type,
        "VERSION": contract.version,
        "DIGEST": contract.digest,
        "OWNER": contract.owner,
    }
    if warning:
        said["DEPRECATED"] = warning
    for constant, value in said.items():
        yield f"    {constant}: _t.ClassVar[str] = {literal(value)}\n"


def _schema(key: Sites) -> str:
    """Places as a generated class names them: relative URI references."""
    places = [literal(place.reference) for place in key]
    return places[0] if len(places) == 1 else f"({', '.join(places)})"
