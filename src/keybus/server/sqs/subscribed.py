"""A subscription that the platform declares, as a queue: its events are the messages."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from keybus.bus import Bus
from keybus.bus.message_queues.received import Received
from keybus.bus.message_queues.receiver import Receiver
from keybus.bus.message_queues.settings import QueueSettings, Redrive
from keybus.server.aws import Call
from keybus.server.sqs import attribute_values, receivers
from keybus.server.sqs.counting import counted
from keybus.server.sqs.declared_names import dead_name_of
from keybus.server.sqs.errors import unsupported
from keybus.server.sqs.names import FIFO, Place
from keybus.server.sqs.queue import Outcome, Wanted

VISIBILITY: Final = 30
"""Seconds for which a message is its receiver's where it does not say."""
_LONGEST_KEPT: Final = 1_209_600


class SubscriptionQueue:
    """One of them.

    Args:
        bus: The bus.
        place: Where it is.
        subscription: The subscription's name.

    Attributes:
        place: Where it is.
        fifo: Whether it keeps order.
    """

    def __init__(self, bus: Bus, place: Place, subscription: str) -> None:
        self._bus, self.place, self._name = bus, place, subscription
        self.fifo = bus.platform.subscriptions[subscription].order is not None

    async def receive(self, call: Call, wanted: Wanted) -> Sequence[Received]:
        """Hand out events, as any of its consumers is: what is held, or paused, waits."""
        receiver = await self._receiver(call)
        return await receivers.receive(receiver, call, wanted, wait=0, visibility=VISIBILITY)

    async def delete(self, call: Call, receipts: Sequence[str]) -> Sequence[Outcome]:
        """Settle what was received as handled, durably."""
        return await receivers.delete(await self._receiver(call), receipts)

    async def change_visibility(
        self, call: Call, asked: Sequence[tuple[str, int]]
    ) -> Sequence[Outcome]:
        """Change until when events are their receivers'."""
        return await receivers.change_visibility(await self._receiver(call), asked)

    async def attributes(self, call: Call) -> Mapping[str, str]:
        """All its attributes, by SQS's names: as the platform declares it."""
        with receivers.refusals():
            counts = await (await self._bus.message_queues.subscription(self._name)).counts()
        declared = self._bus.platform.subscriptions[self._name]
        dead = dead_name_of(self._bus, self._name)
        redrive = Redrive(declared.account, dead, declared.retry.attempts + 1)
        kept = declared.retry.max_age or _LONGEST_KEPT
        settings = declared_settings(self._bus, self.place, retention=kept, redrive=redrive)
        return attribute_values.told(call, settings) | counted(counts)

    async def purge(self, call: Call) -> None:
        """Refused: what a subscription waits for is not to be lost by one call.

        Raises:
            AwsError: Always.
        """
        require(self._bus, call, self._name)
        raise unsupported(
            f"The queue {self.place.name} is a subscription of the platform, and cannot be purged: "
            "receive its messages and delete them, or take it out of the platform."
        )

    async def _receiver(self, call: Call) -> Receiver:
        require(self._bus, call, self._name)
        with receivers.refusals():
            return await self._bus.message_queues.subscription(self._name)


def require(bus: Bus, call: Call, subscription: str) -> None:
    """Let a caller consume a subscription.

    Raises:
        Forbidden: The authorizer is against it.
    """
    if not call.is_open:
        refusal = bus.authorizer.consume(call.principal, subscription)
        bus.permission.require(call.principal, f"consume {subscription}", refusal)


def declared_settings(
    bus: Bus, place: Place, *, retention: int, redrive: Redrive | None = None
) -> QueueSettings:
    """What a declared queue would be, had it been created."""
    applied_us = bus.generation.applied.applied_us
    return QueueSettings(
        account=place.account,
        name=place.name,
        created_us=applied_us,
        modified_us=applied_us,
        retention=retention,
        visibility=VISIBILITY,
        redrive=redrive,
        fifo=place.name.endswith(FIFO),
    )


def source_of(place: Place) -> str:
    """A declared queue as the source of a dead letter; its name may have slashes."""
    return f"{place.account}/{quote(place.name, safe='')}"
