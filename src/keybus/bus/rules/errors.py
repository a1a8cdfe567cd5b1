"""What can be wrong with rules.

RuleError
├── NoSuchRule         there is no rule of that name
├── TooMuch
│   ├── TooManyRules   the account has as many as it may have
│   ├── TooManyTargets the rule would have more than it may have
│   ├── TooManyWays    the account's patterns would be too much to match
│   └── TooManyBytes   the account's rules would be too much to keep
└── HasTargets         a rule is removed after its targets
"""

from keybus.bus.rules.rule import MOST_BYTES, MOST_RULES, MOST_WAYS
from keybus.bus.rules.target import MOST_TARGETS
from keybus.errors import KeybusError


class RuleError(KeybusError):
    """Something about rules."""

    code = "rule"


class NoSuchRule(RuleError):
    """The account has no rule of that name."""

    code = "no-such-rule"

    @classmethod
    def named(cls, account: str, name: str) -> "NoSuchRule":
        """It is not there."""
        return cls(f"the account {account!r} has no rule {name[:64]!r}", hint="make it: PutRule")


class TooMuch(RuleError):
    """More than there may be."""

    code = "too-much"


class TooManyRules(TooMuch):
    """The account has as many rules as it may have."""

    code = "too-many-rules"

    def __init__(self, account: str) -> None:
        super().__init__(
            f"the account {account!r} has {MOST_RULES} rules, and may have no more",
            hint="delete those that nobody needs",
        )


class TooManyTargets(TooMuch):
    """The rule would have more targets than it may have."""

    code = "too-many-targets"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the rule {name!r} would have more than {MOST_TARGETS} targets",
            hint="make another rule with the same pattern",
        )


class TooManyWays(TooMuch):
    """The account's patterns would have more alternatives together than they may have."""

    code = "too-many-ways"

    def __init__(self, account: str) -> None:
        super().__init__(
            f"the patterns of the account {account!r} would have more than {MOST_WAYS:,}"
            " alternatives together, each counted for every target",
            hint="write several values of one field in place of $or",
        )


class TooManyBytes(TooMuch):
    """The account's rules would have more bytes together than they may have."""

    code = "too-many-bytes"

    def __init__(self, account: str) -> None:
        super().__init__(
            f"the rules of the account {account!r} would have more than {MOST_BYTES:,} bytes"
            " together, their targets included",
            hint="say less in inputs and HttpParameters, or delete what nobody needs",
        )


class HasTargets(RuleError):
    """A rule with targets is not removed."""

    code = "has-targets"

    def __init__(self, name: str) -> None:
        super().__init__(f"the rule {name!r} has targets", hint="remove them first: RemoveTargets")
