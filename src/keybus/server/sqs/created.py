"""A queue that CreateQueue made: all that SQS's queues can do."""

from collections.abc import Mapping, Sequence

from keybus.bus import Bus
from keybus.bus.message_queues.received import Received
from keybus.bus.message_queues.receiver import Receiver
from keybus.bus.message_queues.settings import QueueSettings
from keybus.server.aws import Call
from keybus.server.sqs import attribute_values, receivers
from keybus.server.sqs.counting import counted
from keybus.server.sqs.names import Place
from keybus.server.sqs.queue import Outcome, Wanted


class CreatedQueue:
    """One of them.

    Args:
        bus: The bus.
        settings: What it is.

    Attributes:
        place: Where it is.
        fifo: Whether it keeps order.
    """

    def __init__(self, bus: Bus, settings: QueueSettings) -> None:
        self._bus, self._settings = bus, settings
        self.place, self.fifo = Place(settings.account, settings.name), settings.fifo

    async def receive(self, call: Call, wanted: Wanted) -> Sequence[Received]:
        """Hand out messages."""
        asked = self._settings
        return await receivers.receive(
            await self._receiver(), call, wanted, wait=asked.wait, visibility=asked.visibility
        )

    async def delete(self, call: Call, receipts: Sequence[str]) -> Sequence[Outcome]:  # noqa: ARG002 - who may was decided
        """Delete what was received, durably."""
        return await receivers.delete(await self._receiver(), receipts)

    async def change_visibility(
        self,
        call: Call,  # noqa: ARG002 - the same
        asked: Sequence[tuple[str, int]],
    ) -> Sequence[Outcome]:
        """Change until when messages are their receivers'."""
        return await receivers.change_visibility(await self._receiver(), asked)

    async def attributes(self, call: Call) -> Mapping[str, str]:
        """All its attributes, by SQS's names."""
        with receivers.refusals():
            counts = await self._bus.message_queues.counts(*self.place)
        return attribute_values.told(call, self._settings) | counted(counts)

    async def purge(self, call: Call) -> None:
        """Delete all its messages, those that are out as well."""
        with receivers.refusals():
            await self._bus.message_queues.purge(*self.place, call.principal)

    async def _receiver(self) -> Receiver:
        with receivers.refusals():
            return await self._bus.message_queues.receiver(*self.place)
