"""The group of commands."""

from typing import Final

import click

from keybus.cli.lazy import LazyGroup

_ROOM: Final = "keybus.cli.contracts"
COMMANDS: Final = {
    "activate": (f"{_ROOM}.deprecating", "activate"),
    "approve": (f"{_ROOM}.deciding", "approve"),
    "can-release": (f"{_ROOM}.impact", "can_release"),
    "can-remove": (f"{_ROOM}.removing", "can_remove"),
    "check": (f"{_ROOM}.checking", "check"),
    "deprecate": (f"{_ROOM}.deprecating", "deprecate"),
    "diff": (f"{_ROOM}.checking", "diff"),
    "discover": (f"{_ROOM}.discovering", "discover"),
    "export": (f"{_ROOM}.exporting", "export"),
    "generate": (f"{_ROOM}.generating", "generate"),
    "import": (f"{_ROOM}.importing", "import_"),
    "lifecycle": (f"{_ROOM}.ending", "lifecycle"),
    "lint": (f"{_ROOM}.linting", "lint"),
    "list": (f"{_ROOM}.listing", "list_"),
    "migrate": (f"{_ROOM}.migrating", "migrate"),
    "migrations": (f"{_ROOM}.migrating", "migrations"),
    "new": (f"{_ROOM}.scaffolding", "new"),
    "outdated": (f"{_ROOM}.outdated", "outdated"),
    "pending": (f"{_ROOM}.deciding", "pending"),
    "publish": (f"{_ROOM}.publishing", "publish"),
    "pull": (f"{_ROOM}.pulling", "pull"),
    "reject": (f"{_ROOM}.deciding", "reject"),
    "release": (f"{_ROOM}.releasing", "release"),
    "releases": (f"{_ROOM}.releasing", "releases"),
    "retire": (f"{_ROOM}.ending", "retire"),
    "search": (f"{_ROOM}.searching", "search"),
    "show": (f"{_ROOM}.listing", "show"),
    "status": (f"{_ROOM}.standing", "status"),
    "sunset": (f"{_ROOM}.ending", "sunset"),
    "usage": (f"{_ROOM}.usage", "usage"),
    "violations": (f"{_ROOM}.violations", "violations"),
}


@click.group(cls=LazyGroup, commands_at=COMMANDS)
def contracts() -> None:
    """Event contracts: what events look like, and who owns them."""
