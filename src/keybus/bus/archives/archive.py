"""A named archive: which events of the log are in it."""

from typing import Final

import msgspec

from keybus.errors import KeybusError

DAY_US: Final = 86_400_000_000
MOST_ARCHIVES: Final = 100
"""Archives of a bus."""


class NamedArchive(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is in an archive: events that the bus took since it was made, and that match.

    It is a view of the log: what is changed of it holds for all that is in it.

    Attributes:
        name: What it is called.
        created_us: When it was made, in microseconds since the Unix epoch.
        pattern: The event pattern, JSON text; empty: every event.
        retention_days: For how many days an event is in it; 0: as long as the log has it.
        description: What whoever made it says of it.
        changed_us: When it was changed last.
    """

    name: str
    created_us: int
    pattern: str = ""
    retention_days: int = 0
    description: str = ""
    changed_us: int = 0

    def since(self, now: int) -> int:
        """From when on the bus took what is in it; both in microseconds since the Unix epoch."""
        if not self.retention_days:
            return self.created_us
        return max(self.created_us, now - self.retention_days * DAY_US)


class ArchiveExists(KeybusError):
    """An archive of that name is there already."""

    code = "archive-exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"Archive {name} already exists.")


class NoSuchArchive(KeybusError):
    """An archive that there is not."""

    code = "no-such-archive"

    def __init__(self, name: str) -> None:
        super().__init__(f"Archive {name} does not exist.")


class TooManyArchives(KeybusError):
    """There are as many archives as there may be."""

    code = "too-many-archives"

    def __init__(self) -> None:
        super().__init__(
            f"the bus has {MOST_ARCHIVES} archives, and may have no more",
            hint="delete those that nobody needs: the log keeps its events all the same",
        )
