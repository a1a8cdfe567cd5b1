"""What a backup says of itself."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from keybus.errors import StorageFailed

STORE: Final = "bus.db"
"""The copy's name within the backup's folder."""
MESSAGES: Final = "messages.db"
"""The name of the message queues' store, beside the bus's and in the backup."""
MANIFEST: Final = "manifest.json"
_MOST_BYTES: Final = 64 << 10


class Part(msgspec.Struct, frozen=True):
    """One more copy in a backup.

    Attributes:
        size: Its bytes.
        sha256: Their digest, in hexadecimal digits.
    """

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, tag="keybus-backup-1", tag_field="format"):
    """A backup's contents.

    Attributes:
        made_at: When it was begun, in microseconds since the Unix epoch: what was acknowledged
            before is in it.
        keybus: The release that made it.
        schema: The store's schema version.
        size: Bytes of the copy.
        sha256: Their digest, in hexadecimal digits.
        last_position: The position of the log's last event in it; 0 for an empty log.
        last_event_at: The latest time of its events, in microseconds since the Unix epoch.
        subscriptions: How many queues are in it.
        messages: The copy of the message queues' store; None: there was none.
    """

    made_at: int
    keybus: str
    schema: int
    size: int
    sha256: str
    last_position: int
    last_event_at: int
    subscriptions: int
    messages: Part | None = None


class Progress(msgspec.Struct, frozen=True):
    """How far it is.

    Attributes:
        step: What is being done.
        done: Bytes that are done,
        total: of so many.
    """

    step: Literal["copying", "checking", "digesting"]
    done: int
    total: int


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself.

    Raises:
        StorageFailed: It is no backup, or one of another kind.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StorageFailed(
            f"{folder} is no backup that this release of Keybus can read: {error}",
            hint=f"name the folder that `keybus backup` made, with {MANIFEST} in it",
        ) from error
