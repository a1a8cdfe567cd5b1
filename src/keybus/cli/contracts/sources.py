"""``--from``: where the contracts come from that bindings are generated from."""

from pathlib import Path
from typing import Final

import click

from keybus.cli.contracts.reading import load
from keybus.cli.contracts.remote import RegistrySource, RemoteRegistry, is_address
from keybus.contracts.pinning import ContractSource, FolderSource, ReleasesSource
from keybus.contracts.releases import RELEASES, Releases
from keybus.errors import ContractError

FROM_FOLDER: Final = "folder"


def source_of(origin: str, folder: Path, *, as_json: bool = False) -> ContractSource:
    """What ``--from`` names.

    Args:
        origin: ``folder``, ``releases``, or the address of a bus.
        folder: The repository's folder.
        as_json: Whether a broken repository's faults are printed as JSON.

    Raises:
        UsageError: It is none of these.
        ContractError: Nothing was released.
        BrokenContracts: The releases have faults.
    """
    if origin == FROM_FOLDER:
        return FolderSource(load(folder, as_json=as_json))
    if origin == RELEASES:
        found = Releases.load(folder / RELEASES)
        if not found:
            raise ContractError(
                f"nothing was released in {folder}", hint="keybus contracts release"
            )
        return ReleasesSource(found, f"the releases in {folder}")
    if is_address(origin):
        return RegistrySource(RemoteRegistry(origin))
    raise click.UsageError(
        f"--from {origin}: say {FROM_FOLDER}, {RELEASES} or the address of a bus"
    )
