"""``--from``: where the contracts come from that bindings are generated from."""

from pathlib import Path
from typing import Final

import click

from keybus.cli.contracts.reading import load
from keybus.cli.contracts.remote import RegistrySource, RemoteRegistry, check_sound, is_address
from keybus.contracts import Contract
from keybus.contracts.pinning import ContractSource, FolderSource, Offer, ReleasesSource
from keybus.contracts.releases import RELEASES, Releases
from keybus.errors import ContractError

FROM_FOLDER: Final = "folder"


class SoundReleases(ReleasesSource):
    """What was released in a folder, each contract held to the rules of a folder's once.

    A digest says who wrote a contract as little as that it fits them: releases may have been
    pulled, or be older than a rule.
    """

    def __init__(self, records: Releases, name: str) -> None:
        super().__init__(records, name)
        self._sound: set[str] = set()

    def contract(self, offer: Offer) -> Contract:
        """As it was released.

        Raises:
            BrokenContracts: It breaks a rule; bindings of it could be anything.
        """
        found = super().contract(offer)
        if offer.digest not in self._sound:
            check_sound(found, f"{offer.type} {offer.version} in {self.name}")
            self._sound.add(offer.digest)
        return found


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
        return SoundReleases(found, f"the releases in {folder}")
    if is_address(origin):
        return RegistrySource(RemoteRegistry(origin))
    raise click.UsageError(
        f"--from {origin}: say {FROM_FOLDER}, {RELEASES} or the address of a bus"
    )
