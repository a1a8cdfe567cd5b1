"""Migrations beside the releases: which are to be written down, and what a ledger says of them."""

from collections.abc import Collection, Mapping, Sequence

from keybus.contracts.migrations import Migration, Migrations
from keybus.contracts.migrations.migration import majors_of
from keybus.contracts.releases.entry import LedgerEntry, Said
from keybus.contracts.releases.folder import Releases
from keybus.contracts.releases.judging import Judgement
from keybus.contracts.releases.ledger import Ledger, Release
from keybus.contracts.releases.records import Records
from keybus.contracts.releases.releasing import Intent, NotReleasable, approvers_of
from keybus.contracts.releases.report import Checked
from keybus.contracts.repository import ContractRepository
from keybus.contracts.versions import major_of
from keybus.errors import ContractError


def to_write(
    migrations: Migrations,
    releases: Records,
    checked: Checked,
    judgements: Collection[Judgement],
    types: Collection[str] = (),
) -> list[Migration]:
    """The migrations that are new, or are not as they were, and start from something released.

    Args:
        migrations: All of the repository.
        releases: What was released.
        checked: The repository beside its releases.
        judgements: The contracts that are about to be released, of `to_release`.
        types: Only of these event types; empty: all.

    Raises:
        NotReleasable: One of them is broken.
    """
    coming = {each.contract.type for each in judgements}
    due = [
        each
        for each in migrations
        if (not types or each.type in types)
        and _is_due(each, releases.get(each.type), is_coming=each.type in coming)
    ]
    files = {each.file for each in due}
    broken = [each for each in checked.tried if each.severity == "error" and each.file in files]
    if broken:
        raise NotReleasable(broken)
    return due


def check_replaced(
    migrations: Sequence[Migration],
    releases: Records,
    repository: ContractRepository,
    approvals: Collection[str],
) -> None:
    """Whether every migration that replaces another was approved: subscribers rely on the old one.

    Raises:
        ContractError: One was not.
    """
    for each in migrations:
        ledger = releases.get(each.type)
        if ledger is None or (each.source, each.target) not in newest_of_pairs(ledger):
            continue
        approvers = approvers_of(repository.settings, repository[each.type].owner)
        if not set(approvers).intersection(approvals):
            raise ContractError(
                f"{each.type} {each.name} replaces a migration that is released, and nobody who"
                " may has approved it",
                hint=f"--approved-by, one of: {', '.join(approvers)}",
            )


def write(migrations: Sequence[Migration], releases: Releases, intent: Intent) -> list[LedgerEntry]:
    """Write migrations down, each of the newest release that it starts from.

    Args:
        migrations: Those of `to_write`, now that contracts are released.
        releases: Where to.
        intent: How it is meant.

    Returns:
        The entries. What starts from a major that was not released after all waits for its release.

    Raises:
        ContractError: One cannot be written; those before it are.
    """
    found = []
    for each in migrations:
        release = source_of(each, releases.get(each.type))
        if release is not None:
            releases.add_migration(each, said_of_migration(each, release, intent))
            found.append(releases.of(each.type).migrations[each.name])
    return found


def source_of(migration: Migration, ledger: Ledger | None) -> Release | None:
    """The newest release of the major that a migration starts from: a promised one if there is."""
    made = [] if ledger is None else list(ledger.releases.values())
    of_major = [each for each in made if major_of(each.version) == migration.source]
    promised = [each for each in of_major if each.is_promise]
    found = promised or of_major
    return found[-1] if found else None


def newest_of_pairs(ledger: Ledger) -> Mapping[tuple[int, int], LedgerEntry]:
    """The last entry of each migration, by the majors that it leads from and to.

    One may be written down as field moves once, and as an expression later.
    """
    found: dict[tuple[int, int], LedgerEntry] = {}
    for entry in ledger:
        pair = majors_of(entry.migration) if isinstance(entry.migration, str) else None
        if pair is not None:
            found[pair] = entry
    return found


def is_known(migration: Migration, ledger: Ledger) -> bool:
    """Whether a ledger has a migration as it is, and no newer one between the same majors."""
    last = newest_of_pairs(ledger).get((migration.source, migration.target))
    return last is not None and (last.migration, last.text) == (migration.name, migration.digest)


def _is_due(migration: Migration, ledger: Ledger | None, *, is_coming: bool) -> bool:
    if ledger is not None and is_known(migration, ledger):
        return False
    return is_coming or source_of(migration, ledger) is not None


def said_of_migration(migration: Migration, release: Release, intent: Intent) -> Said:
    """What a ledger says of a migration.

    Args:
        migration: The migration.
        release: Of `source_of`.
        intent: How it is meant.
    """
    return Said(
        action="migration",
        version=release.version,
        digest=release.digest,
        status=release.status,
        time=intent.time,
        by=intent.by,
        why=intent.why,
        approvals=intent.approvals,
        migration=migration.name,
        text=migration.digest,
    )
