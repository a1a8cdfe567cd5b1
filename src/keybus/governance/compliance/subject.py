"""What the rules look at: a platform that can be used, its contracts, and the bus that runs it."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from keybus.contracts import Contract
from keybus.errors import PatternError
from keybus.governance.compliance.evidence import Evidence
from keybus.governance.compliance.reach import Reach, reach_of
from keybus.governance.compliance.running import Running
from keybus.topology.model import CLASSIFICATIONS, Grant, Platform, Webhook, moment_us

DAY_US = 86_400_000_000
LONGEST_GRANT_US = 731 * DAY_US
"""Two years: what was approved for longer has no end that those who approved it will see."""
LONGEST_CREDENTIAL_US = 400 * DAY_US
"""A year, and time to rotate: a secret that is kept for longer is somewhere by then."""


class Subject:
    """The evidence, with what several rules ask of it worked out once.

    Attributes:
        platform: The declared platform.
        contracts: By event type; None where they are not known.
        running: The bus that runs it; None where nobody looked.
        now_us: The moment that is judged, in microseconds since the Unix epoch.
    """

    def __init__(self, platform: Platform, evidence: Evidence) -> None:
        self.platform = platform
        self.contracts: Mapping[str, Contract] | None = evidence.contracts
        self.running: Running | None = evidence.running
        self.now_us = evidence.now_us

    @cached_property
    def reaches(self) -> Mapping[str, Reach]:
        """What each subscription may receive, by its name; nothing where it cannot be known."""
        found = {}
        for name, subscription in self.platform.subscriptions.items():
            try:
                found[name] = reach_of(subscription, self.contracts or {}, self.platform.publishers)
            except PatternError:  # the loader's fault to tell
                found[name] = Reach()
        return found

    @cached_property
    def source_accounts(self) -> Mapping[str, str]:
        """The name of the account whose publisher has a source, by the source."""
        return {
            source: publisher.account
            for name, publisher in self.platform.publishers.items()
            for source in publisher.sources or [name]
        }

    @cached_property
    def grants_to(self) -> Mapping[str, list[Grant]]:
        """The grants to each account, by its name; also those that have ended."""
        found: dict[str, list[Grant]] = {}
        for grant in self.platform.grants.values():
            found.setdefault(grant.account, []).append(grant)
        return found

    @cached_property
    def reaches_of(self) -> Mapping[str, list[Reach]]:
        """What the subscriptions of each account may receive, by the account's name."""
        found: dict[str, list[Reach]] = {}
        for name, reach in self.reaches.items():
            account = self.platform.subscriptions[name].account
            found.setdefault(account, []).append(reach)
        return found

    def webhooks(self) -> Iterator[tuple[str, str, Webhook]]:
        """Every webhook: the subscription's name, the account's, and the webhook."""
        for name, subscription in self.platform.subscriptions.items():
            if subscription.target.webhook is not None:
                yield name, subscription.account, subscription.target.webhook

    def grants_on(
        self, account: str, *, event_type: str | None = None, source: str | None = None
    ) -> tuple[Grant, ...]:
        """An account's grants on an event type, or on a source; also those that have ended."""
        return tuple(
            grant
            for grant in self.grants_to.get(account, ())
            if event_type in grant.events or source in grant.sources
        )

    def any_holds(self, grants: Iterable[Grant]) -> bool:
        """Whether one of the grants holds at the moment that is judged."""
        return any(self.now_us < (ends_us(grant.expires) or 0) for grant in grants)

    def may_see(self, account: str, classification: str) -> bool:
        """Whether an account's clearance is at or above a classification."""
        if account not in self.platform.accounts:  # the loader's fault to tell
            return True
        clearance = self.platform.accounts[account].clearance
        ranks: tuple[str, ...] = CLASSIFICATIONS
        return ranks.index(classification) <= ranks.index(clearance)


def ends_us(expires: str) -> int | None:
    """A declared end in microseconds since the Unix epoch; None where the calendar has no such day."""
    try:
        return moment_us(expires)
    except (ValueError, OverflowError):
        return None
