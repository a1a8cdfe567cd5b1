"""How queues are created, changed, purged and deleted: durably, and one change after another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Final, TypeVar

import msgspec

from keybus.bus.audit.log import AuditLog
from keybus.bus.delivery.desk import to_the_end
from keybus.bus.engine import Engine
from keybus.bus.message_queues.errors import MessageQueueError, TooManyQueues
from keybus.bus.message_queues.queue import EVERYTHING, CreatedQueue
from keybus.bus.message_queues.settings import QueueSettings
from keybus.bus.message_queues.shelf import QueueShelf
from keybus.bus.message_queues.store import MessageStore
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance import Principal
from keybus.governance.audit import Actor

MOST_QUEUES: Final = 10_000
"""Queues that may be created on one bus."""
MOST_OF_ACCOUNT: Final = 1_000
"""Queues that one account may create."""
T = TypeVar("T")
_log = logging.getLogger(__name__)
Change = Callable[[QueueSettings], QueueSettings]
"""What a queue is to be, made of what it is; may refuse by raising."""


class QueueChanges:
    """Changes what queues there are. Belongs to one event loop.

    A change goes on to its end where whoever asked for it goes away, and is written down in the audit
    log before it holds.

    Args:
        shelf: What each queue is.
        store: The messages' store.
        audit: Where changes are written down.
        queues: Those that are used, by `QueueSettings.key`.
        opened: A queue, which is used from now on.
        forget: Told of queues, by account and name, that were deleted.
        clock: Time and ids.
    """

    def __init__(
        self,
        shelf: QueueShelf,
        store: MessageStore,
        audit: AuditLog,
        queues: dict[str, CreatedQueue],
        *,
        opened: Callable[[QueueSettings], Awaitable[CreatedQueue]],
        forget: Callable[[str, str], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._shelf, self._store, self._audit, self._clock = shelf, store, audit, clock
        self._queues, self._opened, self._forget = queues, opened, forget
        self._changing = asyncio.Lock()

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
            MessageQueueError: There is one whose document cannot be read.
            StorageFailed: It is not created, as far as is known.
        """
        return await self._in_turn(settings.key, self._create(settings, by, given))

    async def change(self, account: str, name: str, change: Change, by: Principal) -> QueueSettings:
        """Give a queue other attributes or tags.

        Args:
            account: The queue's account.
            name: Its name.
            change: Says what it is to be. It is asked when it is this change's turn, so that of two
                at once neither is lost.
            by: Who asks.

        Raises:
            NoSuchQueue: There is none of that name.
            StorageFailed: It is as before, as far as is known.
        """
        return await self._in_turn(f"{account}/{name}", self._change(account, name, change, by))

    async def delete(self, account: str, name: str, by: Principal) -> None:
        """Delete a queue with its messages; whoever waits for one is told.

        Raises:
            NoSuchQueue: There is none of that name.
            StorageFailed: It is as before, as far as is known.
        """
        await self._in_turn(f"{account}/{name}", self._delete(account, name, by))

    async def purge(self, account: str, name: str, by: Principal) -> None:
        """Delete all messages of a queue, also those that are out.

        Raises:
            NoSuchQueue: There is none of that name.
            StorageFailed: It is as before, as far as is known.
        """
        await self._in_turn(f"{account}/{name}", self._purge(account, name, by))

    async def settled(self, key: str) -> None:
        """Know what a queue is, before something is put into it that is to be found again.

        Raises:
            StorageFailed: Its document cannot be read, after a write that may have failed.
        """
        if key in self._shelf.unsure:
            async with self._changing:
                await self._look_again(key)

    async def _in_turn(self, key: str, step: Coroutine[object, object, T]) -> T:
        """Change something, and to its end: half of a change is what nobody would know of."""

        async def taken() -> T:
            async with self._changing:
                try:
                    await self._look_again(key)
                except BaseException:
                    step.close()
                    raise
                return await step

        return await to_the_end(taken())

    async def _create(
        self, settings: QueueSettings, by: Principal, given: Collection[str] | None
    ) -> QueueSettings:
        key, known = settings.key, self._shelf.known
        if key in self._shelf.damaged:
            raise MessageQueueError(
                f"the document of the message queue {key!r} cannot be read, so it stays closed",
                hint="the bus's log says what is wrong with it; restore it from a backup",
            )
        if (standing := known.get(key)) is not None:
            return standing.unless_other(settings, given)
        if len(known) >= MOST_QUEUES:
            raise TooManyQueues(f"there are {MOST_QUEUES:,} queues", hint="delete some")
        if sum(each.account == settings.account for each in known.values()) >= MOST_OF_ACCOUNT:
            raise TooManyQueues(
                f"the account {settings.account!r} has {MOST_OF_ACCOUNT:,} queues",
                hint="delete some",
            )
        now, line = self._clock.time_us(), f"{key}#{self._clock.uuid()}"
        settings = msgspec.structs.replace(settings, created_us=now, modified_us=now, line=line)
        engine = await self._store.engine()
        await self._audit.write(Actor.of(by), "message-queue.created", key, settings.told)
        await engine.open(line, EVERYTHING)
        await self._let(key, settings)
        return settings

    async def _change(
        self, account: str, name: str, change: Change, by: Principal
    ) -> QueueSettings:
        standing = self._shelf.get(account, name)
        changed = msgspec.structs.replace(
            change(standing),
            account=account,
            name=name,
            created_us=standing.created_us,
            modified_us=standing.modified_us,
            line=standing.line,
            fifo=standing.fifo,
        )
        if changed == standing:
            return standing
        changed = msgspec.structs.replace(changed, modified_us=self._clock.time_us())
        data = changed.told_since(standing)
        await self._audit.write(Actor.of(by), "message-queue.changed", changed.key, data)
        await self._let(changed.key, changed)
        return changed

    async def _delete(self, account: str, name: str, by: Principal) -> None:
        settings = self._shelf.get(account, name)
        await self._audit.write(Actor.of(by), "message-queue.deleted", settings.key)
        await self._let(settings.key, None)
        await self._forget(account, name)

    async def _purge(self, account: str, name: str, by: Principal) -> None:
        settings = self._shelf.get(account, name)
        engine = await self._store.engine()
        purged = msgspec.structs.replace(settings, line=f"{settings.key}#{self._clock.uuid()}")
        await self._audit.write(Actor.of(by), "message-queue.purged", settings.key)
        await engine.open(purged.line, EVERYTHING)
        await self._let(settings.key, purged)

    async def _look_again(self, key: str) -> None:
        if key in self._shelf.unsure:
            await self._go_by(key, await self._shelf.look(key))

    async def _let(self, key: str, changed: QueueSettings | None) -> None:
        """Let a queue's document stand, or none, and go by it."""
        await self._shelf.write(key, changed)
        await self._go_by(key, changed)

    async def _go_by(self, key: str, settings: QueueSettings | None) -> None:
        """A queue is what its document says; None: it is gone."""
        known, engine = self._shelf.known, await self._store.engine()
        before = known.pop(key, None)
        if settings is not None:
            known[key] = settings
            queue = await self._opened(settings)
            if before is not None and before.line != settings.line:
                await queue.purge(settings)
            else:
                queue.change(settings)
        elif (gone := self._queues.pop(key, None)) is not None:
            await gone.close(gone=True)
        self._shelf.unsure.discard(key)
        if before is not None and (settings is None or settings.line != before.line):
            await _remove(engine, before.line)


async def _remove(engine: Engine, line: str) -> None:
    """Remove what nobody uses any more; what stays is removed at the next start."""
    try:
        await engine.remove(line)
    except EngineError:
        _log.exception("%s: its messages stay in the store until the next start", line)
