"""Message move tasks: dead letters that go back to where they came from, in the background."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Documents
from keybus.bus.message_queues.errors import (
    MessageQueueError,
    MoveTaskRefused,
    NoSuchMoveTask,
    TooManyInFlight,
)
from keybus.bus.message_queues.kept import Kept, packed
from keybus.bus.message_queues.move_task import MoveTask, State
from keybus.bus.message_queues.received import Counts, Received
from keybus.bus.message_queues.receiver import Receiver
from keybus.bus.message_queues.settings import QueueSettings
from keybus.clock import Clock, pause
from keybus.errors import EngineError, StorageFailed
from keybus.governance import Principal
from keybus.governance.audit import BUS, Actor

KEPT: Final = 10
"""Tasks of a queue that are remembered after their end: as many as SQS lists."""
PAGE: Final = 100
NO_SOURCE: Final = "CouldNotDetermineMessageSource"
"""Why a task fails that meets a message which was sent to its queue, and did not come from one."""
_VISIBILITY: Final = 300.0
_COLLECTION: Final = "message-move-tasks"
_PAUSE: Final = 1.0
"""Seconds until it is looked again, where the store fails, or others have what is left."""
_decoder = msgspec.json.Decoder(MoveTask)
_log = logging.getLogger(__name__)


class Queues(Protocol):
    """As much of the message queues as moving needs."""

    def find(self, account: str, name: str) -> QueueSettings | None:
        """A created queue."""
        ...

    def get(self, account: str, name: str) -> QueueSettings:
        """The same; raises `NoSuchQueue`."""
        ...

    def sources(self, account: str, name: str) -> list[QueueSettings]:
        """The queues whose dead letters go to a queue."""
        ...

    async def receiver(self, account: str, name: str) -> Receiver:
        """What hands out a queue's messages."""
        ...

    async def counts(self, account: str, name: str) -> Counts:
        """How many messages it has."""
        ...

    async def move(self, settings: QueueSettings, kept: Sequence[Kept]) -> None:
        """Put messages of another queue into a queue."""
        ...


class _Unmovable(MessageQueueError):
    """It cannot be said where a message is to go."""

    code = "unmovable"


class MoveTasks:
    """All move tasks: those under way, and the last ones of each queue. Belongs to one event loop.

    What is under way when the process ends goes on at the next start. A message is appended where
    it goes before it is deleted where it was, so it may come twice, and is never lost.

    Args:
        documents: Where they are kept.
        audit: Where each is written down, before it begins and when it has ended.
        queues: The queues.
        clock: Time and ids.
    """

    def __init__(self, documents: Documents, audit: AuditLog, queues: Queues, clock: Clock) -> None:
        self._documents, self._audit = documents, audit
        self._queues, self._clock = queues, clock
        self._known: dict[str, MoveTask] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stops: dict[str, asyncio.Event] = {}
        self._beginning = asyncio.Lock()
        self._closed = False

    async def resume(self) -> None:
        """Go on with what an earlier run left under way."""
        async for each in self._documents.list(_COLLECTION):
            try:
                self._known[each.key] = _decoder.decode(each.value)
            except msgspec.DecodeError as error:
                _log.error(
                    "the message move task %s stands still: its document cannot be read (%s)",
                    each.key,
                    error,
                )
        for task in list(self._known.values()):
            if task.state == "RUNNING":
                self._start(task)

    async def close(self) -> None:
        """Stop; what is under way goes on at the next start."""
        self._closed = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def of(self, account: str, name: str) -> list[MoveTask]:
        """Those of a queue, the latest first."""
        found = [each for each in self._known.values() if each.source == f"{account}/{name}"]
        return sorted(found, key=lambda each: each.started_us, reverse=True)

    async def start(
        self,
        account: str,
        name: str,
        by: Principal,
        *,
        target: tuple[str, str] | None = None,
        rate: int = 0,
    ) -> MoveTask:
        """Begin to move a dead-letter queue's messages.

        Args:
            account: The queue's account.
            name: Its name.
            by: Who asks.
            target: Where to, by account and name; None: each to where it came from.
            rate: Messages a second, at most; 0: as fast as it goes.

        Raises:
            NoSuchQueue: There is no such queue, or no such target.
            MoveTaskRefused: It is no dead-letter queue, one is under way, or the target is of
                another kind.
            StorageFailed: It has not begun, as far as is known.
        """
        async with self._beginning:
            settings = self._queues.get(account, name)
            self._check(settings, target)
            task = MoveTask(
                handle=self._clock.uuid(),
                account=account,
                name=name,
                target=target,
                rate=rate,
                total=(await self._queues.counts(account, name)).visible,
                by=by.account,
                started_us=self._clock.time_us(),
            )
            await self._audit.write(
                Actor.of(by), "message-queue.move-started", task.source, msgspec.to_builtins(task)
            )
            await self._write(task)
            self._known[task.handle] = task
            self._start(task)
            return task

    async def forget(self, account: str, name: str) -> None:
        """A queue was deleted: the one that is under way ends, and the others are no more.

        Those that the store does not let go of are when a task of a later queue of that name ends.
        """
        for each in self.of(account, name):
            if each.handle in self._stops:
                self._stops[each.handle].set()
        try:
            await self._drop([each for each in self.of(account, name) if each.ended_us])
        except EngineError as error:
            _log.warning("move tasks of the deleted queue %s/%s stay: %s", account, name, error)

    async def cancel(self, handle: str, by: Principal, *, account: str) -> MoveTask:
        """Stop a task; what was moved stays moved.

        Args:
            handle: Its handle.
            by: Who asks.
            account: The account of the queue whose messages it moves.

        Raises:
            NoSuchMoveTask: The account has none of that handle that is under way.
            StorageFailed: It goes on.
        """
        found = self._known.get(handle)
        if found is None or found.account != account or found.state != "RUNNING":
            raise NoSuchMoveTask(
                f"no message move task {handle[:80]!r} is running", hint="ListMessageMoveTasks"
            )
        await self._audit.write(Actor.of(by), "message-queue.move-cancelled", found.source)
        task = self._tasks.get(handle)
        if task is not None:
            self._stops[handle].set()
            await asyncio.wait([task])
        return self._known.get(handle, found)

    def _check(self, settings: QueueSettings, target: tuple[str, str] | None) -> None:
        if not self._queues.sources(settings.account, settings.name):
            raise MoveTaskRefused(
                "the source queue must be configured as a dead-letter queue",
                hint="name it in another queue's RedrivePolicy",
            )
        if any(each.state == "RUNNING" for each in self.of(settings.account, settings.name)):
            raise MoveTaskRefused("a message move task of this queue is running already")
        if target is not None:
            found = self._queues.get(*target)
            if found.key == settings.key:
                raise MoveTaskRefused("the destination is the source queue itself")
            if found.fifo != settings.fifo:
                raise MoveTaskRefused("the destination is of another kind than the source queue")

    def _start(self, task: MoveTask) -> None:
        if self._closed:
            return  # it goes on at the next start
        self._stops[task.handle] = asyncio.Event()
        running = asyncio.create_task(self._run(task.handle), name=f"move {task.source}")
        self._tasks[task.handle] = running
        running.add_done_callback(lambda _: self._forget(task.handle))

    def _forget(self, handle: str) -> None:
        del self._tasks[handle], self._stops[handle]

    async def _run(self, handle: str) -> None:
        """Move all there is, and say how that ended, however long the store fails."""
        state, reason = await self._outcome(handle)
        while True:
            try:
                return await self._end(handle, state, reason)
            except EngineError as error:
                _log.warning("the end of a message move task waits to be kept: %s", error)
                await self._clock.sleep(_PAUSE)

    async def _outcome(self, handle: str) -> tuple[State, str]:
        """Move page after page; a store that fails is asked again after a while."""
        stop = self._stops[handle]
        while not stop.is_set():
            try:
                if not await self._step(handle):
                    return "COMPLETED", ""
            except TooManyInFlight:  # which may take hours
                await pause(self._clock, _PAUSE, stop)
            except EngineError as error:
                _log.warning("messages wait to be moved: %s", error)
                await pause(self._clock, _PAUSE, stop)
            except MessageQueueError as error:
                return "FAILED", str(error)
            except Exception as error:  # noqa: BLE001 - logged; it would look as if it ran for ever
                _log.exception("%s: cannot move messages", self._known[handle].source)
                return "FAILED", f"{type(error).__name__}: {error}"
        return "CANCELLED", ""

    async def _step(self, handle: str) -> bool:
        """Move a page; whether there may be more."""
        task = self._known[handle]
        receiver = await self._queues.receiver(task.account, task.name)
        page = min(PAGE, task.rate) if task.rate else PAGE
        messages = await receiver.receive(page, 0, _VISIBILITY)
        if not messages:
            counts = await receiver.counts()
            if not counts.visible and counts.in_flight <= receiver.in_flight:
                return False
            # It is on its way, or others have what is before it in its group.
            await pause(self._clock, _PAUSE, self._stops[handle])
            return True
        try:
            moved = await self._move(task, messages)
        except BaseException:
            await receiver.release([each.receipt for each in messages])
            raise
        outcomes = await receiver.delete_all([each.receipt for each in moved])
        await receiver.release([each.receipt for each in messages[len(moved) :]])
        count = outcomes.count(None)
        self._known[handle] = task = msgspec.structs.replace(task, moved=task.moved + count)
        await self._write(task)
        for error in outcomes:  # what was not deleted comes again, and goes twice
            if isinstance(error, StorageFailed):
                raise error
        if len(moved) < len(messages):
            raise _Unmovable(NO_SOURCE)
        seconds = len(moved) / task.rate if task.rate else 0.0
        await pause(self._clock, seconds, self._stops[handle])
        return True

    async def _move(self, task: MoveTask, messages: Sequence[Received]) -> Sequence[Received]:
        """Append messages where they go; those that were, up to one that can go nowhere."""
        parcels: dict[str, tuple[QueueSettings, list[Kept]]] = {}
        count = 0
        for each in messages:
            target = self._target(task, each)
            if target is None:
                break
            parcels.setdefault(target.key, (target, []))[1].append(self._anew(each))
            count += 1
        for settings, kept in parcels.values():
            await self._queues.move(settings, kept)
        return messages[:count]

    def _target(self, task: MoveTask, message: Received) -> QueueSettings | None:
        if task.target is not None:
            return self._queues.get(*task.target)
        account, _, name = message.source.rpartition("/")
        return self._queues.find(account, name) if message.source else None

    def _anew(self, message: Received) -> Kept:
        """The message as a new one: with an id and a time of its own, as on SQS."""
        return Kept(
            self._clock.uuid(),
            message.body,
            self._clock.time_us(),
            message.group,
            message.deduplication,
            sender=message.sender,
            attributes=packed(message.attributes),
            system=packed(message.system),
        )

    async def _end(self, handle: str, state: State, reason: str = "") -> None:
        ended = msgspec.structs.replace(
            self._known[handle], state=state, reason=reason, ended_us=self._clock.time_us()
        )
        await self._write(ended)
        data = {"moved": ended.moved, "of": ended.total, "state": state}
        await self._audit.write(BUS, "message-queue.move-ended", ended.source, data)
        self._known[handle] = ended
        kept = KEPT if self._queues.find(ended.account, ended.name) else 0
        over = [each for each in self.of(ended.account, ended.name) if each.ended_us]
        await self._drop(over[kept:])

    async def _drop(self, tasks: Sequence[MoveTask]) -> None:
        for each in tasks:
            await self._documents.delete(_COLLECTION, each.handle)
            del self._known[each.handle]

    async def _write(self, task: MoveTask) -> None:
        await self._documents.put(_COLLECTION, task.handle, msgspec.json.encode(task))
