"""The parts of a run on simulated disks: one history each, all from its seed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

from tests.reliability.history import Cut, History
from tests.reliability.old_store import old_store

Part = Literal["cuts", "storms", "migrations"]
CUTS: Final = 5
"""Power cuts of a history, beside the two at its end."""
_MIGRATING: Final = 60
"""Acts of the disk within which an old store is opened and migrated."""


async def cuts(history: History) -> list[Cut]:
    """Power cuts one after another, many while the store recovers from the one before."""
    return await history.run(CUTS)


async def storms(history: History) -> list[Cut]:
    """A full disk, syncs, reads and writes that fail; then the same, and a power cut."""
    found = [await history.cut(0, steps=150, stormy=True)]
    found.append(await history.cut(500 + history.seed % 1_500, stormy=True))
    return [*found, *await _ended(history)]


async def migrations(history: History) -> list[Cut]:
    """The first version's store; the power fails while it is migrated, and once more."""
    history.begin_with(old_store(history.answers))
    found = [await history.cut(1 + 7 * history.seed % _MIGRATING)]
    found.append(await history.cut(1 + history.seed % 7))
    return [*found, *await _ended(history)]


async def _ended(history: History) -> list[Cut]:
    return [await history.cut(0, steps=10), await history.cut(0, steps=0)]


PARTS: Final[Mapping[Part, Callable[[History], Awaitable[list[Cut]]]]] = {
    "cuts": cuts,
    "storms": storms,
    "migrations": migrations,
}
