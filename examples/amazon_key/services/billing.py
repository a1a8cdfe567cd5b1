"""Billing: a charge record for each delivery, opened, counted up and closed by events.

There are no prices here: what it works out is which deliveries, and how many visits, are billable.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from amazon_key_events import (
    AccessVisitStarted,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryScheduled,
)

from keybus import EventSubscriber
from services.seen import SeenEvents


class ChargeState(StrEnum):
    """What has become of a charge."""

    OPEN = "OPEN"
    BILLABLE = "BILLABLE"
    WAIVED = "WAIVED"


@dataclass(slots=True)
class Charge:
    """One delivery's charge record.

    Attributes:
        state: Open until the delivery has ended.
        visits: The visits that were made for it.
        opened_at: When the delivery was scheduled; None until that is known.
        closed_at: When it ended.
    """

    state: ChargeState = ChargeState.OPEN
    visits: set[str] = field(default_factory=set)
    opened_at: str | None = None
    closed_at: str | None = None


class ChargeBook:
    """All open charges, the ones closed last, and the totals of all.

    Events may come in any order: a visit counts whether it is told before or after the delivery's
    end, and a record is opened by whatever is told first.

    Attributes:
        charges: By delivery.
        billable_deliveries: How many deliveries can be billed.
        billable_visits: How many visits were made for them.
        waived_deliveries: How many failed, and cost nothing.
    """

    def __init__(self, keep: int = 50_000) -> None:
        self.keep = keep
        self.charges: dict[str, Charge] = {}
        self.billable_deliveries = 0
        self.billable_visits = 0
        self.waived_deliveries = 0

    def schedule(self, delivery_id: str, at: str) -> None:
        """Open a delivery's record, or say since when it is open."""
        self._charge(delivery_id).opened_at = at

    def visit(self, delivery_id: str, visit_id: str) -> None:
        """Count a visit for a delivery."""
        charge = self._charge(delivery_id)
        if visit_id not in charge.visits:
            charge.visits.add(visit_id)
            self.billable_visits += charge.state is ChargeState.BILLABLE

    def bill(self, delivery_id: str, at: str) -> None:
        """Close a delivery's record: it was made."""
        charge = self._charge(delivery_id)
        if charge.state is ChargeState.OPEN:
            charge.state, charge.closed_at = ChargeState.BILLABLE, at
            self.billable_deliveries += 1
            self.billable_visits += len(charge.visits)

    def waive(self, delivery_id: str, at: str) -> None:
        """Close a delivery's record: it was not made."""
        charge = self._charge(delivery_id)
        if charge.state is ChargeState.OPEN:
            charge.state, charge.closed_at = ChargeState.WAIVED, at
            self.waived_deliveries += 1

    def _charge(self, delivery_id: str) -> Charge:
        charge = self.charges.get(delivery_id)
        if charge is None:
            charge = self.charges[delivery_id] = Charge()
            if len(self.charges) > self.keep:
                del self.charges[next(iter(self.charges))]
        return charge


def service(
    book: ChargeBook | None = None, subscriber: EventSubscriber | None = None
) -> EventSubscriber:
    """Billing's subscriber.

    Args:
        book: Where the charges are kept; a new one where none is given.
        subscriber: The subscriber to add the handlers to; a new one where none is given.
    """
    charges = ChargeBook() if book is None else book
    subscriber = EventSubscriber("billing") if subscriber is None else subscriber
    seen = SeenEvents()

    @subscriber.on(DeliveryScheduled)
    @seen.once
    async def scheduled(event: DeliveryScheduled) -> None:
        charges.schedule(event.delivery_id, event.timestamp)

    @subscriber.on(AccessVisitStarted)
    @seen.once
    async def visited(event: AccessVisitStarted) -> None:
        if event.delivery_id is not None:
            charges.visit(event.delivery_id, event.visit_id)

    @subscriber.on(DeliveryCompleted)
    @seen.once
    async def completed(event: DeliveryCompleted) -> None:
        charges.bill(event.delivery_id, event.timestamp)

    @subscriber.on(DeliveryFailed)
    @seen.once
    async def failed(event: DeliveryFailed) -> None:
        charges.waive(event.delivery_id, event.timestamp)

    return subscriber


if __name__ == "__main__":
    service().run()
