"""What a repository is compared with: its releases, a git revision, or another folder."""

from pathlib import Path

import click

from keybus.contracts.folder import SETTINGS_FILE
from keybus.contracts.releases import RELEASES, Releases
from keybus.contracts.releases.report import Baseline, Released, Standing
from keybus.contracts.releases.revision import repository_at
from keybus.contracts.repository import ContractRepository

AGAINST = click.option(
    "--against",
    default=RELEASES,
    show_default=True,
    metavar="WHAT",
    help="Compare with: releases (the folder's own), a git revision such as main, or the folder of"
    " another repository.",
)


def baseline(folder: Path, against: str) -> Baseline:
    """What ``--against`` names.

    Args:
        folder: The repository's folder.
        against: ``releases``, a folder with a ``keybus.toml``, or a git revision.

    Raises:
        BrokenContracts: What is there has faults.
        ContractError: There is no such thing.
    """
    if against == RELEASES:
        return Released(Releases.load(folder / RELEASES))
    if (Path(against) / SETTINGS_FILE).is_file():
        return Standing(ContractRepository.load(Path(against)), against)
    return Standing(repository_at(folder, against), f"revision {against}")
