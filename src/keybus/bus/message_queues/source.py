"""What a receiver consumes: a created queue, or a declared subscription."""

from collections.abc import Callable, Coroutine, Sequence
from typing import NamedTuple, Protocol

from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Send, Session
from keybus.bus.engine import CursorState, Delivery
from keybus.bus.message_queues.received import Received
from keybus.governance import Principal


class Ready(NamedTuple):
    """A delivery that may go out.

    Attributes:
        delivery: The delivery.
        received: Makes what goes out of its receipt handle, and of the time at which it was
            received first, in microseconds since the Unix epoch.
    """

    delivery: Delivery
    received: Callable[[str, int], Received]


class Sifted(NamedTuple):
    """What becomes of deliveries.

    Attributes:
        ready: They may go out.
        steps: What is done with the others: it takes as long as the store does.
    """

    ready: Sequence[Ready]
    steps: Sequence[Coroutine[object, object, None]] = ()


class Source(Protocol):
    """What a receiver consumes. Belongs to one event loop."""

    @property
    def key(self) -> str:
        """What receipt handles are bound to."""
        ...

    @property
    def fifo(self) -> bool:
        """Whether it keeps order: a receipt handle whose time has ended is then refused."""
        ...

    @property
    def sheds(self) -> bool:
        """Whether what was sent needs no bytes in memory until it is settled."""
        ...

    async def dispatcher(self) -> Dispatcher:
        """Its dispatcher as it is now.

        Raises:
            KeybusError: It is there no more.
        """
        ...

    def join(self, dispatcher: Dispatcher, send: Send, principal: Principal) -> Session:
        """Let the receiver in.

        Raises:
            KeybusError: It is there no more, or the principal may not.
        """
        ...

    def sift(self, session: Session, deliveries: Sequence[Delivery]) -> Sifted:
        """Say which deliveries may go out now."""
        ...

    def delayed(self, state: CursorState) -> tuple[int, int]:
        """How many deliveries wait for their first time, and how many of these are not waiting.

        Args:
            state: How its queue stands.
        """
        ...
