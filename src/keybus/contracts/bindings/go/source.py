"""The Go file of one schema file."""

from collections.abc import Iterator, Mapping, Sequence

from keybus.contracts.bindings.declared import Declarations, Literals
from keybus.contracts.bindings.go.names import value_name
from keybus.contracts.bindings.go.package import CONSTANTS, Names, contract_of
from keybus.contracts.bindings.go.structs import Structs
from keybus.contracts.bindings.go.text import columns, comment, header, literal
from keybus.contracts.bindings.go.types import GoType, Types
from keybus.contracts.bindings.shapes import Named
from keybus.contracts.contract import Contract

CLIENT = "keybus.dev/client"
"""The module whose package `keybus` generated code uses."""


class Sources:
    """Writes the files of one package.

    Args:
        package: The package's name.
        declarations: What values are declared to be.
        names: The package's names.
        deprecated: Event types that are to be left, each with a sentence that says so.
    """

    def __init__(
        self,
        package: str,
        declarations: Declarations,
        names: Names,
        deprecated: Mapping[str, str],
    ) -> None:
        self._package = package
        self._declarations = declarations
        self._names = names
        self._deprecated = deprecated
        self._types = Types(declarations, names.of)
        self._structs = Structs(declarations, self._types)

    def file(self, types: Sequence[Named]) -> str:
        """The source of a file with these types; they are all of one schema file."""
        blocks = [block for named in types for block in self._blocks(named, types)]
        body = "\n".join(blocks)
        return f"{header()}package {self._package}\n\n{_imports(body)}{body}"

    def _blocks(self, named: Named, types: Sequence[Named]) -> Iterator[str]:
        if named.contract:
            yield from self._event(named, named.contract)
        elif named.is_class:
            yield self._struct(named, self._words(named, types))
            yield from self._methods(named)
        else:
            yield from self._alias(named, types)

    def _event(self, named: Named, contract: Contract) -> Iterator[str]:
        name = self._names.of(named)
        warning = self._deprecated.get(contract.type, "")
        words = [f"{name} is the event {contract.type}.", named.node.description]
        yield self._struct(named, [*words, f"Deprecated: {warning}." if warning else ""])
        said = [contract.type, contract.version, contract.digest, contract.owner]
        rows = [
            (f"{name}{suffix}", "=", literal(value))
            for suffix, value in zip(CONSTANTS, said, strict=True)
        ]
        yield f"// The contract of {name}.\nconst (\n{columns(rows)})\n"
        yield self._contract_method(name, contract, warning)
        yield from self._methods(named)

    def _struct(self, named: Named, words: Sequence[str]) -> str:
        name = self._names.of(named)
        return f"{comment(words)}type {name} struct {{\n{self._structs.body(named)}}}\n"

    def _contract_method(self, name: str, contract: Contract, warning: str) -> str:
        rows = [(f"{field}:", f"{name}{field},") for field in CONSTANTS]
        if warning:
            rows.append(("Deprecated:", literal(warning) + ","))
        rows.append(("Schema:", f"contracts.Schema({literal(contract.file)}),"))
        return (
            f"// KeybusContract says which contract the event is bound to.\n"
            f"func (*{name}) KeybusContract() keybus.Contract {{\n"
            f"\treturn keybus.Contract{{\n{columns(rows, chr(9) * 2)}\t}}\n}}\n"
        )

    def _methods(self, named: Named) -> Iterator[str]:
        name = self._names.of(named)
        receiver = name[0].lower() if name[0].lower().isascii() else "v"
        yield (
            "// MarshalJSON implements json.Marshaler.\n"
            f"func ({receiver} {name}) MarshalJSON() ([]byte, error) {{\n"
            f"\treturn keybus.MarshalRecord({receiver})\n}}\n"
        )
        yield (
            "// UnmarshalJSON implements json.Unmarshaler.\n"
            f"func ({receiver} *{name}) UnmarshalJSON(text []byte) error {{\n"
            f"\treturn keybus.UnmarshalRecord(text, {receiver})\n}}\n"
        )

    def _alias(self, named: Named, types: Sequence[Named]) -> Iterator[str]:
        name, stands_for = self._names.of(named), self._types.of_alias(named)
        words = self._words(named, types)
        declared = self._declarations.of_alias(named)
        listed = next((part for part in declared.parts if isinstance(part, Literals)), None)
        if listed is None or stands_for.shape == "raw":
            alternatives = self._types.alternatives(declared)
            if stands_for.shape == "raw" and len(alternatives) > 1:
                words.append(f"It is one of: {', '.join(alternatives)}.")
            yield f"{comment(words)}{_declaration(name, stands_for)}"
            return
        if named.node.extensible:
            words.append("The list may grow: there are values to come that are not among these.")
        yield f"{comment(words)}type {name} {stands_for.text}\n"
        yield self._constants(named, listed)

    def _constants(self, named: Named, listed: Literals) -> str:
        name = self._names.of(named)
        rows = []
        for index, value in enumerate(listed.values):
            constant = self._names.constant(named, f"{name}{value_name(value, index)}")
            shown = literal(value) if isinstance(value, str) else str(value).lower()
            rows.append((constant, name, f"= {shown}"))
        return f"// The values of {name}.\nconst (\n{columns(rows)})\n"

    def _words(self, named: Named, types: Sequence[Named]) -> list[str]:
        """The comment of a type that is no event."""
        name, node = self._names.of(named), named.node
        top = types[0]
        whole = top is named or (top.place.pointer and not contract_of(types))
        said = f"declared in {named.file}" if whole else f"part of {self._names.of(top)}"
        return [f"{name} is {said}.", node.description]


def _declaration(name: str, stands_for: GoType) -> str:
    """The declaration of an alias; a list or a map is a type of its own, as it may hold itself."""
    own = "" if stands_for.shape in ("slice", "map") else "= "
    return f"type {name} {own}{stands_for.text}\n"


def _imports(body: str) -> str:
    """The packages that a file uses."""
    json, client = "json.RawMessage" in body, "keybus." in body
    wanted = (('"encoding/json"', json), (f'keybus "{CLIENT}"', client))
    lines = [line for line, used in wanted if used]
    if len(lines) < 2:  # noqa: PLR2004 - one needs no brackets
        return "".join(f"import {line}\n\n" for line in lines)
    return "import (\n\t" + "\n\n\t".join(lines) + "\n)\n\n"
