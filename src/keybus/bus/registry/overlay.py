"""Released contracts beside those that were applied: what of them holds on the bus."""

from collections.abc import Callable, Iterator

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.editions import Edition, Editions
from keybus.contracts.migrations import Migration, Migrations
from keybus.contracts.releases import Ledger, LedgerEntry
from keybus.contracts.releases.ledger import newest_of_majors
from keybus.contracts.releases.migrating import newest_of_pairs
from keybus.contracts.releases.records import Records

Migrating = Callable[[LedgerEntry], Migration | None]
"""The migration of a ledger's entry; None where it is none that holds here."""


def overlaid(
    contracts: ContractRepository, records: Records, migrating: Migrating
) -> ContractRepository:
    """The contracts, with the newest release of each major beside them where that is newer.

    So with migrations: the newest that the registry has from one major to another is in the place
    of the applied one.

    Only of types that were applied, and only what names their owner of then: who owns an event,
    and who may receive it, changes with the platform alone, and so does which types there are.

    Args:
        contracts: Those that were applied.
        records: What was released in the registry.
        migrating: Has the migrations.
    """
    found = {
        event_type: dict(_editions(records, contracts[event_type]))
        for event_type in contracts
        if event_type in records
    }
    if not any(found.values()):
        return contracts
    editions = contracts.editions.joined(Editions(found))
    more = [
        each
        for event_type in found
        for each in _migrations(records, contracts[event_type], migrating)
        if {each.source, each.target} <= editions[event_type].keys()
    ]
    return contracts.beside(editions, _joined(contracts, more) if more else None)


def _joined(contracts: ContractRepository, more: list[Migration]) -> Migrations:
    found = {(each.type, each.source, each.target): each for each in contracts.migrations}
    found |= {(each.type, each.source, each.target): each for each in more}
    return Migrations(found.values())


def _editions(records: Records, applied: Contract) -> Iterator[tuple[int, Edition]]:
    """What holds of a type beside its applied contract, by major."""
    releases = records[applied.type].releases.values()
    own = [each for each in releases if records.contract(each).owner == applied.owner]
    for major, each in newest_of_majors(own).items():
        contract = records.contract(each)
        yield major, Edition(contract, each.status, each.last.replaced_by, each.last.sunset)


def _migrations(records: Records, applied: Contract, migrating: Migrating) -> Iterator[Migration]:
    """The newest of each pair of majors that whoever owns the applied contract wrote down."""
    ledger: Ledger = records[applied.type]
    for entry in newest_of_pairs(ledger).values():
        found, source = migrating(entry), ledger.releases[entry.version]
        if found is not None and records.contract(source).owner == applied.owner:
            yield found
