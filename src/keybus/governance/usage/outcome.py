"""What an effect of a change is to one subscription."""

from keybus.governance.usage.effects import Effect
from keybus.governance.usage.reading import Reading
from keybus.governance.usage.removal import WORDS, of_delivery
from keybus.governance.usage.verdicts import Reason


def of_effect(effect: Effect, before: Reading, after: Reading) -> Reason:
    """What an effect is to one subscription."""
    named = () if effect.kind == "value" else before.names(effect.steps)
    if named:
        first = named[0]
        message = f"{effect.message}; {WORDS[first.how]} {first.pointer}"
        return Reason("breaks", f"named-{first.how}", message, effect.pointer)
    if not (before.gets(effect.steps) or after.gets(effect.steps)):
        message = f"{effect.message}; {before.why_not(effect.steps)}"
        return Reason("safe", "left-out", message, effect.pointer)
    if effect.leaves and not before.lets_pass(effect.steps, effect.leaves):
        message = f"{effect.message}; its filter lets none of that pass"
        return Reason("safe", "filtered-out", message, effect.pointer)
    unknown = of_delivery(before if before.gets(effect.steps) else after, effect.pointer)
    message = f"{effect.message}; {unknown.message}"
    return Reason("unknown", "delivered", message, effect.pointer, unknown.hint)
