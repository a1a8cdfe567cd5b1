"""How a subscription is delivered: what may go out, in which form, and when it gives up."""

from collections.abc import Sequence

import msgspec

from keybus.bus.engine import DeadLetter, Delivery
from keybus.bus.gatekeeper import Gatekeeper
from keybus.bus.tally import Tally
from keybus.topology import Retry
from keybus.topology.projection import Projection

_NOTHING = b"null"


class Unfit(msgspec.Struct, frozen=True):
    """A delivery that cannot be looked at, or not be projected: it is nobody's to handle.

    Attributes:
        delivery: The delivery.
        reason: Why.
    """

    delivery: Delivery
    reason: str


class Judged(msgspec.Struct, frozen=True):
    """What is to become of a batch.

    Attributes:
        permitted: What may go out, as it was fetched.
        held: Positions that have to be held, by the reason.
        unfit: What has to be buried.
    """

    permitted: Sequence[Delivery]
    held: dict[str, set[int]]
    unfit: Sequence[Unfit]


class DeliverySettings(msgspec.Struct, frozen=True):
    """How a subscription is delivered.

    Attributes:
        retry: When a delivery gives up.
        gatekeeper: What may be delivered; None: everything.
        projection: What of an event is delivered; None: all of it.
        tally: Counts what is delivered; None: nobody asks.
    """

    retry: Retry = Retry()
    gatekeeper: Gatekeeper | None = None
    projection: Projection | None = None
    tally: Tally | None = None

    def judge(self, batch: Sequence[Delivery], now: int) -> Judged:
        """Part a batch; one event that cannot be looked at keeps no others back.

        Args:
            batch: Deliveries.
            now: Microseconds since the Unix epoch.
        """
        if self.gatekeeper is None:
            return Judged(batch, {}, ())
        try:
            return Judged(*self.gatekeeper.sort(batch, now), ())
        except Exception as error:  # noqa: BLE001 - whatever an event was made to do to us
            if len(batch) == 1:
                return Judged((), {}, [_unfit(batch[0], "be looked at", error)])
        permitted: list[Delivery] = []
        held: dict[str, set[int]] = {}
        unfit: list[Unfit] = []
        for delivery in batch:
            one = self.judge([delivery], now)
            permitted += one.permitted
            unfit += one.unfit
            for reason, positions in one.held.items():
                held.setdefault(reason, set()).update(positions)
        return Judged(permitted, held, unfit)

    def project(self, batch: Sequence[Delivery]) -> tuple[Sequence[Delivery], Sequence[Unfit]]:
        """Deliveries as they go out, and those of which that cannot be made."""
        if self.projection is None:
            return batch, ()
        projected: list[Delivery] = []
        unfit: list[Unfit] = []
        for each in batch:
            try:
                envelope = self.projection.apply(each.envelope)
            except Exception as error:  # noqa: BLE001 - whatever an event was made to do to us
                unfit.append(_unfit(each, "be cut to the subscription's fields", error))
            else:
                projected.append(Delivery(each.position, each.ingested_at, envelope, each.attempt))
        return projected, unfit

    def show(self, letter: DeadLetter, now: int) -> tuple[DeadLetter, str]:
        """A dead letter with its event as it would be delivered now; and why it would not be.

        Args:
            letter: The dead letter, with the event as it is kept.
            now: Microseconds since the Unix epoch.
        """
        try:
            withheld = self.gatekeeper.objection(letter.envelope, now) if self.gatekeeper else ""
            envelope = letter.envelope
            if self.projection is not None:
                envelope = self.projection.apply(envelope)
        except Exception as error:  # noqa: BLE001 - one that was buried for just this
            withheld = f"the event cannot be shown: {type(error).__name__}: {error}"
        if withheld:
            envelope = _NOTHING
        return msgspec.structs.replace(letter, envelope=envelope), withheld


def _unfit(delivery: Delivery, what: str, error: Exception) -> Unfit:
    return Unfit(delivery, f"the event cannot {what}: {type(error).__name__}: {error}")
