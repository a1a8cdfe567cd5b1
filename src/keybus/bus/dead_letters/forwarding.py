"""Dead letters of rules' targets that go on to the queue which the target names for them."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from keybus.arns import Arn
from keybus.bus.control.control import Control
from keybus.bus.control.generation import Generation
from keybus.bus.dead_letters.attributes import attributes_of
from keybus.bus.dead_letters.letters import DeadLetter, LetterChoice
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.message_queues import MessageQueues
from keybus.bus.message_queues.errors import MessageQueueError
from keybus.bus.message_queues.message import Attribute, Message
from keybus.bus.message_queues.settings import QueueSettings
from keybus.bus.metering.meters import Meters
from keybus.bus.rules.beside import Beside
from keybus.clock import Clock
from keybus.errors import EngineError

LOOK_SECONDS: Final = 1.0
"""How often it is looked for new ones."""
_AGAIN_SECONDS: Final = 30.0
"""Until a queue that took none is tried again."""
_SETTLED_SECONDS: Final = 60.0
"""For which it is looked after the last burial was counted: that is before it is durable."""
_PAGE: Final = 100
_PAGES: Final = 10
"""Of one subscription, before it is the next one's turn."""
_SENDER: Final = "events.amazonaws.com"
_log = logging.getLogger(__name__)


class _Way:
    """One subscription's letters on their way to their queue.

    Attributes:
        seen: Under which rules, and which attributes of the queue, it was looked.
        buried: How many burials had been counted then.
        after: The last letter that was looked at: what stays before it is not looked at again.
        until: Until when it is looked for new ones.
        not_before: When the queue is tried again; 0: it takes what comes.
        has_more: Whether there may be more behind that.
    """

    def __init__(self) -> None:
        self.seen: tuple[Generation, QueueSettings | None] | None = None
        self.buried, self.after, self.has_more = -1, "", False
        self.until = self.not_before = 0.0
        self._warned = False

    def is_due(
        self, seen: tuple[Generation, QueueSettings | None], buried: int, now: float
    ) -> bool:
        """Whether there may be letters that were not looked at so."""
        if seen != self.seen:
            self.seen, self.after, self.not_before, self.buried = seen, "", 0.0, -1
            self._warned = False
        if buried != self.buried:
            self.buried, self.until = buried, now + _SETTLED_SECONDS
        if self.not_before:
            return self.not_before <= now
        return self.has_more or now < self.until

    def fitting(self, name: str, letters: Mapping[str, Message]) -> Mapping[str, Message]:
        """Those that the queue's messages may be as large as; of others it is said once."""
        queue = self.seen[1] if self.seen is not None else None
        if queue is None:
            return letters
        large = {letter for letter, each in letters.items() if _size(each) > queue.maximum_size}
        if large and not self._warned:
            self._warned = True
            _log.warning(
                "%s: dead letters stay with the bus, the first of them %s: as a message it has %d"
                " bytes, and the queue %s takes %d; raise its MaximumMessageSize",
                name,
                min(large),
                _size(letters[min(large)]),
                queue.name,
                queue.maximum_size,
            )
        return {letter: each for letter, each in letters.items() if letter not in large}


class Forwarding:
    """Sends dead letters to where a rule's DeadLetterConfig says, and purges what was sent.

    A letter is durable in the queue before it goes from here, so that a crash in between sends it
    once more. Where the queue is gone, or the account may not have the event any more, or it is
    larger than the queue's messages may be, it stays, and is looked at again when rules, grants or
    the queue's attributes are others. Each subscription has its turn, whatever becomes of others'.
    Belongs to one event loop.

    Args:
        control: What holds.
        queues: Where letters go.
        meters: What tells that there are new ones.
        clock: Time.
    """

    def __init__(
        self, control: Control, queues: MessageQueues, meters: Meters, clock: Clock
    ) -> None:
        self._control, self._queues = control, queues
        self._meters, self._clock = meters, clock
        self._ways: dict[str, _Way] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="dead letters of rules")

    async def close(self) -> None:
        """Look no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            if await self._look():
                await asyncio.sleep(0)
            else:
                await self._clock.sleep(LOOK_SECONDS)

    async def _look(self) -> bool:
        """Give each its turn; whether one has more."""
        generation = self._control.generation
        named = {name: each for name, each in generation.beside.items() if each.target.dead_letters}
        for name in self._ways.keys() - named.keys():
            del self._ways[name]
        for name, beside in named.items():
            way = self._ways.setdefault(name, _Way())
            try:
                await self._turn(way, name, beside, generation)
            except Exception as error:  # noqa: BLE001 - logged; the others' letters go on
                known = isinstance(error, (MessageQueueError, EngineError))
                _log.warning(
                    "%s: its dead letters stay with the bus for now: %s",
                    name,
                    error,
                    exc_info=None if known else error,
                )
                way.not_before, way.has_more = self._clock.monotonic() + _AGAIN_SECONDS, False
        return any(each.has_more for each in self._ways.values())

    async def _turn(self, way: _Way, name: str, beside: Beside, generation: Generation) -> None:
        """Send a few pages of what there is."""
        dispatcher = self._control.dispatchers.get(name)
        place = _place(beside, generation)
        if dispatcher is None or place is None:
            way.has_more = False
            return
        queue, buried = self._queues.find(*place), self._meters.of(name).buried
        if not way.is_due((generation, queue), buried, self._clock.monotonic()):
            return
        for _ in range(_PAGES):
            found = await dispatcher.cursor.letters.page(LetterChoice(after=way.after), _PAGE)
            if found:
                ready = self._ready(name, found, dispatcher, generation)
                await self._send(place, dispatcher, way.fitting(name, ready))
                way.after = found[-1].id
            way.not_before, way.has_more = 0.0, bool(found)
            if not found:
                return

    def _ready(
        self,
        name: str,
        found: Sequence[DeadLetter],
        dispatcher: Dispatcher,
        generation: Generation,
    ) -> dict[str, Message]:
        """What of a page the account may have, by the letters' ids."""
        now, settings = self._clock.time_us(), dispatcher.settings
        return {
            each.id: _message(each, attributes_of(each, name, generation))
            for each in found
            if not settings.show(each, now)[1]
        }

    async def _send(
        self, place: tuple[str, str], dispatcher: Dispatcher, letters: Mapping[str, Message]
    ) -> None:
        if letters:
            await self._queues.send(*place, list(letters.values()), _SENDER)
            choice = LetterChoice(ids=tuple(letters))
            await dispatcher.cursor.letters.purge(choice, len(letters))


def _place(beside: Beside, generation: Generation) -> tuple[str, str] | None:
    """The account, and the name, of the queue that letters go to."""
    arn = Arn.parse(beside.target.dead_letters)
    assert arn is not None, "PutTargets takes no other"
    accounts = generation.platform.accounts.items()
    account = next((each for each, its in accounts if its.id == arn.account), "")
    if account != beside.subscription.account:
        return (
            None  # whoever was to receive it asked for another account's, before that was refused
        )
    return account, arn.resource


def _message(letter: DeadLetter, said: Mapping[str, str]) -> Message:
    """The event itself, as EventBridge sends it there, with why it was not delivered."""
    return Message(
        letter.envelope.decode(errors="replace"),
        {key: Attribute("String", value) for key, value in said.items() if value},
    )


def _size(message: Message) -> int:
    """How long a message counts: its body, and its attributes' names, types and values, in bytes."""
    said = message.attributes.items()
    told = sum(len(f"{name}{each.type}{each.value!s}".encode()) for name, each in said)
    return len(message.body.encode()) + told
