"""What bindings are generated from, and the lock that pins it by digest."""

from keybus.contracts.pinning.choice import Choice, choose, choose_locked
from keybus.contracts.pinning.lag import Lag, lags
from keybus.contracts.pinning.lock import LOCK_FILE, Lock, LockedPackage, Pin, differences
from keybus.contracts.pinning.sources import ContractSource, FolderSource, Offer, ReleasesSource

__all__ = [
    "LOCK_FILE",
    "Choice",
    "ContractSource",
    "FolderSource",
    "Lag",
    "Lock",
    "LockedPackage",
    "Offer",
    "Pin",
    "ReleasesSource",
    "choose",
    "choose_locked",
    "differences",
    "lags",
]
