"""A rule as it was put: which events it matches, and where they go."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from keybus.arns import Arn
from keybus.bus.rules.beside import subscription_name
from keybus.bus.rules.target import RuleTarget

State = Literal["ENABLED", "DISABLED"]
MOST_RULES: Final = 300
"""Rules of one account (EventBridge quotas, "rules" of a bus)."""
MOST_WAYS: Final = 10_000
"""Alternatives of all patterns of an account, each counted once for every target of its rule."""
MOST_BYTES: Final = 8 << 20
"""Of all rules of an account as they are kept, with their targets; they are in memory as well."""
MOST_TAGS: Final = 50
"""Tags of one rule (EventBridge API reference, TagResource)."""


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule of an account.

    Attributes:
        account: The account's name.
        name: The rule's name, one of a kind within its account and bus.
        pattern: The event pattern as it was given, JSON text.
        state: Whether it matches events.
        description: What its account says of it.
        role_arn: Kept for whoever asks; nothing is decided by it.
        created_by: The 12 digits of the account that made it.
        changed_us: Since when it matches what it does, in microseconds since the Unix epoch.
        tags: Its tags.
        targets: Its targets, by their ids, in the order in which they were put first.
        ways: The alternatives of its pattern, with each ``$or`` multiplied out.
        bus: The name of the account's own bus that it is of; empty: the platform's.
    """

    account: str
    name: str
    pattern: str
    state: State = "ENABLED"
    description: str | None = None
    role_arn: str | None = None
    created_by: str = ""
    changed_us: int = 0
    tags: Mapping[str, str] = {}
    targets: Mapping[str, RuleTarget] = {}
    ways: int = 1
    bus: str = ""

    @property
    def path(self) -> str:
        """Its name within its account: ``NAME``, or ``BUS:NAME``."""
        return path_of(self.bus, self.name)

    @property
    def key(self) -> str:
        """Its document's key: ``ACCOUNT/NAME``, or ``ACCOUNT/BUS:NAME``."""
        return key_of(self.account, self.path)

    @property
    def weight(self) -> int:
        """What it adds to the account's `MOST_WAYS`."""
        return self.ways * max(1, len(self.targets))

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The names of the bus's subscriptions that deliver to its targets."""
        return tuple(subscription_name(self.account, self.path, each) for each in self.targets)


def path_of(bus: str, name: str) -> str:
    """A rule's name within its account; neither a rule's name nor a bus's has a colon."""
    return f"{bus}:{name}" if bus else name


def key_of(account: str, path: str) -> str:
    """The key of a rule's document; a rule's name has no slash, and neither has a bus's."""
    return f"{account}/{path}"


def rule_arn(region: str, account_id: str, name: str, bus: str = "") -> str:
    """A rule's ARN; of the rules of an account's default bus it does not name the bus."""
    return str(Arn("events", region, account_id, f"rule/{bus}/{name}" if bus else f"rule/{name}"))


def rule_in(arn: str) -> tuple[str, str, str] | None:
    """The account's 12 digits, the bus and the rule's name in a rule's ARN; None where it is none.

    The bus is empty where the ARN does not name it. A name with a colon is none, and neither is a
    bus's with a slash: they would read as others.
    """
    read = Arn.parse(arn)
    if read is None or read.service != "events":
        return None
    kind, _, rest = read.resource.partition("/")
    bus, _, name = rest.rpartition("/")
    if kind != "rule" or not name or ":" in rest or "/" in bus:
        return None
    return read.account, bus, name
