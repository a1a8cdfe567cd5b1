"""The sieve: which events of the log a replay sends, in which form, and to whom."""

from collections.abc import Mapping

import msgspec

from keybus.bus.archive.replay import Wanted
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Record, Stored
from keybus.bus.ingest.router import Router
from keybus.envelope import Envelope, decode, replayed
from keybus.patterns import Pattern


class Sifted(msgspec.Struct, frozen=True):
    """What a replay makes of an event.

    Attributes:
        record: What is sent; None: nothing.
        withheld: Why the deliveries that are left out may not be received now, one reason each.
    """

    record: Record | None
    withheld: tuple[str, ...] = ()


class Unfit(Exception):
    """An event that cannot be looked at."""


_NOTHING = Sifted(None)


class Sieve:
    """Looks at events by the rules of one moment.

    An event matches a subscription by the rules that hold now, whatever they were when it was
    published. What the subscription's account may not receive now is left out and, where a single
    subscription asks, not compared with the pattern: nobody learns of it. The pattern is then
    compared with what would be delivered, and else with the whole event.

    Args:
        wanted: What is to be sent.
        pattern: Its pattern, read.
        name: The replay's name.
        router: Which subscriptions an event matches.
        dispatchers: How each subscription is delivered.
    """

    def __init__(
        self,
        wanted: Wanted,
        pattern: Pattern | None,
        name: str,
        router: Router,
        dispatchers: Mapping[str, Dispatcher],
    ) -> None:
        self._wanted, self._to, self._pattern, self._name = wanted, wanted.to, pattern, name
        self._router, self._dispatchers = router, dispatchers

    def sift(self, stored: Stored, now: int) -> Sifted:
        """What is to become of an event.

        Args:
            stored: The event, as it was published.
            now: Microseconds since the Unix epoch: when the bus takes it once more.

        Raises:
            Unfit: It cannot be looked at.
        """
        try:
            return self._sift(stored.envelope, now)
        except Exception as error:  # whatever an event was made to do to us
            raise Unfit(f"{type(error).__name__}: {error}") from error

    def _sift(self, envelope: bytes, now: int) -> Sifted:
        if not self._to and self._pattern is not None and not self._pattern.matches(envelope):
            return _NOTHING
        text = replayed(envelope, self._name)
        event = decode(text)
        matched = self._router.match(event, text, event.decoded_detail())
        permitted, withheld = [], []
        for name in matched:
            if name not in self._dispatchers or not self._wanted.is_for(name):
                continue
            if why := self._refusal(name, event, now):
                withheld.append(why)
            elif not self._to or self._finds(envelope):
                permitted.append(name)
        if not permitted:
            return Sifted(None, tuple(withheld)) if withheld else _NOTHING
        record = Record(text, event.id, event.source, event.detail_type, now, tuple(permitted))
        return Sifted(record, tuple(withheld))

    def _refusal(self, name: str, event: Envelope, now: int) -> str:
        gatekeeper = self._dispatchers[name].settings.gatekeeper
        return gatekeeper.refusal(event.detail_type, event.source, now) if gatekeeper else ""

    def _finds(self, envelope: bytes) -> bool:
        """Whether the event, as the one subscription would be delivered it, fits the pattern."""
        if self._pattern is None:
            return True
        shape = self._dispatchers[self._to].settings.shape
        return self._pattern.matches(shape.apply(envelope) if shape else envelope)
