"""The message queues of a bus: those that were created, and what is sent to them."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from keybus.bus.audit.log import AuditLog
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Documents, Engine
from keybus.bus.message_queues.changing import Change, QueueChanges
from keybus.bus.message_queues.declared import DeclaredQueue, Join
from keybus.bus.message_queues.duplicates import Duplicates
from keybus.bus.message_queues.kept import Kept
from keybus.bus.message_queues.message import Message, Sent
from keybus.bus.message_queues.moves import MoveTasks
from keybus.bus.message_queues.queue import EVERYTHING, CreatedQueue
from keybus.bus.message_queues.receipts import receipt_key
from keybus.bus.message_queues.received import Counts
from keybus.bus.message_queues.receiver import Receiver
from keybus.bus.message_queues.sending import Sending
from keybus.bus.message_queues.settings import QueueSettings
from keybus.bus.message_queues.shelf import QueueShelf
from keybus.bus.message_queues.store import MessageStore, OpenStore
from keybus.bus.message_queues.sweeping import Sweeper
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance import Principal
from keybus.steady import SteadyTime


class MessageQueues:
    """All created queues, durably. Belongs to one event loop.

    Args:
        documents: Where it is kept what they are.
        audit: Where changes are written down, before they hold.
        opening: Opens the messages' store; None: this bus keeps no messages.
        find: The dispatcher of a declared subscription; raises `SubscriptionError`.
        join: Lets a consumer into one.
        clock: Time and ids.

    Attributes:
        moves: Messages on their way from one queue to others.
    """

    def __init__(
        self,
        documents: Documents,
        audit: AuditLog,
        opening: OpenStore | None,
        *,
        find: Callable[[str], Dispatcher],
        join: Join,
        clock: Clock,
    ) -> None:
        self._documents, self._audit, self._clock = documents, audit, clock
        self._time = SteadyTime(clock)
        self._shelf = QueueShelf(documents)
        self._store = MessageStore(opening)
        self._has_store = opening is not None
        self._find, self._join = find, join
        self._queues: dict[str, CreatedQueue] = {}
        self._declared: dict[str, Receiver] = {}
        self._starting = asyncio.Lock()
        self._sending: Sending | None = None
        self._key, self._stopped = b"", False
        self._sweeper = Sweeper(self._store, lambda: list(self._queues.values()), clock)
        self.moves = MoveTasks(documents, audit, self, clock)
        self._changes = QueueChanges(
            self._shelf,
            self._store,
            audit,
            self._queues,
            opened=self._queue,
            forget=self.moves.forget,
            clock=clock,
        )

    async def load(self) -> None:
        """Know the queues that were created, and remove what a deletion left behind.

        Raises:
            StorageFailed: The messages' store cannot be opened or read.
        """
        await self._shelf.load()
        if self._shelf.known and self._has_store:
            engine = await self._store.engine()
            lines, there = {each.line for each in self.all()}, set(await engine.queues())
            for line in there - lines:
                if line.rpartition("#")[0] not in self._shelf.damaged:
                    await engine.remove(line)
            for line in lines - there:  # the messages' store is not the one that was
                await engine.open(line, EVERYTHING)
            for settings in self.all():
                await self._queue(settings)
        await self.moves.resume()

    async def stop(self) -> None:
        """Hand out nothing more; what is out goes back untried. Messages are still taken."""
        self._stopped = True
        await self.moves.close()
        for receiver in list(self._declared.values()):
            receiver.stop()
            await receiver.close()
        for queue in list(self._queues.values()):
            await queue.close(gone=False)

    async def close(self) -> None:
        """Stop, and close the messages' store."""
        await self.stop()
        await self._sweeper.close()
        if self._sending is not None:
            await self._sending.close()
        await self._store.close()

    def all(self) -> list[QueueSettings]:
        """All created queues, by account and name."""
        known = self._shelf.known
        return [known[key] for key in sorted(known)]

    def find(self, account: str, name: str) -> QueueSettings | None:
        """A created queue; None where there is none of that name."""
        return self._shelf.find(account, name)

    def get(self, account: str, name: str) -> QueueSettings:
        """A created queue.

        Raises:
            NoSuchQueue: There is none of that name.
        """
        return self._shelf.get(account, name)

    def sources(self, account: str, name: str) -> list[QueueSettings]:
        """The queues whose dead letters go to a queue."""
        return [
            each
            for each in self.all()
            if each.redrive and (each.redrive.account, each.redrive.queue) == (account, name)
        ]

    async def create(
        self, settings: QueueSettings, by: Principal, *, given: Collection[str] | None = None
    ) -> QueueSettings:
        """Create a queue; see `QueueChanges.create`."""
        return await self._changes.create(settings, by, given=given)

    async def change(self, account: str, name: str, change: Change, by: Principal) -> QueueSettings:
        """Give a queue other attributes or tags; see `QueueChanges.change`."""
        return await self._changes.change(account, name, change, by)

    async def delete(self, account: str, name: str, by: Principal) -> None:
        """Delete a queue with its messages; see `QueueChanges.delete`."""
        await self._changes.delete(account, name, by)

    async def purge(self, account: str, name: str, by: Principal) -> None:
        """Delete all messages of a queue; see `QueueChanges.purge`."""
        await self._changes.purge(account, name, by)

    async def send(
        self, account: str, name: str, messages: Sequence[Message], sender: str = ""
    ) -> list[Sent]:
        """Send messages to a queue, in their order; durable on return.

        Args:
            account: The account of the queue.
            name: Its name.
            messages: The messages.
            sender: Who sends them: SenderId.

        Raises:
            NoSuchQueue: There is none of that name.
            GroupNeeded: It is a FIFO queue, and one has no group or no de-duplication id.
            StorageFailed: It is unknown which are kept.
        """
        while True:
            await self._changes.settled(f"{account}/{name}")
            settings = self.get(account, name)
            sending = await self._sender()
            try:
                sent = await sending.send(settings, messages, sender)
            except EngineError:
                if self.get(account, name).line != settings.line:
                    continue  # it was purged meanwhile
                raise
            self._note_delays(settings, messages)
            return sent

    async def receiver(self, account: str, name: str) -> Receiver:
        """What hands out a created queue's messages.

        Raises:
            NoSuchQueue: There is none of that name.
            StorageFailed: The messages' store cannot be opened.
        """
        found = (await self._queue(self.get(account, name))).receiver
        if self._stopped:
            found.stop()
        return found

    async def subscription(self, name: str) -> Receiver:
        """What hands out a declared subscription's deliveries.

        Raises:
            SubscriptionError: There is no such subscription.
        """
        self._find(name)
        found = self._declared.get(name)
        if found is None:
            key = await self._receipt_key()
            source = DeclaredQueue(name, self._find, self._join)
            found = self._declared.setdefault(name, Receiver(source, key, self._clock))
        if self._stopped:
            found.stop()
        return found

    async def counts(self, account: str, name: str) -> Counts:
        """How many messages a created queue has, about.

        Raises:
            NoSuchQueue: There is none of that name.
        """
        return await (await self.receiver(account, name)).counts()

    async def move(self, settings: QueueSettings, kept: Sequence[Kept]) -> None:
        """Put messages of another queue into a queue, as they are; durable on return.

        Raises:
            NoSuchQueue: It was deleted.
            EngineError: It is unknown which are kept.
        """
        await self._changes.settled(settings.key)
        sender = await self._sender()
        await sender.move(self.get(settings.account, settings.name), kept)

    def dead_letter_queue(self, source: QueueSettings) -> QueueSettings | None:
        """Where messages of a queue go that were received too often; None: there is none."""
        redrive = source.redrive
        target = self.find(redrive.account, redrive.queue) if redrive is not None else None
        return target if target is not None and target.fifo == source.fifo else None

    def _note_delays(self, settings: QueueSettings, messages: Sequence[Message]) -> None:
        queue = self._queues.get(settings.key)
        if settings.fifo or queue is None:
            return
        for each in messages:
            if delay := settings.delay if each.delay is None else each.delay:
                queue.delays.sent(self._time.now() + delay * 1_000_000)

    async def _queue(self, settings: QueueSettings) -> CreatedQueue:
        found = self._queues.get(settings.key)
        if found is None:
            engine, key = await self._store.engine(), await self._receipt_key()
            self._sweeper.start()
            found = CreatedQueue(
                settings, engine, key, dead_letters=self, clock=self._clock, time=self._time
            )
            found = self._queues.setdefault(settings.key, found)
        return found

    async def _sender(self) -> Sending:
        if self._sending is None:
            async with self._starting:
                if self._sending is None:
                    engine: Engine = await self._store.engine()
                    duplicates = await Duplicates.open(engine, self._clock)
                    self._sending = Sending(engine, duplicates, self._clock, self._time)
        return self._sending

    async def _receipt_key(self) -> bytes:
        self._key = self._key or await receipt_key(self._documents)
        return self._key
