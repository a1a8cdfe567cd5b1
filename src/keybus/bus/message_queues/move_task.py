"""A message move task: dead letters on their way back, or to another queue.

Source: the Amazon SQS API reference, StartMessageMoveTask and ListMessageMoveTasks.
"""

from typing import Literal

import msgspec

State = Literal["RUNNING", "COMPLETED", "CANCELLED", "FAILED"]


class MoveTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Messages that are moved out of a dead-letter queue.

    Attributes:
        handle: Its TaskHandle.
        account: The account of the queue that they are in.
        name: That queue's name.
        target: The queue that they go to, by account and name; None: each to where it came from.
        rate: Messages a second, at most; 0: as fast as it goes.
        total: How many there were when it began, about.
        moved: How many have gone.
        state: How it stands.
        reason: Why it failed.
        by: The account of who asked for it; empty on a bus that asks for no credentials.
        started_us: When it began, in microseconds since the Unix epoch.
        ended_us: When it ended; 0 while it runs.
    """

    handle: str
    account: str
    name: str
    target: tuple[str, str] | None = None
    rate: int = 0
    total: int = 0
    moved: int = 0
    state: State = "RUNNING"
    reason: str = ""
    by: str = ""
    started_us: int = 0
    ended_us: int = 0

    @property
    def source(self) -> str:
        """The queue that they are in, as ``ACCOUNT/NAME``."""
        return f"{self.account}/{self.name}"
