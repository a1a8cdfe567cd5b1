"""What a queue is to SQS's operations, of whichever kind it is.

A *created* queue was made by CreateQueue, and can do all that SQS's can. A *subscription* that the
platform declares is a queue as well, and so are its dead letters: they are received from, and
managed by the platform.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from keybus.bus.message_queues.received import Received
from keybus.server.aws import AwsError, Call
from keybus.server.sqs.names import Place


class Wanted(msgspec.Struct, frozen=True):
    """What a ReceiveMessage wants.

    Attributes:
        most: How many messages at most, 1 to 10.
        wait: Seconds to wait for the first, 0 to 20; None: what the queue says.
        visibility: Seconds for which they are the receiver's, 0 to 43,200; None: what the queue
            says.
        attempt: The ReceiveRequestAttemptId; empty: none was given.
    """

    most: int = 1
    wait: int | None = None
    visibility: int | None = None
    attempt: str = ""


Outcome = AwsError | None
"""Why an entry of a batch was refused; None: it was done."""


class Queue(Protocol):
    """A queue of some account's. What it cannot do it refuses with an `AwsError`."""

    place: Place
    fifo: bool

    async def receive(self, call: Call, wanted: Wanted) -> Sequence[Received]:
        """Hand out messages."""
        ...

    async def delete(self, call: Call, receipts: Sequence[str]) -> Sequence[Outcome]:
        """Delete what was received, durably; for each what became of it."""
        ...

    async def change_visibility(
        self, call: Call, asked: Sequence[tuple[str, int]]
    ) -> Sequence[Outcome]:
        """Change until when, in seconds from now, messages are their receivers'."""
        ...

    async def attributes(self, call: Call) -> Mapping[str, str]:
        """All its attributes, by SQS's names."""
        ...

    async def purge(self, call: Call) -> None:
        """Delete all its messages."""
        ...
