"""Releases: contracts that never change, what became of them, and what may follow on them."""

from keybus.contracts.releases.entry import LedgerEntry, Said
from keybus.contracts.releases.folder import RELEASES, Releases
from keybus.contracts.releases.ledger import Ledger, Release
from keybus.contracts.releases.lifecycle import MEANINGS, TRANSITIONS, Status

__all__ = [
    "MEANINGS",
    "RELEASES",
    "TRANSITIONS",
    "Ledger",
    "LedgerEntry",
    "Release",
    "Releases",
    "Said",
    "Status",
]
