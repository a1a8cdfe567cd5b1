"""What of a subscription's deliveries its account may receive now."""

from collections.abc import Callable, Sequence

from keybus.bus.engine import Delivery
from keybus.envelope import head
from keybus.governance.authorizer import Gate, Refusal

Observed = Callable[[Refusal], None]
"""Told of a refusal, once a batch."""


class Gatekeeper:
    """Asks the authorizer before each delivery.

    Args:
        gate: The subscription's, compiled.
        enforce: Whether what is refused is held; else it is only told.
        observed: Told of what is refused.
    """

    def __init__(self, gate: Gate, *, enforce: bool, observed: Observed) -> None:
        self._gate, self._enforce, self._observed = gate, enforce, observed

    def sort(
        self, batch: Sequence[Delivery], now: int
    ) -> tuple[Sequence[Delivery], dict[str, set[int]]]:
        """Part what may be delivered from what may not.

        Args:
            batch: Deliveries.
            now: Microseconds since the Unix epoch.

        Returns:
            What may be delivered, and the positions of what has to be held by the reason.
        """
        if now < self._gate.open_until:
            return batch, {}
        permitted: list[Delivery] = []
        held: dict[str, set[int]] = {}
        refusals: dict[str, Refusal] = {}
        for delivery in batch:
            refusal = self._gate.refusal(*head(delivery.envelope), now)
            if refusal is None:
                permitted.append(delivery)
                continue
            refusals[refusal.message] = refusal
            if self._enforce:
                held.setdefault(refusal.message, set()).add(delivery.position)
            else:
                permitted.append(delivery)
        for refusal in refusals.values():
            self._observed(refusal)
        return permitted, held

    def refusal(self, event_type: str, source: str, now: int) -> str:
        """Why events of a type and source would be held now; empty where they would not."""
        if not self._enforce or now < self._gate.open_until:
            return ""
        refusal = self._gate.refusal(event_type, source, now)
        return refusal.message if refusal else ""

    def objection(self, envelope: bytes, now: int) -> str:
        """Why an event may not be had now, where that is enforced; empty where it may."""
        if not self._enforce or now < self._gate.open_until:
            return ""
        refusal = self._gate.refusal(*head(envelope), now)
        if refusal is None:
            return ""
        self._observed(refusal)
        return refusal.message
