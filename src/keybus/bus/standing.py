"""How subscriptions stand, as whoever asks is told."""

from keybus.bus.control.control import Control
from keybus.bus.control.generation import Modes
from keybus.bus.delivery.pauses import Pauses
from keybus.bus.engine import CursorState
from keybus.bus.targets import Targets
from keybus.clock import Clock
from keybus.protocol import SubscriptionInfo


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
            self._control.generation.platform.subscriptions[name],
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

    def holding(self, name: str) -> list[str]:
        """Why events that the subscription asks for would be held, and those that came were."""
        if self._modes.authorization != "enforce":
            return []
        reasons = set(self._control.dispatchers[name].holding)
        now, gate = self._clock.time_us(), self._control.generation.authorizer.gate(name)
        refusals = [
            gate.refusal(ref.type, "", now)
            for ref in self._control.generation.platform.subscriptions[name].event_refs
        ]
        reasons.update(refusal.message for refusal in refusals if refusal is not None)
        return sorted(reasons)
