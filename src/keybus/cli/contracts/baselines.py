"""What a repository is compared with: releases, a git revision, another folder, or a registry."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import click

from keybus.cli.contracts.remote import RemoteRegistry, is_address
from keybus.contracts.folder import SETTINGS_FILE
from keybus.contracts.releases import RELEASES, Releases
from keybus.contracts.releases.judging import Predecessor
from keybus.contracts.releases.lifecycle import PROMISING
from keybus.contracts.releases.report import Baseline, Released, Standing
from keybus.contracts.releases.revision import repository_at
from keybus.contracts.repository import ContractRepository
from keybus.contracts.versions import is_prerelease

AGAINST = click.option(
    "--against",
    default=RELEASES,
    show_default=True,
    metavar="WHAT",
    help="Compare with: releases (the folder's own), a git revision such as main, the folder of"
    " another repository, or the registry of a running bus, by its address.",
)


class Registered:
    """The registry of a running bus, as what a repository is compared with.

    Args:
        registry: The registry.
        folder: The repository's folder.
    """

    def __init__(self, registry: RemoteRegistry, folder: Path) -> None:
        self._registry, self._folder = registry, folder
        self.name = f"the registry at {registry.url}"

    @cached_property
    def types(self) -> Sequence[str]:
        """The types that are promised, of the accounts that own something in the folder.

        A registry has everybody's; what others own is not missed here.
        """
        owners = {each.owner for each in ContractRepository.load(self._folder).values()}
        return [
            each.type
            for each in self._registry.list()
            if each.owner in owners and each.status in PROMISING
        ]

    def before(self, event_type: str) -> Sequence[Predecessor]:
        """Its releases, whatever became of them, as far as one may read them."""
        detail = self._registry.detail(event_type)
        return [
            Predecessor(
                self._registry.contract(event_type, each.digest),
                each.status in PROMISING and not is_prerelease(each.version),
                each.status == "retired" and bool(each.sunset),
            )
            for each in (detail.releases if detail else ())
        ]


def baseline(folder: Path, against: str) -> Baseline:
    """What ``--against`` names.

    Args:
        folder: The repository's folder.
        against: ``releases``, the address of a bus, a folder with a ``keybus.toml``, or a git
            revision.

    Raises:
        BrokenContracts: What is there has faults.
        ContractError: There is no such thing.
    """
    if against == RELEASES:
        return Released(Releases.load(folder / RELEASES))
    if is_address(against):
        return Registered(RemoteRegistry(against), folder)
    if (Path(against) / SETTINGS_FILE).is_file():
        return Standing(ContractRepository.load(Path(against)), against)
    return Standing(repository_at(folder, against), f"revision {against}")
