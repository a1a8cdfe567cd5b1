"""What of a subscription's deliveries may go out now."""

from collections.abc import Callable

import msgspec

from keybus.governance.authorizer.refusal import Refusal


class Gate(msgspec.Struct, frozen=True):
    """The decision on deliveries to one subscription. Immutable, and safe to share.

    Attributes:
        open_until: While it is earlier than this, in microseconds since the Unix epoch, everything
            that the subscription asks for may be delivered; 0 where each event is looked at.
        refusal: Whether one event may be delivered: its envelope's detail-type, its source, and
            now, in microseconds since the Unix epoch.
    """

    open_until: int
    refusal: Callable[[str, str, int], Refusal | None]

    @classmethod
    def closed(cls, refusal: Refusal) -> "Gate":
        """One through which nothing goes."""
        return cls(0, lambda _type, _source, _now_us: refusal)
