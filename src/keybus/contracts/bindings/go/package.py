"""The names of one package: of its types, its constants and its files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from keybus.contracts.bindings.go.names import exported, free, joined
from keybus.contracts.bindings.shapes import Named
from keybus.contracts.contract import Contract
from keybus.contracts.naming import module_of
from keybus.errors import ContractError

INDEX: Final = "contracts.go"
"""The file that embeds the contracts and lists the events."""

CONSTANTS: Final = ("Type", "Version", "Digest", "Owner")
"""What is said of an event's contract; each constant is the event's name with one of these."""

_OWN: Final = ("ForType",)
_ITSELF: Final = "the package itself"
_SYSTEMS: Final = frozenset(
    {"aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux"}
    | {"nacl", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos", "unix"}
    | {"386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips"}
    | {"mipsle", "mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le"}
    | {"riscv", "riscv64", "s390", "s390x", "sparc", "sparc64", "wasm", "test"}
)
"""Last words of a file's name that keep it out of a build (``go help buildconstraint``)."""


class Names:
    """Which type is called what, worked out from each one's own file.

    Args:
        types: The named types of each schema file that has any.

    Raises:
        ContractError: Two files would have one name in the package.
    """

    def __init__(self, types: Mapping[str, Sequence[Named]]) -> None:
        self._types: dict[tuple[str, str], str] = {}
        self._users: dict[str, str] = dict.fromkeys(_OWN, _ITSELF)
        self._taken: dict[str, set[str]] = {file: set() for file in types}
        for file in types:
            for name in self._name_types(file, types[file]):
                self._claim(name, file)
        _claim_files(types)

    def of(self, named: Named) -> str:
        """The Go name of a type."""
        return self._types[named.file, named.name]

    def constant(self, named: Named, name: str) -> str:
        """Take a name for a constant of a type: this one, or the first that its file has free.

        Raises:
            ContractError: Another file has it.
        """
        found = free(name, self._taken[named.file])
        self._claim(found, named.file)
        return found

    def _claim(self, name: str, file: str) -> None:
        self._taken[file].add(name)
        user = self._users.setdefault(name, file)
        if user != file:
            raise ContractError(
                f"{user} and {file} would both be {name} in Go",
                hint="rename one of the files, its folder, or what is declared there; or generate "
                "them into packages of their own, with --event",
            )

    def _name_types(self, file: str, types: Sequence[Named]) -> Iterator[str]:
        """Every name of a file's types, and of the constants of its event."""
        used: set[str] = set()
        folders = [] if contract_of(types) else [joined(part) for part in file.split("/")[:-1]]
        for named in types:
            name = exported(" ".join([*folders, named.name]))
            if named.contract:
                constants = {f"{name}{constant}" for constant in CONSTANTS}
                used |= constants
                yield from sorted(constants)
            elif name in used:
                name += "Value"
            name = free(name, used)
            used.add(name)
            self._types[file, named.name] = name
            yield name


def _claim_files(types: Mapping[str, Sequence[Named]]) -> None:
    users = {INDEX: _ITSELF}
    for file in types:
        name = file_of(file, types[file])
        user = users.setdefault(name, file)
        if user != file:
            raise ContractError(
                f"{user} and {file} would both be the file {name}", hint="rename one of them"
            )


def file_of(file: str, types: Iterable[Named]) -> str:
    """The Go file of a schema file: an event's is named after its type, another after its path."""
    contract = contract_of(types)
    name = contract.type.replace(".", "_") if contract else "_".join(module_of(file))
    name = name.strip("_") or "schema"
    return f"{name}_schema.go" if name.rpartition("_")[2] in _SYSTEMS else f"{name}.go"


def contract_of(types: Iterable[Named]) -> Contract | None:
    """The contract of a file's event, or None."""
    return next((named.contract for named in types if named.contract), None)
