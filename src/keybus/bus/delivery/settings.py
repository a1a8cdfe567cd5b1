"""How a subscription is delivered: what may go out, in which form, and when it gives up."""

from collections.abc import Sequence

import msgspec

from keybus.bus.dead_letters.letters import EXPIRED, UNFIT, DeadLetter
from keybus.bus.delivery.gatekeeper import Gatekeeper
from keybus.bus.delivery.order_key import OrderKey
from keybus.bus.delivery.tally import Tally
from keybus.bus.engine import Delivery
from keybus.bus.forms.forms import Untranslatable
from keybus.bus.forms.shape import Shape
from keybus.topology import Retry

_NOTHING = b"null"


class Unfit(msgspec.Struct, frozen=True):
    """A delivery that cannot be looked at or projected, or is too old: it is nobody's to handle.

    Attributes:
        delivery: The delivery.
        reason: Why.
        cause: Why, as a dead letter's code.
    """

    delivery: Delivery
    reason: str
    cause: str = UNFIT


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
        shape: In which form an event is delivered; None: as it came.
        tally: Counts what is delivered; None: nobody asks.
        order: By which key deliveries are in order; None: in none.
        longest_pause: Seconds that the backoff after many failures waits, at most.
        company: Whether what was out when the bus, or a consumer, was lost goes with others all the
            same, and not by itself: where a consumer can bring down neither.
    """

    retry: Retry = Retry()
    gatekeeper: Gatekeeper | None = None
    shape: Shape | None = None
    tally: Tally | None = None
    order: OrderKey | None = None
    longest_pause: float = 60.0
    company: bool = False

    @property
    def too_old(self) -> str:
        """What is said of a delivery that is older than it may get."""
        return f"it was not handled within {self.retry.max_age} s (retry.max_age)"

    def expired_before(self, now: int) -> int:
        """What was ingested, or redriven, before this is too old; microseconds since the epoch."""
        return 0 if self.retry.max_age is None else now - self.retry.max_age * 1_000_000

    def fetched(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        """A batch from the engine, as it is to be handed out."""
        if not (self.company and any(each.alone for each in batch)):
            return batch
        return [msgspec.structs.replace(each, alone=False) for each in batch]

    def judge(self, batch: Sequence[Delivery], now: int) -> Judged:
        """Part a batch; one event that cannot be looked at keeps no others back.

        Args:
            batch: Deliveries.
            now: Microseconds since the Unix epoch.
        """
        before = self.expired_before(now)
        if not (before and any(_since(each) < before for each in batch)):
            return self._judge(batch, now)
        judged = self._judge([each for each in batch if _since(each) >= before], now)
        old = [Unfit(each, self.too_old, EXPIRED) for each in batch if _since(each) < before]
        return Judged(judged.permitted, judged.held, [*old, *judged.unfit])

    def _judge(self, batch: Sequence[Delivery], now: int) -> Judged:
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
            one = self._judge([delivery], now)
            permitted += one.permitted
            unfit += one.unfit
            for reason, positions in one.held.items():
                held.setdefault(reason, set()).update(positions)
        return Judged(permitted, held, unfit)

    def project(self, batch: Sequence[Delivery]) -> tuple[Sequence[Delivery], Sequence[Unfit]]:
        """Deliveries as they go out, and those of which that cannot be made."""
        if self.shape is None:
            return batch, ()
        projected: list[Delivery] = []
        unfit: list[Unfit] = []
        for each in batch:
            try:
                envelope = self.shape.apply(each.envelope)
            except Exception as error:  # noqa: BLE001 - whatever an event was made to do to us
                unfit.append(_unfit(each, "be given the form that is asked for", error))
            else:
                projected.append(msgspec.structs.replace(each, envelope=envelope))
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
            if self.shape is not None:
                envelope = self.shape.apply(envelope)
        except Untranslatable as error:
            # Without fields all of it would have been delivered, so all of it may be seen.
            if self.shape is None or not self.shape.is_whole:
                withheld = f"it cannot be cut to the subscription's fields: {error}"
        except Exception as error:  # noqa: BLE001 - one that was buried for just this
            withheld = f"the event cannot be shown: {type(error).__name__}: {error}"
        if withheld:
            envelope = _NOTHING
        return msgspec.structs.replace(letter, envelope=envelope), withheld


def _since(delivery: Delivery) -> int:
    """What its age counts from, in microseconds since the Unix epoch."""
    return max(delivery.ingested_at, delivery.redriven_at)


def _unfit(delivery: Delivery, what: str, error: Exception) -> Unfit:
    if isinstance(error, Untranslatable):
        return Unfit(delivery, str(error))
    return Unfit(delivery, f"the event cannot {what}: {type(error).__name__}: {error}")
