"""Why an event did not match a subscription, by the rules that held when it came."""

from collections.abc import Sequence

import msgspec

from keybus.bus.explaining.explanation import FieldTold, Outcome
from keybus.bus.forms.forms import Forms, Untranslatable
from keybus.bus.ingest.selection import Rule
from keybus.envelope import Envelope
from keybus.errors import EnvelopeError
from keybus.patterns import Explanation, Pattern
from keybus.topology import EventRef, Subscription

_MOST_FIELDS, _MOST_TYPES = 20, 3


class Verdict(msgspec.Struct, frozen=True):
    """Whether an event matched, and why not.

    Attributes:
        outcome: ``acknowledged`` where it matched: then it was settled.
        message: The same in a sentence.
        fields: What of the filter it does not satisfy.
    """

    outcome: Outcome
    message: str
    fields: Sequence[FieldTold] = ()


def verdict(
    name: str,
    subscription: Subscription,
    forms: Forms,
    envelope: Envelope,
    text: bytes,
    *,
    readable: bool,
    pattern: Pattern | None = None,
    event_bus: str = "",
) -> Verdict:
    """Judge an event of which a subscription's queue knows nothing any more.

    Args:
        name: The subscription's name.
        subscription: What it was declared as.
        forms: The majors of events, and what leads from one to another.
        envelope: The event.
        text: The same as JSON.
        readable: Whether whoever asks may read what is in the event.
        pattern: Its filter where that was read already.
        event_bus: The ARN of the bus whose events it hears; empty: the platform's own.
    """
    if envelope.event_bus != event_bus:
        put_on, hears = envelope.event_bus or "the platform's", event_bus or "the platform's"
        return Verdict("filtered-out", f"it hears {hears} bus, and the event was put on {put_on}")
    rule = Rule.compile(name, subscription, forms, pattern)
    found = rule.ref_of(envelope)
    major = rule.major_for(found)
    if major is None:
        return _other_type(rule, found)
    if rule.pattern is None:
        return Verdict("acknowledged", "it matched, and was acknowledged")
    try:
        explanation = rule.pattern.explain(forms.translated(text, found, major))
    except (EnvelopeError, RecursionError, Untranslatable) as error:
        return Verdict("filtered-out", f"the filter could not be asked: {error}")
    if explanation.matched:
        return Verdict("acknowledged", "it matched, and was acknowledged")
    fields = _fields(explanation, readable=readable)
    paths = ", ".join(each.path for each in fields[:3])
    return Verdict("filtered-out", f"its filter does not match: {paths}", fields)


def _other_type(rule: Rule, found: EventRef) -> Verdict:
    # Those of this type are what is looked for.
    refs = sorted(rule.events, key=lambda each: (each.type != found.type, each.type, each.major))
    asked = ", ".join(f"{each.type}@{each.major}" for each in refs[:_MOST_TYPES])
    if len(refs) > _MOST_TYPES:
        asked += f" and {len(refs) - _MOST_TYPES} more"
    if any(each.type == found.type for each in rule.events):
        told = f"the event is of major version {found.major}, and it asks for {asked}"
    else:
        told = f"it does not ask for {found.type}, but for {asked}"
    return Verdict("not-subscribed", told)


def _fields(explanation: Explanation, *, readable: bool) -> list[FieldTold]:
    """What failed in the alternative that is nearest to a match."""
    nearest = explanation.nearest[0]
    told = [
        FieldTold(
            each.path,
            each.expected,
            each.reason if readable else "",
            each.hint if readable else "",
        )
        for each in nearest.fields
        if not each.matched
    ]
    told += [
        FieldTold(each.array, "in one element", each.reason if readable else "")
        for each in nearest.disagreements
    ]
    return told[:_MOST_FIELDS]
