"""TypeScript's names: of a schema file's module, and of what a module imports.

Types keep the names that `keybus.contracts.naming` gives them, and properties the contract's own.
"""

from collections.abc import Set as AbstractSet
from typing import Final

from keybus.contracts.naming import pascal, words_of

OWN_MODULES: Final = frozenset({"index", "contracts"})
"""Modules that every package has, at its top."""


def module_of(file: str) -> str:
    """The module of a schema file, without an ending: ``core/EventType.json`` becomes
    ``core/event-type``.
    """  # noqa: D205 - one sentence
    *folders, name = file.removesuffix(".json").split("/")
    path = "/".join(_kebab(part) for part in (*folders, name))
    return f"{path}_" if path in OWN_MODULES else path


def specifier(module: str, importer: str) -> str:
    """How one module of a package imports another.

    Args:
        module: The other's path in the package.
        importer: The path of the one that imports.
    """
    depth = importer.count("/")
    return f"{'../' * depth or './'}{module}.js"


def imported_name(name: str, file: str, taken: AbstractSet[str]) -> str:
    """What a module calls a type of another: its own name, or one with its file's path before it.

    Args:
        name: The type's name in its own module.
        file: Its schema file.
        taken: Names that the importing module has already.
    """
    free = name
    folders = file.split("/")[:-1]
    while free in taken:
        free = f"{pascal(folders.pop())}{free}" if folders else f"{free}_"
    return free


def _kebab(part: str) -> str:
    return "-".join(word.lower() for word in words_of(part)) or "schema"
