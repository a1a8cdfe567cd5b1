"""One TypeScript module: the types of a schema file."""

from collections.abc import Iterator, Mapping

from keybus.contracts.bindings.declared import Attribute, Declarations
from keybus.contracts.bindings.shapes import Named, Shapes
from keybus.contracts.bindings.typescript.layout import Word, alias, member
from keybus.contracts.bindings.typescript.names import imported_name, module_of, specifier
from keybus.contracts.bindings.typescript.text import (
    LINE,
    comment,
    header,
    literal,
    property_name,
    width,
)
from keybus.contracts.bindings.typescript.types import Types
from keybus.contracts.contract import Contract


class Module:
    """The module of one schema file.

    Args:
        shapes: The named types of all files.
        file: The file.
        deprecated: Event types whose contracts are to be left, each with a sentence that says so.
    """

    def __init__(self, shapes: Shapes, file: str, deprecated: Mapping[str, str]) -> None:
        self._declarations = Declarations(shapes)
        self._named = shapes.in_file(file)
        self._deprecated = deprecated
        self._path = module_of(file)
        self._types = Types(self._refer)
        self._imports: dict[
            tuple[str, str], str
        ] = {}  # module and name, and what it is called here

    def text(self) -> str:
        """The module's source."""
        blocks = [block for named in self._named for block in self._blocks(named)]
        imports = "".join(self._import_lines())
        if imports:
            blocks.insert(0, imports)
        client = 'import { eventType } from "@keybus/client";\n'
        if any(named.contract for named in self._named):
            blocks.insert(0, client)
        return header() + "\n".join(blocks)

    def _blocks(self, named: Named) -> Iterator[str]:
        yield self._interface(named) if named.is_class else self._alias(named)
        if named.contract is not None:
            yield self._event_type(named.name, named.contract)

    def _interface(self, named: Named) -> str:
        members = "".join(
            self._member(attribute, named.contract)
            for attribute in self._declarations.attributes(named)
        )
        body = f"{{\n{members}}}" if members else "{}"
        return f"{self._words(named)}export interface {named.name} {body}\n"

    def _member(self, attribute: Attribute, contract: Contract | None) -> str:
        written = self._types.of(attribute.declared)
        if contract is not None and attribute.name == "type":
            written = Word(literal(contract.type))
        mark = "" if attribute.required else "?"
        before = f"  readonly {property_name(attribute.name)}{mark}:"
        return f"{comment(attribute.description, '  ')}{member(before, written)}\n"

    def _alias(self, named: Named) -> str:
        written = self._types.of(self._declarations.of_alias(named))
        line = alias(f"export type {named.name} =", written)
        return f"{self._words(named)}{line}\n"

    def _words(self, named: Named) -> str:
        said = named.node.description or named.node.title
        return comment(said, deprecated=self._warning(named.contract))

    def _warning(self, contract: Contract | None) -> str:
        """Why events of a contract are to be left, as a sentence; empty where they are not."""
        said = self._deprecated.get(contract.type) if contract else None
        return f"{said}." if said else ""

    def _event_type(self, name: str, contract: Contract) -> str:
        """The value beside the interface, of the same name."""
        said = {
            "FILE": contract.file,
            "TYPE": contract.type,
            "VERSION": contract.version,
            "DIGEST": contract.digest,
            "OWNER": contract.owner,
        }
        if contract.type in self._deprecated:
            said["DEPRECATED"] = self._deprecated[contract.type]
        words = comment(
            f"Makes and reads `{contract.type}` events.", deprecated=self._warning(contract)
        )
        first = f"export const {name} = eventType<{name}>({{"
        fits = width(first) <= LINE
        if not fits:
            first = f"export const {name} =\n  eventType<{name}>({{"
        indent = "" if fits else "  "
        members = "".join(_constant(constant, value, indent) for constant, value in said.items())
        return f"{words}{first}\n{indent}  contracts,\n{members}{indent}}});\n"

    def _refer(self, named: Named) -> str:
        """The name of a type in this module; one of another module is imported."""
        path = module_of(named.file)
        if path == self._path:
            return named.name
        key = (path, named.name)
        if key not in self._imports:
            taken = {each.name for each in self._named} | set(self._imports.values())
            self._imports[key] = imported_name(named.name, named.file, taken)
        return self._imports[key]

    def _import_lines(self) -> Iterator[str]:
        if any(named.contract for named in self._named):
            yield f'import {{ contracts }} from "{specifier("contracts", self._path)}";\n'
        for path in sorted({path for path, _ in self._imports}):
            names = sorted(
                name if name == called else f"{name} as {called}"
                for (module, name), called in self._imports.items()
                if module == path
            )
            yield _import(names, specifier(path, self._path))


def _import(names: list[str], path: str) -> str:
    line = f'import type {{ {", ".join(names)} }} from "{path}";\n'
    if width(line) <= LINE + 1 or len(names) == 1:
        return line
    listed = "".join(f"  {name},\n" for name in names)
    return f'import type {{\n{listed}}} from "{path}";\n'


def _constant(name: str, value: str, indent: str) -> str:
    line = f"{indent}  {name}: {literal(value)},"
    if width(line) <= LINE:
        return f"{line}\n"
    return f"{indent}  {name}:\n{indent}    {literal(value)},\n"
