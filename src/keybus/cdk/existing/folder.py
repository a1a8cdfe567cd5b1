"""A folder with the platform and the contracts that were made of what stands on AWS."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from keybus.cdk.existing.inventory import NotCarried, Part
from keybus.cdk.existing.moving import Moved, Moving
from keybus.cdk.existing.wishes import Wishes
from keybus.contracts import ContractRepository
from keybus.contracts.draft_folder import DraftFolder
from keybus.contracts.exchange_formats.foreign import ForeignSchema, NoSchema
from keybus.contracts.exchange_formats.importing import Wish, imported, origin_of
from keybus.errors import ContractError, SettingsError
from keybus.topology.load import FILE, PYTHON_FILE
from keybus.topology.writing import platform_yaml

_CONTRACTS: Final = "contracts"
_LONGEST: Final = 255  # characters of a file's name


class Written(msgspec.Struct, frozen=True):
    """What was written.

    Attributes:
        file: The platform file.
        contracts: The drafts of contracts, by event type.
        kept: Types whose contracts were there already, and stayed.
        moved: The platform, and what is not in it.
    """

    file: Path
    contracts: Mapping[str, Path]
    kept: tuple[str, ...]
    moved: Moved


def check_free(folder: Path, *, force: bool = False) -> None:
    """See that no platform is in a folder, before anything is read for it.

    Args:
        folder: The folder, or where it is to be.
        force: Whether one may be written anew.

    Raises:
        SettingsError: There is one, or the folder cannot be read.
    """
    try:
        there = next(
            (folder / each for each in (FILE, PYTHON_FILE) if (folder / each).exists()), None
        )
    except OSError as error:
        raise SettingsError(f"{folder} cannot be read: {error.strerror}") from error
    if there is not None and not force:
        hint = "name another folder, or write it anew with --force"
        raise SettingsError(f"{there} is there already", hint=hint)


def move(
    parts: Sequence[Part], folder: Path, wishes: Wishes | None = None, *, force: bool = False
) -> Written:
    """Write what stands on AWS as a platform with its contracts.

    Args:
        parts: What was read; the first is of the bus's account.
        folder: Where to; contracts that are there already are used, and stay.
        wishes: What AWS does not know.
        force: Whether a platform and contracts that are there are written anew.

    Raises:
        SettingsError: Which bus is meant is not known, or a platform is there already.
        ContractError: The contracts that are there cannot be used, or nothing can be written.
    """
    check_free(folder, force=force)
    file = folder / FILE
    moving = Moving(parts, wishes)
    try:
        drafting = _Drafting(moving, folder / _CONTRACTS)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be read: {error.strerror}") from error
    for schema in (each for part in parts for each in part.schemas):
        drafting.add(schema, force=force)
    written = drafting.write(force=force)
    contracts = ContractRepository.load(folder / _CONTRACTS)
    moved = moving.platform(contracts, drafting.sources)
    try:
        file.write_text(platform_yaml(moved.platform), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from error
    lost = (*drafting.lost, *moved.not_carried, *_owned_by_nobody(moved, contracts))
    moved = replace(moved, not_carried=lost)
    return Written(file, written, tuple(drafting.kept), moved)


def _owned_by_nobody(moved: Moved, contracts: ContractRepository) -> Iterator[NotCarried]:
    """Owners of contracts that the platform has no account of."""
    owned: dict[str, list[str]] = {}
    for each in contracts.values():
        owned.setdefault(each.owner, []).append(each.type)
    for owner in sorted(owned.keys() - moved.platform.accounts.keys()):
        why = f"it owns {len(owned[owner])} contracts, and no account here is called so"
        hint = f"--account {owner}=ID says which it is"
        yield NotCarried(f"the account {owner}", why, hint)


class _Drafting:
    """Contracts of schemas."""

    def __init__(self, moving: Moving, folder: Path) -> None:
        self._moving = moving
        self._where = DraftFolder(folder)
        self._drafts: dict[str, dict[str, Any]] = {}
        self.sources: dict[str, str] = {}
        self.kept: list[str] = []
        self.lost: list[NotCarried] = []

    def add(self, schema: ForeignSchema, *, force: bool) -> None:
        """Draft a contract of a schema."""
        try:
            source, event_type = origin_of(schema)
            owner = self._moving.owner(source, event_type)
            made = imported(schema, self._where, Wish(owner=owner))
        except (NoSchema, ContractError) as error:
            hint = error.hint if isinstance(error, ContractError) else ""
            self.lost.append(NotCarried(f"the schema {schema.name}", str(error.args[0]), hint))
            return
        if len(Path(self._where.file_of(made.type)).name) > _LONGEST:
            hint = "keybus contracts import --type gives it another"
            self.lost.append(NotCarried(f"the schema {schema.name}", "its type is too long", hint))
            return
        if made.type in self._drafts:
            why = f"another one is of the type {made.type} as well"
            self.lost.append(NotCarried(f"the schema {schema.name}", why))
            return
        self.sources[made.type] = source
        if made.type in self._where.types and not force:
            self.kept.append(made.type)
        else:
            self._drafts[made.type] = made.document
        if made.type != event_type and event_type:
            why = f"no event type; the contract {made.type} holds for events that say so"
            hint = "subscriptions ask for what events say today, and such events have no contract"
            self.lost.append(NotCarried(f"the detail-type {event_type!r}", why, hint))

    def write(self, *, force: bool) -> Mapping[str, Path]:
        """Write the drafts, and a repository around them where there is none."""
        written = self._where.write(self._drafts, force=force)
        for event_type, faults in written.faults.items():
            subject = f"the contract {event_type}"
            self.lost += [NotCarried(subject, each.message, each.hint) for each in faults]
        return written.files
