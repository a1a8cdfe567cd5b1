"""Who owns an event: the account of its contract, or of its source where it has none."""

from collections.abc import Iterable, Iterator, Mapping

from keybus.contracts import ContractRepository
from keybus.topology import Platform, Publisher


class Ownership:
    """What belongs to whom, over one platform and its contracts. Immutable.

    Attributes:
        contracts: Which event types have a contract, and what it says.
        publishers: Each source's publisher; the first that is declared, should several have it.
        types: The event types that each account owns.
        sources: The sources that each account's publishers have.

    Args:
        platform: Whose publishers have which sources.
        contracts: Who owns which event types.
    """

    def __init__(self, platform: Platform, contracts: ContractRepository) -> None:
        self.contracts = dict(contracts)
        self.publishers = dict(_publishers_of_sources(platform))
        self.types = _gather((each.owner, event_type) for event_type, each in contracts.items())
        self.sources = _gather((each.account, source) for source, each in self.publishers.items())

    def emitted(self, publisher: Publisher) -> frozenset[str]:
        """The event types with a contract that a publisher may emit: listed, and its account's."""
        owned = self.types.get(publisher.account, frozenset())
        return owned.intersection(publisher.events)


def _publishers_of_sources(platform: Platform) -> Iterator[tuple[str, Publisher]]:
    """Pairs from the last to the first, since the last pair stays in a dict."""
    for name, publisher in reversed(platform.publishers.items()):
        for source in publisher.sources or [name]:
            yield source, publisher


def _gather(pairs: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for account, each in pairs:
        found.setdefault(account, set()).add(each)
    return {account: frozenset(all_of_them) for account, all_of_them in found.items()}
