"""Hands a queue's consumers the input that its subscription asks for, in place of the events."""

from collections.abc import Callable, Sequence

import msgspec

from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Send, Session
from keybus.bus.engine import Delivery
from keybus.bus.targets.evaluator import NotEvaluated
from keybus.bus.targets.input import CAUSE, Input, failure
from keybus.protocol import Failed, Notice, Settlement
from keybus.topology.inputs import InputError


class Handing:
    """One consumer's way of being sent to; what no input can be made of is buried.

    Args:
        send: Takes a frame to the consumer.
        dispatcher: The subscription's.
        current: The subscription's input at this moment; None where it has none.

    Attributes:
        session: The consumer's, once it has joined.
    """

    def __init__(
        self, send: Send, dispatcher: Dispatcher, current: Callable[[], Input | None]
    ) -> None:
        self._send, self._dispatcher, self._current = send, dispatcher, current
        self.session: Session | None = None

    async def __call__(self, what: Sequence[Delivery] | Notice) -> None:
        """Send a frame, or a notice as it is."""
        made = self._current()
        if made is None or isinstance(what, Notice):
            await self._send(what)
            return
        ready = [each for delivery in what if (each := await self._made(made, delivery))]
        if ready:
            await self._send(ready)

    async def _made(self, made: Input, delivery: Delivery) -> Delivery | None:
        try:
            body = await made.make(delivery)
        except InputError as error:
            assert self.session is not None
            buried = Failed(delivery.position, failure(error), cause=CAUSE)
            await self._dispatcher.settle(self.session, Settlement(bury=[buried]))
            return None
        except NotEvaluated as error:
            assert self.session is not None
            again = Failed(delivery.position, failure(error))
            await self._dispatcher.settle(self.session, Settlement(retry=[again]))
            return None
        return msgspec.structs.replace(delivery, envelope=body)
