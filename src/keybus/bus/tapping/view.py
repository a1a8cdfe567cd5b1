"""What of the events whoever watches may have, and in which form."""

from collections.abc import Collection
from typing import Protocol

from keybus.bus.control.control import Control
from keybus.bus.control.generation import Generation
from keybus.bus.engine import Record
from keybus.bus.forms.shape import Shape
from keybus.clock import Clock
from keybus.envelope import head, is_of_account, is_of_platform
from keybus.errors import Forbidden
from keybus.governance import Principal

_REMEMBERED_US = 1_000_000
_MOST_REMEMBERED = 10_000


class View(Protocol):
    """What one tail is shown."""

    def may(self, record: Record) -> bool:
        """Whether an event may be shown at all; fast, and exact but for the last second."""
        ...

    def show(self, envelope: bytes, matched: Collection[str] | None) -> bytes | None:
        """An event as it may be had this moment; None where it may not be.

        Args:
            envelope: The envelope as it is kept.
            matched: The subscriptions that it matched; None: by the rules of now.

        Raises:
            Forbidden: Nothing may be watched any more.
        """
        ...


class SubscriptionView:
    """What one subscription is delivered: what it matches, what it may receive, its fields.

    Args:
        control: What holds.
        subscription: Its name.
        asking: Who watches; None: somebody who may see everything.
        clock: Time.
    """

    def __init__(
        self, control: Control, subscription: str, asking: Principal | None, clock: Clock
    ) -> None:
        self._control, self._name = control, subscription
        self._asking, self._clock = asking, clock

    def may(self, record: Record) -> bool:
        """Whether it matched."""
        return self._name in record.matched

    def show(self, envelope: bytes, matched: Collection[str] | None) -> bytes | None:
        """The event as it is delivered; None where it is not."""
        generation = self._control.generation
        dispatcher = self._control.dispatchers.get(self._name)
        if dispatcher is None:
            raise Forbidden(f"the subscription {self._name!r} was removed", rule="subscription")
        if self._asking is not None:
            refusal = generation.authorizer.consume(self._asking, self._name)
            if refusal is not None:
                raise Forbidden(refusal.message, rule=refusal.code, hint=refusal.hint)
        if matched is None and not generation.router.rules[self._name].accepts(envelope):
            return None
        settings = dispatcher.settings
        if settings.gatekeeper is not None:
            event_type, source = head(envelope)
            if settings.gatekeeper.refusal(event_type, source, self._clock.time_us()):
                return None
        return envelope if settings.shape is None else settings.shape.apply(envelope)


class AccountView:
    """What an account may read; of others' events what its subscriptions would be delivered.

    Args:
        control: What holds.
        asking: Who watches; None: somebody who may see everything.
        clock: Time.
    """

    def __init__(self, control: Control, asking: Principal | None, clock: Clock) -> None:
        self._control, self._asking, self._clock = control, asking, clock
        self._known: dict[tuple[str, str], bool] = {}
        self._generation: Generation | None = None
        self._until = 0

    def may(self, record: Record) -> bool:
        """Whether it may be read; what was found out is remembered for a second."""
        if self._asking is None:
            return True
        if not self._hears(record.envelope, record.matched):
            return False
        if self._generation is not self._control.generation or record.ingested_at > self._until:
            self._generation = self._control.generation
            self._until = record.ingested_at + _REMEMBERED_US
            self._known.clear()
        key = (record.event_type, record.source)
        known = self._known.get(key)
        if known is None:
            known = self._reads(*key)
            if len(self._known) < _MOST_REMEMBERED:
                self._known[key] = known
        return known

    def show(self, envelope: bytes, matched: Collection[str] | None) -> bytes | None:
        """The event, cut to what its subscriptions ask for; None where it may not be read."""
        if self._asking is None:
            return envelope
        event_type, source = head(envelope)
        if not (self._reads(event_type, source) and self._hears(envelope, matched)):
            return None
        if self._owner(event_type, source) == self._asking.account:
            return envelope
        shapes = self._shapes(envelope, matched)
        cuts = [each for each in shapes if each is not None and not each.is_whole]
        return cuts[0].apply(envelope) if cuts and len(cuts) == len(shapes) else envelope

    def _hears(self, envelope: bytes, matched: Collection[str] | None) -> bool:
        """Whether it may know of the event's bus.

        That is the platform's, one that it has made, or one whose rules send to it.
        """
        if is_of_platform(envelope):
            return True
        assert self._asking is not None
        platform = self._control.generation.platform
        own = platform.accounts.get(self._asking.account)
        if own is not None and is_of_account(envelope, own.id):
            return True
        return bool(self._shapes(envelope, matched))

    def _reads(self, event_type: str, source: str) -> bool:
        assert self._asking is not None
        read = self._control.generation.authorizer.read
        return read(self._asking, event_type, source, self._clock.time_us()) is None

    def _owner(self, event_type: str, source: str) -> str:
        contract = self._control.generation.contracts.get(event_type)
        return self._control.generation.account_of(source) if contract is None else contract.owner

    def _shapes(self, envelope: bytes, matched: Collection[str] | None) -> list[Shape | None]:
        """How the account's subscriptions that match an event have it; None: as it came."""
        assert self._asking is not None
        generation = self._control.generation
        own = [
            name
            for name, subscription in generation.subscriptions.items()
            if subscription.account == self._asking.account
        ]
        if matched is None:
            matched = [name for name in own if generation.router.rules[name].accepts(envelope)]
        return [generation.shapes.get(name) for name in own if name in matched]
