"""A declared subscription as a receiver consumes it."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Send, Session
from keybus.bus.engine import CursorState, Delivery
from keybus.bus.message_queues.kept import sequence_of
from keybus.bus.message_queues.received import Received
from keybus.bus.message_queues.source import Ready, Sifted
from keybus.governance import Principal

Join = Callable[[str, Send, int, Principal], Session]
"""Lets a consumer into a subscription: `Bus.join`."""


class _Identified(msgspec.Struct):
    id: str = ""


_identified: Final = msgspec.json.Decoder(_Identified).decode


class DeclaredQueue:
    """A declared subscription: the event's id is the MessageId, and what is delivered the body.

    Native consumers may share it. What its account may not receive now is held as for these, and
    what was tried as often as the subscription says is a dead letter.

    Args:
        name: The subscription's.
        find: Its dispatcher; raises `SubscriptionError` where it is declared no more.
        join: Lets a consumer in.
    """

    sheds = False

    def __init__(self, name: str, find: Callable[[str], Dispatcher], join: Join) -> None:
        self.name, self.key = name, f"subscription\0{name}"
        self._find, self._join = find, join

    @property
    def fifo(self) -> bool:
        """Whether it is in order."""
        return self._find(self.name).settings.order is not None

    async def dispatcher(self) -> Dispatcher:
        """Its dispatcher now.

        Raises:
            SubscriptionError: It is declared no more.
        """
        return self._find(self.name)

    def join(self, dispatcher: Dispatcher, send: Send, principal: Principal) -> Session:  # noqa: ARG002 - the bus finds it
        """Let the receiver in.

        Raises:
            SubscriptionError: It is declared no more, or delivers to a webhook.
        """
        return self._join(self.name, send, 1, principal)

    def sift(self, session: Session, deliveries: Sequence[Delivery]) -> Sifted:
        """All may go: the dispatcher has looked at them."""
        fifo = self.fifo
        return Sifted([_ready(session, each, fifo=fifo) for each in deliveries])

    def delayed(self, state: CursorState) -> tuple[int, int]:
        """How many wait for their first time, and how many of them are put aside: none."""
        del state
        return 0, 0


def _ready(session: Session, delivery: Delivery, *, fifo: bool) -> Ready:
    # An input that is made of the event says nothing of its id.
    event = session.leased.get(delivery.position, delivery)

    def received(receipt: str, first_us: int) -> Received:
        return Received(
            receipt,
            _id_in(event.envelope),
            delivery.envelope.decode(errors="replace"),
            delivery.attempt,
            delivery.ingested_at,
            first_us,
            group=delivery.group,
            deduplication=_id_in(event.envelope) if fifo else "",
            sequence=sequence_of(delivery.position) if fifo else "",
        )

    return Ready(delivery, received)


def _id_in(envelope: bytes) -> str:
    try:
        return _identified(envelope).id
    except msgspec.DecodeError:
        return ""
