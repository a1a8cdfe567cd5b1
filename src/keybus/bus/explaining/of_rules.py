"""What became of an event at a rule's target, where its queue knows nothing of it any more."""

from keybus.bus.explaining.explanation import SubscriptionExplanation
from keybus.bus.explaining.matching import verdict
from keybus.bus.explaining.search import Sighting
from keybus.bus.forms.forms import Forms
from keybus.bus.rules.beside import Beside
from keybus.clock import rfc3339

_CHANGED = "by the rule as it is now: it was changed, enabled or disabled after the event came"


def of_rule(
    name: str, beside: Beside, forms: Forms, found: Sighting, *, refusal: str, readable: bool
) -> SubscriptionExplanation:
    """Judge by the rule as it is; no version of it is kept.

    Args:
        name: The name of the target's subscription.
        beside: The rule's target.
        forms: The majors of events.
        found: The event.
        refusal: Why the target's account might not receive it, by what is declared now; empty
            where it might.
        readable: Whether whoever asks may read what is in the event.
    """
    account, taken_at = beside.subscription.account, found.stored.ingested_at
    if taken_at < beside.target.since_us:
        since = rfc3339(beside.target.since_us, fraction=False)
        told = f"the rule {beside.rule!r} has this target since {since}, after the event came"
        return SubscriptionExplanation(name, account, "not-yet-declared", told)
    is_changed = beside.changed_us > taken_at
    if not beside.is_enabled and not is_changed:
        told = f"the rule {beside.rule!r} was disabled when the event came"
        return SubscriptionExplanation(name, account, "filtered-out", told)
    if refusal:
        told = (
            "a rule matches nothing that its target's account may not receive, which is so by what"
            f" is declared now: {refusal}"
        )
        return SubscriptionExplanation(name, account, "filtered-out", told)
    judged = verdict(
        name,
        beside.subscription,
        forms,
        found.envelope,
        found.stored.envelope,
        readable=readable,
        pattern=beside.pattern,
        event_bus=beside.event_bus,
    )
    notes = [_CHANGED] if is_changed else []
    return SubscriptionExplanation(
        name, account, judged.outcome, judged.message, notes=notes, fields=judged.fields
    )
