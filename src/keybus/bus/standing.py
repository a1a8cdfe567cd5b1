"""How subscriptions stand, as whoever asks is told."""

import contextlib

from keybus.bus.control.control import Control
from keybus.bus.control.generation import Modes
from keybus.bus.delivery.pauses import Pauses, paused_notice
from keybus.bus.delivery.session import Session
from keybus.bus.engine import CursorState
from keybus.bus.targets import Targets
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.protocol import Notice, SubscriptionInfo


class Standing:
    """Puts together what is known of a subscription that is declared.

    Args:
        control: What holds.
        pauses: Subscriptions that wait until somebody lets them go on.
        targets: What delivers by itself.
        modes: How strictly the bus looks.
        clock: Time.
    """

    def __init__(
        self, control: Control, pauses: Pauses, targets: Targets, modes: Modes, clock: Clock
    ) -> None:
        self._control, self._pauses, self._targets = control, pauses, targets
        self._modes, self._clock = modes, clock

    def info(self, name: str, state: CursorState) -> SubscriptionInfo:
        """What a subscription asks for, and how it stands."""
        declared, dispatcher = (
            self._control.generation.subscriptions[name],
            self._control.dispatchers[name],
        )
        return SubscriptionInfo(
            name=name,
            account=declared.account,
            events=declared.events,
            filter=declared.filter,
            consumers=dispatcher.consumers,
            acknowledged=dispatcher.acknowledged,
            waiting=state.waiting,
            in_flight=state.in_flight,
            delayed=state.delayed,
            ordered=state.ordered,
            held=state.held,
            holding=self.holding(name),
            dead=state.dead,
            target=self._targets.info(name),
            paused=self._pauses.of(name),
            breaker=dispatcher.breaker,
            filling=dispatcher.cursor.filled is not None,
        )

    async def states(self) -> dict[str, CursorState]:
        """How each subscription stands."""
        found = {}
        for name, dispatcher in list(self._control.dispatchers.items()):
            with contextlib.suppress(EngineError):  # it was removed meanwhile
                found[name] = await dispatcher.cursor.state()
        return found

    async def subscriptions(self) -> list[SubscriptionInfo]:
        """The subscriptions, what they ask for and how they stand."""
        states = await self.states()
        known = self._control.generation.subscriptions
        return [self.info(name, state) for name, state in states.items() if name in known]

    def tell(self, session: Session, name: str) -> None:
        """Tell a consumer that has come what it has to know."""
        if holding := self.holding(name):
            session.tell(Notice("held", "; ".join(holding)))
        if (pause := self._pauses.of(name)) is not None:
            session.tell(paused_notice(pause))
        for warning in self._control.generation.warnings(name):
            session.tell(Notice("deprecated", warning))

    def holding(self, name: str) -> list[str]:
        """Why events that the subscription asks for would be held, and those that came were."""
        if self._modes.authorization != "enforce":
            return []
        reasons = set(self._control.dispatchers[name].holding)
        now, gate = self._clock.time_us(), self._control.generation.authorizer.gate(name)
        refusals = [
            gate.refusal(ref.type, "", now)
            for ref in self._control.generation.subscriptions[name].event_refs
        ]
        reasons.update(refusal.message for refusal in refusals if refusal is not None)
        return sorted(reasons)
