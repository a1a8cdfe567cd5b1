"""How much accounts may have of rules, and how often they may change them."""

from typing import Final

from keybus.bus.ingest.bucket import Bucket
from keybus.bus.rules.errors import TooManyBytes, TooManyRules, TooManyTargets, TooManyWays
from keybus.bus.rules.rule import MOST_BYTES, MOST_RULES, MOST_WAYS, Rule
from keybus.bus.rules.shelf import RuleShelf
from keybus.bus.rules.target import MOST_TARGETS
from keybus.clock import Clock
from keybus.errors import Throttled

A_SECOND: Final = 20.0
"""What an account may spend on changes each second."""
AT_ONCE: Final = 2_000.0
"""What it may spend at once: 300 rules can be made in a row."""
TARGETS_OF_ONE: Final = 50
"""Targets of all rules for which a change costs one more: the more there are, the longer it takes."""


class Bounds:
    """Lets accounts make and change rules as far as they may. Belongs to one event loop.

    Args:
        shelf: All rules.
        clock: Time.
    """

    def __init__(self, shelf: RuleShelf, clock: Clock) -> None:
        self._shelf, self._clock = shelf, clock
        self._spending: dict[str, Bucket] = {}

    def check_new(self, account: str) -> None:
        """Let an account have one rule more.

        Raises:
            TooManyRules: It has as many as it may have.
        """
        if len(self._shelf.of(account)) >= MOST_RULES:
            raise TooManyRules(account)

    def check(self, rule: Rule) -> None:
        """Let a rule be as large as it is to be.

        Raises:
            TooManyTargets: It would have too many.
            TooManyWays: The account's patterns would be too much to match.
            TooManyBytes: Its rules would be too much to keep.
        """
        if len(rule.targets) > MOST_TARGETS:
            raise TooManyTargets(rule.name)
        others = [each for each in self._shelf.of(rule.account) if each.key != rule.key]
        if sum(each.weight for each in others) + rule.weight > MOST_WAYS:
            raise TooManyWays(rule.account)
        if self._shelf.size_with(rule) > MOST_BYTES:
            raise TooManyBytes(rule.account)

    def spend(self, rule: Rule) -> None:
        """Let a rule with targets be changed: the bus compiles all rules anew.

        Raises:
            Throttled: Its account has changed rules too often.
        """
        if not rule.targets:
            return
        account = rule.account
        bucket = self._spending.get(account)
        if bucket is None:
            bucket = self._spending[account] = Bucket(A_SECOND, self._clock, most=AT_ONCE)
        if (wait := bucket.wait) > 0:
            raise Throttled(
                f"the account {account!r} changes rules too often: each change has the bus compile"
                " all of them anew",
                retry_after=wait,
                hint=f"ask again in {wait:.1f} s; one PutTargets takes all of a rule's targets",
            )
        targets = sum(len(each.targets) for each in self._shelf.all())
        bucket.take(1 + targets / TARGETS_OF_ONE)
