"""The message queues of a bus: those that were created, and what is sent to them."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Final

import msgspec

from keybus.bus.audit.log import AuditLog
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Documents, Engine
from keybus.bus.message_queues.declared import DeclaredQueue, Join
from keybus.bus.message_queues.duplicates import Duplicates
from keybus.bus.message_queues.errors import NoSuchQueue, TooManyQueues
from keybus.bus.message_queues.kept import Kept
from keybus.bus.message_queues.message import Message, Sent
from keybus.bus.message_queues.moves import MoveTasks
from keybus.bus.message_queues.queue import EVERYTHING, CreatedQueue
from keybus.bus.message_queues.receipts import receipt_key
from keybus.bus.message_queues.received import Counts
from keybus.bus.message_queues.receiver import Receiver
from keybus.bus.message_queues.sending import Sending
from keybus.bus.message_queues.settings import QueueSettings
from keybus.bus.message_queues.store import MessageStore, OpenStore
from keybus.bus.message_queues.sweeping import Sweeper
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance import Principal
from keybus.governance.audit import Actor

MOST_QUEUES: Final = 10_000
"""Queues that may be created on one bus."""
_COLLECTION: Final = "message-queues"
_log = logging.getLogger(__name__)
_decoder = msgspec.json.Decoder(QueueSettings)


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
        self._store = MessageStore(opening)
        self._has_store = opening is not None
        self._find, self._join = find, join
        self._settings: dict[str, QueueSettings] = {}
        self._queues: dict[str, CreatedQueue] = {}
        self._declared: dict[str, Receiver] = {}
        self._changing, self._starting = asyncio.Lock(), asyncio.Lock()
        self._sending: Sending | None = None
        self._key = b""
        self._sweeper = Sweeper(self._store, lambda: list(self._queues.values()), clock)
        self.moves = MoveTasks(documents, audit, self, clock)

    async def load(self) -> None:
        """Know the queues that were created, and remove what a deletion left behind.

        Raises:
            StorageFailed: The messages' store cannot be opened or read.
        """
        async for each in self._documents.list(_COLLECTION):
            self._settings[each.key] = _decoder.decode(each.value)
        if self._settings and self._has_store:
            engine = await self._store.engine()
            lines, there = {each.line for each in self.all()}, set(await engine.queues())
            for line in there - lines:
                await engine.remove(line)
            for line in lines - there:  # the messages' store is not the one that was
                await engine.open(line, EVERYTHING)
            for settings in self.all():
                await self._queue(settings)
        await self.moves.resume()

    async def stop(self) -> None:
        """Hand out nothing more; what is out goes back untried. Messages are still taken."""
        await self.moves.close()
        for receiver in self._declared.values():
            receiver.stop()
            await receiver.close()
        for queue in self._queues.values():
            await queue.close(gone=False)

    async def close(self) -> None:
        """Stop, and close the messages' store."""
        await self.stop()
        await self._sweeper.close()
        await self._store.close()

    def all(self) -> list[QueueSettings]:
        """All created queues, by account and name."""
        return [self._settings[key] for key in sorted(self._settings)]

    def find(self, account: str, name: str) -> QueueSettings | None:
        """A created queue; None where there is none of that name."""
        found = self._settings.get(f"{account}/{name}")
        # Accounts' names may hold a slash: `a` has no queue `b/c`, which would be the one of `a/b`.
        return found if found is not None and found.account == account else None

    def get(self, account: str, name: str) -> QueueSettings:
        """A created queue.

        Raises:
            NoSuchQueue: There is none of that name.
        """
        found = self.find(account, name)
        if found is None:
            raise NoSuchQueue.named(account, name)
        return found

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
        """Create a queue; one that stands with the same attributes is answered as it is.

        Args:
            settings: What it is to be; its times and its line are set here.
            by: Who asks.
            given: The fields that have to be the same where it stands; None: all attributes.

        Raises:
            QueueExists: One of that name has other attributes.
            TooManyQueues: There is no room for one more.
            StorageFailed: It is not created, as far as is known.
        """
        async with self._changing:
            if (standing := self._settings.get(settings.key)) is not None:
                return standing.unless_other(settings, given)
            if len(self._settings) >= MOST_QUEUES:
                raise TooManyQueues(f"there are {MOST_QUEUES:,} queues", hint="delete some")
            now = self._clock.time_us()
            line = f"{settings.key}#{self._clock.uuid()}"
            settings = msgspec.structs.replace(settings, created_us=now, modified_us=now, line=line)
            engine = await self._store.engine()
            await self._audit.write(
                Actor.of(by), "message-queue.created", settings.key, settings.told
            )
            await engine.open(line, EVERYTHING)
            await self._keep(settings)
            await self._queue(settings)
            return settings

    async def change(self, settings: QueueSettings, by: Principal) -> QueueSettings:
        """Give a queue other attributes or tags.

        Args:
            settings: What it is to be: what `find` answered, changed.
            by: Who asks.

        Raises:
            NoSuchQueue: It was deleted.
            StorageFailed: It is as before, as far as is known.
        """
        async with self._changing:
            standing = self.get(settings.account, settings.name)
            changed = msgspec.structs.replace(
                settings,
                created_us=standing.created_us,
                modified_us=self._clock.time_us(),
                line=standing.line,
                fifo=standing.fifo,
            )
            await self._audit.write(
                Actor.of(by), "message-queue.changed", changed.key, changed.told
            )
            await self._keep(changed)
            (await self._queue(changed)).change(changed)
            return changed

    async def delete(self, account: str, name: str, by: Principal) -> None:
        """Delete a queue with its messages; whoever waits for one is told.

        Raises:
            NoSuchQueue: There is none of that name.
            StorageFailed: It is as before, as far as is known.
        """
        async with self._changing:
            settings = self.get(account, name)
            engine, queue = await self._store.engine(), await self._queue(settings)
            await self._audit.write(Actor.of(by), "message-queue.deleted", settings.key)
            await self._documents.delete(_COLLECTION, settings.key)
            del self._settings[settings.key], self._queues[settings.key]
            await queue.close(gone=True)
            await _remove(engine, settings.line)

    async def purge(self, account: str, name: str, by: Principal) -> None:
        """Delete all messages of a queue, also those that are out.

        Raises:
            NoSuchQueue: There is none of that name.
            StorageFailed: It is as before, as far as is known.
        """
        async with self._changing:
            settings = self.get(account, name)
            engine, queue = await self._store.engine(), await self._queue(settings)
            purged = msgspec.structs.replace(settings, line=f"{settings.key}#{self._clock.uuid()}")
            await self._audit.write(Actor.of(by), "message-queue.purged", settings.key)
            await engine.open(purged.line, EVERYTHING)
            await self._keep(purged)
            await queue.purge(purged)
            await _remove(engine, settings.line)

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
        return (await self._queue(self.get(account, name))).receiver

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
            EngineError: It is unknown which are kept; or the queue is gone.
        """
        await (await self._sender()).move(settings, kept)

    async def _forward(self, source: QueueSettings, kept: Sequence[Kept]) -> bool:
        """Move what was received too often; False: there is no queue for it."""
        redrive = source.redrive
        target = self.find(redrive.account, redrive.queue) if redrive is not None else None
        if target is None or target.fifo != source.fifo:
            return False
        await self.move(target, [each.moved(source.key) for each in kept])
        return True

    def _note_delays(self, settings: QueueSettings, messages: Sequence[Message]) -> None:
        queue = self._queues.get(settings.key)
        if settings.fifo or queue is None:
            return
        for each in messages:
            if delay := settings.delay if each.delay is None else each.delay:
                due_us = self._clock.time_us() + delay * 1_000_000
                queue.delays.sent(due_us)

    async def _queue(self, settings: QueueSettings) -> CreatedQueue:
        found = self._queues.get(settings.key)
        if found is None:
            engine, key = await self._store.engine(), await self._receipt_key()
            self._sweeper.start()
            found = CreatedQueue(settings, engine, key, self._forward, self._clock)
            found = self._queues.setdefault(settings.key, found)
        return found

    async def _sender(self) -> Sending:
        if self._sending is None:
            async with self._starting:
                if self._sending is None:
                    engine: Engine = await self._store.engine()
                    duplicates = await Duplicates.open(engine, self._clock)
                    self._sending = Sending(engine, duplicates, self._clock)
        return self._sending

    async def _receipt_key(self) -> bytes:
        self._key = self._key or await receipt_key(self._documents)
        return self._key

    async def _keep(self, settings: QueueSettings) -> None:
        await self._documents.put(_COLLECTION, settings.key, msgspec.json.encode(settings))
        self._settings[settings.key] = settings


async def _remove(engine: Engine, line: str) -> None:
    """Remove what nobody uses any more; what stays is removed at the next start."""
    try:
        await engine.remove(line)
    except EngineError:
        _log.exception("%s: its messages stay in the store until the next start", line)
