"""Batches: what is asked of up to ten entries at once, and what becomes of each.

Source: Amazon SQS API reference, "SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch".
"""

import re
from collections.abc import Sequence
from typing import Final, Protocol

from keybus.server.aws import AwsError
from keybus.server.sqs.errors import failure
from keybus.server.sqs.shapes import FailedEntry

MOST_ENTRIES: Final = 10
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_SERVER_FAULT: Final = 500


class Entry(Protocol):
    """An entry of a batch."""

    @property
    def id(self) -> str:
        """What it is called in this batch."""
        ...


def check(entries: Sequence[Entry], kind: str) -> None:
    """See to it that a batch can be worked on, entry by entry.

    Args:
        entries: Its entries.
        kind: What the model calls one of them.

    Raises:
        AwsError: It cannot; none of it was done.
    """
    if not entries:
        raise failure("EmptyBatchRequest", f"There should be at least one {kind} in the request.")
    if len(entries) > MOST_ENTRIES:
        told = f"Maximum number of entries per request are {MOST_ENTRIES}."
        raise failure("TooManyEntriesInBatchRequest", f"{told} You have sent {len(entries)}.")
    seen: set[str] = set()
    for each in entries:
        if _ID.fullmatch(each.id) is None:
            raise failure(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and "
                "underscores. It can be at most 80 letters long.",
            )
        if each.id in seen:
            raise failure("BatchEntryIdsNotDistinct", f"Id {each.id} repeated.")
        seen.add(each.id)


def failed(entry: Entry, error: AwsError) -> FailedEntry:
    """What is answered of an entry that was refused."""
    return FailedEntry(
        id=entry.id,
        sender_fault=error.status < _SERVER_FAULT,
        code=error.query_code or error.kind,
        message=str(error),
    )
