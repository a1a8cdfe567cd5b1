"""What was made by hand, as subscriptions that lie beside the declared ones."""

import msgspec

from keybus.bus.rules.target import RuleTarget
from keybus.patterns import Pattern
from keybus.topology import Subscription

PREFIX = "rule:"
"""What the names of such subscriptions begin with; no declared one can have a colon in its name."""


class Beside(msgspec.Struct, frozen=True):
    """A rule's target, as a subscription of the bus.

    Attributes:
        rule: The rule's name.
        arn: The rule's ARN.
        account: The account that owns the rule.
        is_enabled: Whether the rule matches events; where it does not, what waits still goes out.
        changed_us: Since when it matches what it does, in microseconds since the Unix epoch.
        target: What is sent, and where to.
        pattern: Which events match.
        subscription: The same as the bus delivers it. Its account is the one whose rights decide
            what is delivered: the target's.
        event_bus: The ARN of the bus whose events they are; empty: the platform's own.
    """

    rule: str
    arn: str
    account: str
    is_enabled: bool
    changed_us: int
    target: RuleTarget
    pattern: Pattern
    subscription: Subscription
    event_bus: str = ""


def subscription_name(account: str, rule: str, target: str) -> str:
    """The name of the subscription of a rule's target, by the rule's path and the target's id."""
    return f"{PREFIX}{account}/{rule}/{target}"
