"""Message queues as rules' targets: what their subscriptions are delivered is sent to them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from keybus.arns import Arn
from keybus.bus.control.generation import Generation
from keybus.bus.delivery.session import Session
from keybus.bus.engine import Delivery
from keybus.bus.message_queues.errors import MessageQueueError, NoSuchQueue
from keybus.bus.message_queues.message import Message
from keybus.bus.message_queues.queues import MessageQueues
from keybus.bus.targets.evaluator import NotEvaluated
from keybus.bus.targets.input import CAUSE, failure
from keybus.bus.targets.worker import Job, Kind
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance import Principal
from keybus.protocol import Failed, Notice, Settlement, TargetInfo
from keybus.topology.inputs import InputError

_WINDOW: Final = 1_000
"""Deliveries that may be on their way into a queue."""
_REJOIN_SECONDS: Final = 1.0
_FINISH_SECONDS: Final = 3.0
"""For what is being sent when the worker ends."""
_REASON: Final = 1000
TOO_LARGE: Final = "message-too-large"
"""The cause of a dead letter that is larger than the queue's messages may be."""
_log = logging.getLogger(__name__)


class QueuePlan(msgspec.Struct, frozen=True):
    """What a worker does; another plan is another worker.

    Attributes:
        subscription: The subscription's name.
        account: The name of the account whose queue it is.
        queue: The queue's name.
        group: The message group of what is sent; empty where none is named.
        sender: The 12 digits of the account that owns the rule.
    """

    subscription: str
    account: str
    queue: str
    group: str
    sender: str


class QueueTargets(Kind[QueuePlan]):
    """Makes the workers that send to queues.

    Args:
        queues: The queues.
        clock: Time.
    """

    def __init__(self, queues: MessageQueues, clock: Clock) -> None:
        self._queues, self._clock = queues, clock

    def plan(self, name: str, generation: Generation) -> QueuePlan | None:
        """What is sent where; None: the subscription is no rule's, or its target is no queue."""
        beside = generation.beside.get(name)
        arn = None if beside is None else Arn.parse(beside.target.arn)
        if beside is None or arn is None or arn.service != "sqs":
            return None
        owner = Arn.parse(beside.arn)
        sender = "" if owner is None else owner.account
        account = beside.subscription.account
        return QueuePlan(name, account, arn.resource, beside.target.group, sender)

    def worker(self, plan: QueuePlan, job: Job) -> "QueueTarget":
        """A worker."""
        return QueueTarget(plan, job, self._queues, self._clock)

    async def close(self) -> None:
        """Nothing is shared that would have to be let go."""


class QueueTarget:
    """Sends one subscription's deliveries to a queue. Belongs to one event loop.

    All that waits is sent in one transaction of the queue's store, and acknowledged in one: a crash
    in between sends it once more. What cannot be sent is tried again as the rule's
    retry policy says; while nothing can, the subscription's breaker holds it back.

    Args:
        plan: What it does.
        job: What it works with.
        queues: The queues.
        clock: Time.
    """

    def __init__(self, plan: QueuePlan, job: Job, queues: MessageQueues, clock: Clock) -> None:
        self._plan, self._job, self._queues, self._clock = plan, job, queues, clock
        self._failure = ""

    @property
    def info(self) -> TargetInfo:
        """How it stands."""
        breaker = self._job.dispatcher.breaker
        if breaker is None:
            return TargetInfo("queue", "delivering", self._failure)
        state = "probing" if breaker.state == "probing" else "waiting"
        return TargetInfo("queue", state, breaker.reason)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            try:
                await self._serve()
            except Exception:  # noqa: BLE001 - logged; without its worker a target is dead
                _log.exception("%s: cannot send, trying again", self._plan.subscription)
            await self._clock.sleep(_REJOIN_SECONDS)

    async def _serve(self) -> None:
        """Take deliveries until the session is lost."""
        waiting: asyncio.Queue[Sequence[Delivery]] = asyncio.Queue()

        async def take(what: Sequence[Delivery] | Notice) -> None:
            if not isinstance(what, Notice):
                waiting.put_nowait(what)

        principal = Principal(self._plan.account, frozenset({"subscriber"}))
        session = self._job.dispatcher.join(take, _WINDOW, principal)
        sending = asyncio.create_task(self._send_all(session, waiting))
        lost = asyncio.create_task(session.lost.wait())
        try:
            await asyncio.wait([sending, lost], return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        except asyncio.CancelledError:
            session.leaving = True  # what has not been begun goes back untried
            waiting.put_nowait(())
            await asyncio.wait([sending], timeout=_FINISH_SECONDS)
            raise
        finally:
            lost.cancel()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await self._job.dispatcher.leave(session, "the target's worker left")

    async def _send_all(
        self, session: Session, waiting: "asyncio.Queue[Sequence[Delivery]]"
    ) -> None:
        """Send all that waits at once, again and again."""
        while not session.leaving:
            deliveries = [*await waiting.get()]
            while not waiting.empty():
                deliveries += waiting.get_nowait()
            if deliveries and not session.leaving:
                await self._job.dispatcher.settle(session, await self._sent(deliveries))

    async def _sent(self, deliveries: Sequence[Delivery]) -> Settlement:
        """Send deliveries; what became of each."""
        plan = self._plan
        settled = Settlement(ack=[], retry=[], bury=[])
        ready = [each for each in [await self._made(one, settled) for one in deliveries] if each]
        if not ready:
            return settled
        try:
            messages = [message for _, message in ready]
            await self._queues.send(plan.account, plan.queue, messages, plan.sender)
        except (MessageQueueError, EngineError) as error:
            self._failure = _told(error)[:_REASON]
            settled.retry.extend(Failed(position, self._failure) for position, _ in ready)
        else:
            self._failure = ""
            settled.ack.extend(position for position, _ in ready)
        return settled

    async def _made(self, delivery: Delivery, settled: Settlement) -> tuple[int, Message] | None:
        """The message of a delivery; None where there is none, and what becomes of it instead."""
        body, made = delivery.envelope, self._job.made
        if made is not None:
            try:
                body = await made.make(delivery)
            except InputError as error:
                settled.bury.append(Failed(delivery.position, failure(error), cause=CAUSE))
                return None
            except NotEvaluated as error:
                settled.retry.append(Failed(delivery.position, failure(error)))
                return None
        queue = self._queues.find(self._plan.account, self._plan.queue)
        if queue is not None and len(body) > queue.maximum_size:
            told = f"the message has {len(body)} bytes, and the queue takes {queue.maximum_size}"
            settled.bury.append(Failed(delivery.position, told, cause=TOO_LARGE))
            return None
        return delivery.position, Message(body.decode(), group=self._plan.group)


def _told(error: MessageQueueError | EngineError) -> str:
    """Why nothing could be sent, after EventBridge's code for it."""
    if isinstance(error, NoSuchQueue):
        return f"NO_RESOURCE: {error.args[0]}"
    if isinstance(error, MessageQueueError):
        return f"SDK_CLIENT_ERROR: {error.args[0]}"
    return f"INTERNAL_ERROR: {error.args[0]}"
