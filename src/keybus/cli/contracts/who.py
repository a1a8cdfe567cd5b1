"""Who does something to releases, and when: what every entry of a ledger says."""

import getpass
import os
from datetime import UTC, date, datetime

from keybus.clock import SYSTEM, rfc3339


def now() -> str:
    """The time, as ledgers have it."""
    return rfc3339(SYSTEM.time_us(), fraction=False)


def today() -> date:
    """The day, in UTC."""
    return datetime.fromtimestamp(SYSTEM.time_us() / 1_000_000, UTC).date()


def somebody() -> str:
    """The user of this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # nobody has a name in some containers
        return f"user {os.getuid()}"
