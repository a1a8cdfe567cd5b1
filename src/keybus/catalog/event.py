"""One event type as a catalogue tells of it: its majors, its releases, and who uses it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from keybus.contracts import Contract
from keybus.contracts.editions import Edition
from keybus.contracts.releases import Ledger, Releases, Status
from keybus.contracts.versions import is_prerelease
from keybus.governance.usage import PublisherOf, SubscriptionTo, Users, users_of
from keybus.topology import Grant, Platform

_STANDING: tuple[Status, ...] = ("active", "deprecated", "sunset", "draft", "retired")
"""Which major a page begins with: one that is in use comes first."""


@dataclass(frozen=True)
class CataloguedEvent:
    """An event type.

    Attributes:
        type: Its name.
        editions: Its majors, the newest first.
        ledger: What happened to its releases; None: there are none.
        releases: Where its released contracts are.
        users: Who publishes it and who subscribes to it.
        grants: The grants of it, by name, in the order of the platform.
    """

    type: str
    editions: tuple[Edition, ...]
    ledger: Ledger | None
    releases: Releases
    users: Users
    grants: Mapping[str, Grant]

    @cached_property
    def main(self) -> Edition:
        """The major that the type is introduced by: the newest of those that are in use."""
        return min(self.editions, key=lambda each: _STANDING.index(self.status(each)))

    @property
    def newest(self) -> Edition:
        """The newest major."""
        return self.editions[0]

    @property
    def contract(self) -> Contract:
        """The contract of that major."""
        return self.main.contract

    @property
    def description(self) -> str:
        """What the event means, by its contract; empty where that says nothing."""
        found = self.contract.schema.get("description", "")
        return found if isinstance(found, str) else ""

    @property
    def publishers(self) -> tuple[PublisherOf, ...]:
        """Who may emit it."""
        return self.users.publishers

    @property
    def subscriptions(self) -> tuple[SubscriptionTo, ...]:
        """Who takes it."""
        return self.users.subscriptions

    def subscriptions_to(self, edition: Edition) -> tuple[SubscriptionTo, ...]:
        """Who takes a major of it."""
        major = edition.contract.major
        return tuple(each for each in self.subscriptions if each.by_filter or major in each.majors)

    def at(self, major: int) -> Edition | None:
        """A major of it; None where there is none."""
        return next((each for each in self.editions if each.contract.major == major), None)

    def status(self, edition: Edition) -> Status:
        """Where in its life a major is.

        What was released as a draft alone, or is a prerelease in the folder, is a draft, though the
        bus takes its events.
        """
        version = edition.contract.version
        release = None if self.ledger is None else self.ledger.releases.get(version)
        if release is not None and release.status == "draft":
            return "draft"
        return "draft" if release is None and is_prerelease(version) else edition.status

    def is_released(self, edition: Edition) -> bool:
        """Whether the major's newest form was released, so that it never changes."""
        return self.ledger is not None and edition.contract.version in self.ledger.releases

    def grants_to(self, account: str) -> Mapping[str, Grant]:
        """The grants of it to an account, by name."""
        return {name: each for name, each in self.grants.items() if each.account == account}


def event_of(
    platform: Platform, editions: Iterable[Edition], ledger: Ledger | None, releases: Releases
) -> CataloguedEvent:
    """An event type beside all that the platform says of it.

    Args:
        platform: The platform.
        editions: The type's majors; one at least.
        ledger: What happened to its releases; None: there are none.
        releases: Where its released contracts are.
    """
    found = tuple(sorted(editions, key=lambda each: -each.contract.major))
    event_type = found[0].contract.type
    grants = {name: each for name, each in platform.grants.items() if event_type in each.events}
    users = users_of(platform, event_type)
    return CataloguedEvent(event_type, found, ledger, releases, users, grants)
