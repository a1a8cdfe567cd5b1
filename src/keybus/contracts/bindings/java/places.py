"""Where the classes of named types are: their packages, files and names."""

from typing import Final

import msgspec

from keybus.contracts.bindings.declared import Declarations, Declared, Literals, Scalar
from keybus.contracts.bindings.java.names import INTERNAL, folders_of, nested_name, type_name
from keybus.contracts.bindings.shapes import Named, Shapes
from keybus.contracts.locations import Location
from keybus.contracts.naming import class_of
from keybus.errors import ContractError

_MOST_CONSTANTS: Final = 1_000  # a class's initializer has at most 64 KiB


class Place(msgspec.Struct, frozen=True):
    """Where a class is.

    Attributes:
        package: Its package.
        outer: The class of its schema file.
        name: Its name; the outer class's own where it is that.
    """

    package: str
    outer: str
    name: str

    @property
    def is_nested(self) -> bool:
        """Whether it stands within its file's class."""
        return self.name != self.outer

    @property
    def simple(self) -> str:
        """The name as a file that imports the outer class writes it."""
        return f"{self.outer}.{self.name}" if self.is_nested else self.name


class Places:
    """The places of every class of a package.

    Args:
        shapes: The named types.
        package: The generated package.

    Raises:
        ContractError: Two files would be one, at least where case does not count.
    """

    def __init__(self, shapes: Shapes, package: str) -> None:
        self._package = package
        self._declarations = Declarations(shapes)
        self._types = {file: shapes.in_file(file) for file in shapes.documents}
        self._shared = {file: self._shared_name(file) for file in shapes.documents}
        self._by_type: dict[tuple[str, str], Place] = {}
        files: dict[str, str] = {}
        for file in shapes.documents:
            places = self._placed(file)
            for named, place in places.items():
                self._by_type[named.file, named.name] = place
            if places:
                self._refuse_same(files, file)

    def of(self, named: Named) -> Place:
        """Where a type has its class."""
        return self._by_type[named.file, named.name]

    def has_class(self, named: Named) -> bool:
        """Whether a type has a class: an object, or a list of texts."""
        return (named.file, named.name) in self._by_type

    def in_file(self, file: str) -> list[Named]:
        """The types of a schema file that have classes; what the file itself is comes first."""
        return [named for named in self._types[file] if self.has_class(named)]

    def package_of(self, file: str) -> str:
        """The package of a file's class."""
        return ".".join((self._package, *folders_of(file)))

    def internal_of(self, file: str) -> str:
        """The package of what a file's class keeps to itself."""
        return ".".join((self._package, INTERNAL, *folders_of(file)))

    def outer_of(self, file: str) -> str:
        """The name of a file's class."""
        return type_name(self._shared[file])

    def listed(self, named: Named) -> "Listed | None":
        """The texts that a type lists, or None where it is something else."""
        return None if named.is_class else listed(self._declarations.of_alias(named))

    def _placed(self, file: str) -> dict[Named, Place]:
        package, outer = self.package_of(file), self.outer_of(file)
        shared = self._shared[file]
        in_event = any(named.contract for named in self._types[file] if not named.place.pointer)
        places: dict[Named, Place] = {}
        for named in self._types[file]:
            if not named.is_class and self.listed(named) is None:
                continue
            taken = [outer, *(place.name for place in places.values())]
            is_outer = not named.place.pointer
            inner = nested_name(named.name, shared, taken, in_event=in_event)
            name = outer if is_outer else inner
            places[named] = Place(package, outer, name)
        return places

    def _shared_name(self, file: str) -> str:
        """The name of a file's class that all languages share, whether it has one or not."""
        roots = (named.contract for named in self._types[file] if not named.place.pointer)
        contract = next(roots, None)
        return class_of(Location(file), contract.title if contract else "")

    def _refuse_same(self, files: dict[str, str], file: str) -> None:
        path = f"{self.package_of(file)}.{self.outer_of(file)}"
        other = files.setdefault(path.lower(), file)
        if other != file:
            raise ContractError(
                f"{other} and {file} would both be {path}.java where case does not count",
                hint="name one of them otherwise, or generate each into a package of its own"
                " with --event",
            )


class Listed(msgspec.Struct, frozen=True):
    """A list of texts.

    Attributes:
        values: The texts, in the contract's order.
        grows: Whether readers take others as well.
    """

    values: tuple[str, ...]
    grows: bool


def listed(declared: Declared) -> Listed | None:
    """The texts that a value may be one of; None where it may be something else, or too many."""
    literals = [part for part in declared.parts if isinstance(part, Literals)]
    others = [part for part in declared.parts if not isinstance(part, Literals)]
    if len(literals) != 1 or others not in ([], [Scalar("string")]):
        return None
    values = tuple(value for value in literals[0].values if isinstance(value, str))
    if len(values) != len(literals[0].values) or len(values) > _MOST_CONSTANTS:
        return None
    return Listed(values, bool(others))
