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
_SENDER: Final = "events.amazonaws.com"
_log = logging.getLogger(__name__)


class _Counted:
    """What was known of a subscription's burials when it was looked."""

    def __init__(self) -> None:
        self.seen: tuple[Generation, int] | None = None
        self.until = self.not_before = 0.0


class Forwarding:
    """Sends dead letters to where a rule's DeadLetterConfig says, and purges what was sent.

    A letter is durable in the queue before it goes from here, so that a crash in between sends it
    once more. Where the queue is gone, or the account may not have the event any more, it stays.
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
        self._counted: dict[str, _Counted] = {}
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
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - logged; it is looked again
                _log.exception("cannot look for dead letters of rules")
            await self._clock.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        generation = self._control.generation
        named = {name: each for name, each in generation.beside.items() if each.target.dead_letters}
        for name in self._counted.keys() - named.keys():
            del self._counted[name]
        for name, beside in named.items():
            dispatcher = self._control.dispatchers.get(name)
            if dispatcher is None or not self._is_due(name, generation):
                continue
            taken = await self._forward(name, beside, dispatcher, generation)
            again = self._clock.monotonic() + _AGAIN_SECONDS
            self._counted[name].not_before = 0.0 if taken else again

    def _is_due(self, name: str, generation: Generation) -> bool:
        """Whether there may be letters that were not looked at under these rules."""
        now, seen = self._clock.monotonic(), (generation, self._meters.of(name).buried)
        known = self._counted.setdefault(name, _Counted())
        if known.seen != seen:
            known.seen, known.until = seen, now + _SETTLED_SECONDS
        return known.not_before <= now < known.until or 0 < known.not_before <= now

    async def _forward(
        self, name: str, beside: Beside, dispatcher: Dispatcher, generation: Generation
    ) -> bool:
        """Send what there is; whether it was taken."""
        letters, choice = dispatcher.cursor.letters, LetterChoice()
        try:
            while found := await letters.page(choice, _PAGE):
                await self._page(name, beside, dispatcher, found, generation)
                choice = LetterChoice(after=found[-1].id)
        except (MessageQueueError, EngineError) as error:
            _log.warning("%s: its dead letters stay with the bus for now: %s", name, error)
            return False
        return True

    async def _page(
        self,
        name: str,
        beside: Beside,
        dispatcher: Dispatcher,
        found: Sequence[DeadLetter],
        generation: Generation,
    ) -> None:
        now, settings = self._clock.time_us(), dispatcher.settings
        ready = [each for each in found if not settings.show(each, now)[1]]
        if not ready:
            return
        arn = Arn.parse(beside.target.dead_letters)
        assert arn is not None, "PutTargets takes no other"
        accounts = generation.platform.accounts.items()
        account = next((each for each, its in accounts if its.id == arn.account), "")
        if account != beside.subscription.account:
            return  # whoever was to receive it asked for another account's queue, before that was refused
        messages = [_message(each, attributes_of(each, name, generation)) for each in ready]
        await self._queues.send(account, arn.resource, messages, _SENDER)
        await dispatcher.cursor.letters.purge(
            LetterChoice(ids=tuple(each.id for each in ready)), len(ready)
        )


def _message(letter: DeadLetter, said: Mapping[str, str]) -> Message:
    """The event itself, as EventBridge sends it there, with why it was not delivered."""
    return Message(
        letter.envelope.decode(),
        {key: Attribute("String", value) for key, value in said.items() if value},
    )
