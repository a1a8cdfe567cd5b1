"""What a subscription asks for, compiled: to the router a rule, to an engine a queue's selection."""

from collections.abc import Mapping

import msgspec

from keybus.bus.forms.forms import Forms, Untranslatable
from keybus.envelope import Envelope, decode
from keybus.patterns import Pattern
from keybus.topology import EventRef, Subscription


class Rule(msgspec.Struct, frozen=True):
    """A subscription, compiled for matching; to an engine, its selection.

    Attributes:
        subscription: Its name.
        events: The types and majors that it asks for; empty: any.
        pattern: The filter; None: everything.
        forms: The majors of events, and what leads from one to another.
        majors: The majors that it asks for, by type.
        event_bus: The ARN of the bus whose events it hears; empty: the platform's own.
    """

    subscription: str
    events: frozenset[EventRef]
    pattern: Pattern | None
    forms: Forms
    majors: Mapping[str, tuple[int, ...]]
    event_bus: str = ""

    @classmethod
    def compile(
        cls,
        name: str,
        subscription: Subscription,
        forms: Forms,
        pattern: Pattern | None = None,
        event_bus: str = "",
    ) -> "Rule":
        """The rule of a subscription.

        Args:
            name: Its name.
            subscription: What it asks for.
            forms: The majors of events.
            pattern: Its filter where that was read from text already, which keeps more than a
                mapping; None: the subscription says.
            event_bus: The ARN of the bus whose events it hears; empty: the platform's own.
        """
        if pattern is None and subscription.filter is not None:
            pattern = Pattern.parse(subscription.filter)
        majors: dict[str, tuple[int, ...]] = {}
        for ref in subscription.event_refs:
            majors[ref.type] = (*majors.get(ref.type, ()), ref.major)
        return cls(name, frozenset(subscription.event_refs), pattern, forms, majors, event_bus)

    @property
    def event_types(self) -> frozenset[str]:
        """The types that it asks for; empty: any."""
        return frozenset(ref.type for ref in self.events)

    def accepts(self, envelope: bytes) -> bool:
        """Whether an event matches, by the whole of its envelope."""
        text, event = envelope, decode(envelope)
        if event.event_bus != self.event_bus:
            return False
        if self.events:
            found = self.ref_of(event)
            major = self.major_for(found)
            if major is None:
                return False
            if self.pattern is not None and major != found.major:
                try:
                    text = self.forms.translated(envelope, found, major)
                except Untranslatable:
                    return True  # nobody can ask the filter: the delivery fails, and says why
        return self.pattern is None or self.pattern.matches(text)

    def major_for(self, found: EventRef) -> int | None:
        """The major in which it gets an event; None where it does not ask for it.

        Where it asks for any event, that is the event's own.
        """
        if not self.events:
            return found.major
        asked = self.majors.get(found.type)
        return None if asked is None else self.forms.chosen(found, asked)

    def ref_of(self, event: Envelope) -> EventRef:
        """An event's type and major version."""
        return self.forms.ref_of(event.detail_type, event.decoded_detail())
