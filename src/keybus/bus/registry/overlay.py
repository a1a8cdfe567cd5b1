"""Released contracts beside those that were applied: what of them holds on the bus."""

from collections.abc import Iterator

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.editions import Edition, Editions
from keybus.contracts.releases.ledger import newest_of_majors
from keybus.contracts.releases.records import Records


def overlaid(contracts: ContractRepository, records: Records) -> ContractRepository:
    """The contracts, with the newest release of each major beside them where that is newer.

    Only of types that were applied, and only what names their owner of then: who owns an event,
    and who may receive it, changes with the platform alone, and so does which types there are.

    Args:
        contracts: Those that were applied.
        records: What was released in the registry.
    """
    found = {
        event_type: dict(_editions(records, contracts[event_type]))
        for event_type in contracts
        if event_type in records
    }
    if not any(found.values()):
        return contracts
    return contracts.beside(contracts.editions.joined(Editions(found)))


def _editions(records: Records, applied: Contract) -> Iterator[tuple[int, Edition]]:
    """What holds of a type beside its applied contract, by major."""
    releases = records[applied.type].releases.values()
    own = [each for each in releases if records.contract(each).owner == applied.owner]
    for major, each in newest_of_majors(own).items():
        contract = records.contract(each)
        yield major, Edition(contract, each.status, each.last.replaced_by, each.last.sunset)
