"""The dead letters of a declared subscription, as a queue."""

from collections.abc import Mapping, Sequence

from keybus.bus import Bus
from keybus.bus.dead_letters.attributes import attributes_of
from keybus.bus.dead_letters.clearing import AlreadyClearing
from keybus.bus.dead_letters.desk import LetterDesk
from keybus.bus.dead_letters.leases import LeasedLetter
from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.message_queues.errors import NotInFlight
from keybus.bus.message_queues.kept import sequence_of
from keybus.bus.message_queues.message import Attribute
from keybus.bus.message_queues.received import Counts, Received
from keybus.errors import KeybusError
from keybus.governance.audit import Actor
from keybus.server.aws import Call
from keybus.server.sqs import attribute_values
from keybus.server.sqs.attempts import ATTEMPTS
from keybus.server.sqs.counting import counted
from keybus.server.sqs.declared_names import name_of
from keybus.server.sqs.errors import failure
from keybus.server.sqs.names import Place
from keybus.server.sqs.queue import Outcome, Wanted
from keybus.server.sqs.receivers import refusal, refusals
from keybus.server.sqs.subscribed import VISIBILITY, declared_settings, require, source_of


class LetterQueue:
    """One of them.

    Args:
        bus: The bus.
        place: Where it is.
        subscription: The subscription's name.

    Attributes:
        place: Where it is.
        subscription: The subscription's name.
        fifo: Whether the subscription is in order.
    """

    def __init__(self, bus: Bus, place: Place, subscription: str) -> None:
        self._bus, self.place, self.subscription = bus, place, subscription
        self.fifo = bus.platform.subscriptions[subscription].order is not None

    @property
    def source(self) -> Place | None:
        """The subscription's queue; None where it is delivered to its webhook."""
        name = name_of(self._bus, self.subscription)
        return None if name is None else Place(self.place.account, name)

    async def receive(self, call: Call, wanted: Wanted) -> Sequence[Received]:
        """Hand out dead letters; their reasons are message attributes, as EventBridge's are."""
        desk, by, clock = self._desk(call), call.principal, call.bus.clock
        visibility = VISIBILITY if wanted.visibility is None else wanted.visibility
        with refusals():
            if wanted.attempt:
                answered = ATTEMPTS.answered(desk, by, wanted.attempt, clock)
                if answered and (again := await desk.again(answered, visibility)):
                    return [self._received(each) for each in again]
            async with call.leaves() as left:
                found = await desk.receive(wanted.most, wanted.wait or 0, visibility, left)
        if wanted.attempt and found:
            ATTEMPTS.keep(desk, by, wanted.attempt, [each.receipt for each in found], clock)
        return [self._received(each) for each in found]

    async def delete(self, call: Call, receipts: Sequence[str]) -> Sequence[Outcome]:
        """Purge letters that were received, durably; before, it is written down how many."""
        desk = self._desk(call)

        async def telling(count: int) -> None:
            by = Actor.of(call.principal)
            await self._bus.audit.write(
                by, "dead-letters.delete", self.subscription, {"count": count}
            )

        with refusals():
            errors = await desk.delete(receipts, telling)
        return [
            None if error is None else refusal(error, receipt)
            for receipt, error in zip(receipts, errors, strict=True)
        ]

    async def change_visibility(
        self, call: Call, asked: Sequence[tuple[str, int]]
    ) -> Sequence[Outcome]:
        """Change until when letters are their receivers'."""
        desk, outcomes = self._desk(call), list[Outcome]()
        for receipt, seconds in asked:
            try:
                desk.change_visibility(receipt, seconds)
            except NotInFlight as error:
                outcomes.append(failure("MessageNotInflight", str(error)))
            except KeybusError as error:
                outcomes.append(refusal(error, receipt))
            else:
                outcomes.append(None)
        return outcomes

    async def attributes(self, call: Call) -> Mapping[str, str]:
        """All its attributes, by SQS's names."""
        kept = self._bus.platform.subscriptions[self.subscription].retry.keep_dead_letters
        settings = declared_settings(self._bus, self.place, retention=kept)
        with refusals():
            state = await self._bus.dispatcher(self.subscription).cursor.state()
            out = min(state.dead, self._bus.letter_desks.of(self.subscription).in_flight)
        counts = Counts(state.dead - out, out, 0)
        return attribute_values.told(call, settings) | counted(counts)

    async def purge(self, call: Call) -> None:
        """Purge all of them, in the background, as `keybus dlq purge` does.

        Raises:
            AwsError: ``PurgeQueueInProgress``: they are on their way already.
        """
        require(self._bus, call, self.subscription)
        try:
            with refusals():
                await self._bus.clearings.begin(
                    "purge", self.subscription, LetterChoice(), call.principal
                )
        except AlreadyClearing as error:
            raise failure("PurgeQueueInProgress", str(error)) from error

    def _desk(self, call: Call) -> LetterDesk:
        require(self._bus, call, self.subscription)
        with refusals():
            return self._bus.letter_desks.of(self.subscription)

    def _received(self, leased: LeasedLetter) -> Received:
        letter = leased.letter
        told = attributes_of(letter, self.subscription, self._bus.generation)
        return Received(
            leased.receipt,
            letter.event_id or letter.id,
            letter.envelope.decode(errors="replace"),
            leased.count,
            letter.ingested_at,
            leased.first_us,
            attributes={name: Attribute("String", text) for name, text in told.items() if text},
            group=leased.group,
            deduplication=letter.event_id if self.fifo else "",
            sequence=sequence_of(letter.position) if self.fifo else "",
            source=source_of(self.source) if self.source is not None else "",
        )
