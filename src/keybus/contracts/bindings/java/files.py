"""One Java file: what a schema file declares, and what that needs to be imported."""

import re
from collections.abc import Mapping
from textwrap import indent
from typing import Final

from keybus.contracts.bindings.declared import Declarations
from keybus.contracts.bindings.java.classes import (
    EventHead,
    event_class,
    holder_class,
    object_class,
)
from keybus.contracts.bindings.java.listings import listing
from keybus.contracts.bindings.java.members import members_of
from keybus.contracts.bindings.java.names import folders_of
from keybus.contracts.bindings.java.places import Places
from keybus.contracts.bindings.java.schemas import grows, schema_name
from keybus.contracts.bindings.java.text import header
from keybus.contracts.bindings.java.types import JavaTypes
from keybus.contracts.bindings.shapes import Named, Shapes

_LIBRARY: Final = {
    name: f"{package}.{name}"
    for package, names in {
        "com.fasterxml.jackson.databind": "JsonNode",
        "dev.keybus": "EventBuilder EventContract Fields InvalidEventException Json KeybusEvent"
        " KeybusObject ObjectBuilder OpenValue WireValue",
        "java.math": "BigDecimal BigInteger",
        "java.util": "List Map Optional",
    }.items()
    for name in names.split()
}
_NOT_CODE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|/\*\*.*?\*/', re.DOTALL)
_WORD: Final = re.compile(r"(?<![\w.])[^\W\d]\w*")


class ClassFile:
    """The Java file of a schema file.

    Args:
        shapes: The named types.
        places: Where each has its class.
        file: The schema file.
        deprecated: Event types whose contracts are to be left, each with a sentence that says so.

    Attributes:
        name: The Java file, relative to the generated package.
    """

    def __init__(
        self, shapes: Shapes, places: Places, file: str, deprecated: Mapping[str, str]
    ) -> None:
        self._places, self._file, self._deprecated = places, file, deprecated
        self._package, self._outer = places.package_of(file), places.outer_of(file)
        self._types = places.in_file(file)
        self._own = {places.of(named).name for named in self._types} | {self._outer}
        self._imports: dict[str, str] = {}  # simple name to full name
        self._declarations = Declarations(shapes)
        self._java = JavaTypes(shapes, places, self._refer)
        self.name = "/".join((*folders_of(file), f"{self._outer}.java"))

    def text(self) -> str:
        """The file's source."""
        inner = [
            "\n" + indent(self._class(named), "  ")
            for named in self._types
            if self._places.of(named).is_nested
        ]
        top = next((each for each in self._types if not self._places.of(each).is_nested), None)
        body = (
            holder_class(self._outer, self._file, "".join(inner))
            if top is None
            else self._class(top, "".join(inner))
        )
        imports = "".join(f"import {name};\n" for name in sorted(self._imported(body)))
        between = "\n" if imports else ""
        return f"{header()}\npackage {self._package};\n\n{imports}{between}{body}"

    def _class(self, named: Named, inner: str = "") -> str:
        place = self._places.of(named)
        static = "static " if place.is_nested else ""
        listed = self._places.listed(named)
        if listed is not None:
            words = named.node.description or named.node.title or "One of the values listed."
            return listing(place.name, words, listed, inner, static)
        members = members_of(self._declarations.attributes(named), self._java)
        words = named.node.description or named.node.title or "An object of the contract."
        if named.contract is None:
            return object_class(place.name, words, members, inner, static)
        package = self._places.internal_of(self._file)
        schema = self._imported_as(package, schema_name(self._places, named.contract))
        warning = self._deprecated.get(named.contract.type, "")
        head = EventHead(named.contract, schema, grows(named.contract), warning)
        return event_class(place.name, words, head, members, inner)

    def _refer(self, named: Named) -> str:
        """The expression for a type's class from here; imports it where it must and can."""
        place = self._places.of(named)
        if named.file == self._file:
            return place.name
        return self._imported_as(place.package, place.outer) + place.simple.removeprefix(
            place.outer
        )

    def _imported_as(self, package: str, name: str) -> str:
        """A class's name from here: the simple one, unless that is another's."""
        full = f"{package}.{name}"
        if name in self._own or self._imports.setdefault(name, full) != full:
            return full
        return name

    def _imported(self, body: str) -> set[str]:
        """The full names of what the source uses by its simple name."""
        words = set(_WORD.findall(_NOT_CODE.sub("", body)))
        named = {**self._imports, **{name: _LIBRARY[name] for name in words & _LIBRARY.keys()}}
        return {
            full
            for name, full in named.items()
            if name in words and name not in self._own and full.rpartition(".")[0] != self._package
        } | ({_LIBRARY["InvalidEventException"]} if "@throws InvalidEvent" in body else set())
