"""All that a catalogue tells of, taken together from a platform and its contracts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from keybus.catalog.account import CataloguedAccount, accounts_of
from keybus.catalog.event import CataloguedEvent, event_of
from keybus.contracts import ContractRepository
from keybus.contracts.releases import RELEASES, Releases
from keybus.topology import Platform, Subscription


@dataclass(frozen=True)
class Catalogue:
    """A platform's events and accounts, each beside all that has to do with it.

    Attributes:
        platform: What is declared.
        name: The name of the repository of its contracts.
        events: Every event type that has a contract, by its name, sorted.
        accounts: Every account by its name, in the order of the platform.
    """

    platform: Platform
    name: str
    events: Mapping[str, CataloguedEvent]
    accounts: Mapping[str, CataloguedAccount]

    @classmethod
    def of(cls, platform: Platform, contracts: ContractRepository) -> "Catalogue":
        """The catalogue of a sound platform.

        Args:
            platform: The platform.
            contracts: The contracts that it names; their releases are read from beside them.

        Raises:
            BrokenContracts: The releases have faults.
        """
        releases = Releases.load(contracts.folder / RELEASES)
        events = {
            name: event_of(
                platform, contracts.editions[name].values(), releases.get(name), releases
            )
            for name in contracts
        }
        return cls(platform, contracts.name, events, accounts_of(platform, events))

    @property
    def bus(self) -> str:
        """The bus's name."""
        return self.platform.bus

    @cached_property
    def foreign(self) -> Mapping[str, Subscription]:
        """The subscriptions that may take events without a contract, by name.

        They name no events, so that their filter alone says what they take.
        """
        found = self.platform.subscriptions.items()
        return {name: each for name, each in found if not each.events}
