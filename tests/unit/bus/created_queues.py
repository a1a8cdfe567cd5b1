"""Created message queues under test, with a clock that the test sets."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from keybus.bus import Dispatcher, Engine, Session
from keybus.bus.audit.log import AuditLog
from keybus.bus.delivery.session import Send
from keybus.bus.message_queues import (
    Message,
    MessageQueues,
    QueueSettings,
    Received,
    Receiver,
    Redrive,
    Sent,
)
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine
from keybus.errors import SubscriptionError
from keybus.governance import ANYBODY, Principal
from keybus.testing import ManualClock
from tests.contract.engines_under_test import PATIENCE, quiet

ACCOUNT = "me"
VISIBILITY = 30.0


def _find(subscription: str) -> Dispatcher:
    raise SubscriptionError.unknown(subscription, ())


def _join(subscription: str, _send: Send, _window: int, _by: Principal) -> Session:
    raise SubscriptionError.unknown(subscription, ())


class CreatedQueues:
    """Queues of one account, over a store that is kept beside, as the bus keeps it.

    Args:
        folder: Where the messages' store is; None: in memory.
        clock: Time.
    """

    def __init__(self, folder: Path | None, clock: ManualClock) -> None:
        self.folder, self.clock = folder, clock
        self.documents: Engine = MemoryEngine(clock=clock)
        self._memory = MemoryEngine(clock=clock)
        self.store: Engine = self._memory
        self.queues: MessageQueues
        self.audit: AuditLog

    async def start(self) -> None:
        async def opening() -> Engine:
            if self.folder is not None:
                self.store = SqliteEngine.at(self.folder / "messages.db", clock=self.clock)
            return self.store

        self.audit = await AuditLog.open(self.documents.documents, self.clock)
        self.queues = MessageQueues(
            self.documents.documents,
            self.audit,
            opening,
            find=_find,
            join=_join,
            clock=self.clock,
        )
        await self.queues.load()

    async def stop(self) -> None:
        await self.queues.close()
        await self.audit.close()

    async def crash(self) -> None:
        """Go on with what is on the disk this moment, as if the process had died."""
        assert self.folder is not None
        copy = self.folder / "after"
        await asyncio.to_thread(copy.mkdir)
        for name in ("messages.db", "messages.db-wal"):
            await asyncio.to_thread(shutil.copy, self.folder / name, copy / name)
        await self.stop()
        self.folder = copy
        await self.start()

    async def create(self, name: str = "q", **attributes: object) -> QueueSettings:
        fifo = name.endswith(".fifo")
        if redrive := attributes.pop("redrive", None):
            attributes["redrive"] = Redrive(ACCOUNT, *redrive)  # type: ignore[misc]
        settings = QueueSettings(account=ACCOUNT, name=name, fifo=fifo, **attributes)  # type: ignore[arg-type]
        return await self.queues.create(settings, ANYBODY)

    async def send(
        self, *bodies: str, to: str = "q", group: str = "", delay: int | None = None
    ) -> list[Sent]:
        """Send bodies; to a FIFO queue, each with itself as its de-duplication id."""
        fifo = to.endswith(".fifo")
        messages = [
            Message(each, group=group, deduplication=each if fifo else "", delay=delay)
            for each in bodies
        ]
        return await self.queues.send(ACCOUNT, to, messages)

    async def receiver(self, name: str = "q") -> Receiver:
        return await self.queues.receiver(ACCOUNT, name)

    async def receive(
        self, most: int = 10, of: str = "q", visibility: float = VISIBILITY
    ) -> list[Received]:
        """What is to come, waited for."""
        receiver = await self.receiver(of)
        async with asyncio.timeout(PATIENCE):
            return await receiver.receive(most, 20, visibility)

    async def receive_all(self, count: int, of: str = "q") -> list[Received]:
        """So many, in as many receives as it takes."""
        found: list[Received] = []
        while len(found) < count:
            found += await self.receive(min(10, count - len(found)), of)
        return found

    async def poll(self, most: int = 10, of: str = "q") -> list[Received]:
        """What is there, once everything that was begun has had its chance."""
        receiver = await self.receiver(of)
        receiving = asyncio.ensure_future(receiver.receive(most, 0, VISIBILITY))
        while not receiving.done():
            for _ in range(3):
                await quiet(self.store)
            if not receiving.done():
                self.clock.advance(0.1)
        return receiving.result()

    async def delete(self, *received: Received, of: str = "q") -> None:
        receiver = await self.receiver(of)
        assert await receiver.delete_all([each.receipt for each in received]) == [None] * len(
            received
        )

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and what is due then happen."""
        for _ in range(3):
            await quiet(self.store)
        self.clock.advance(seconds)
        for _ in range(3):
            await quiet(self.store)


def bodies(received: Sequence[Received]) -> list[str]:
    return [each.body for each in received]
