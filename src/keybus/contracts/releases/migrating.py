"""Migrations beside the releases: which are to be written down, and what a ledger says of them."""

from collections.abc import Collection, Sequence

from keybus.contracts.migrations import Migration, Migrations
from keybus.contracts.releases.entry import LedgerEntry, Said
from keybus.contracts.releases.folder import Releases
from keybus.contracts.releases.judging import Judgement
from keybus.contracts.releases.ledger import Ledger, Release
from keybus.contracts.releases.records import Records
from keybus.contracts.releases.releasing import Intent, NotReleasable
from keybus.contracts.releases.report import Checked
from keybus.contracts.versions import major_of


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
            releases.add_migration(each, _said(each, release, intent))
            found.append(releases.of(each.type).migrations[each.name])
    return found


def source_of(migration: Migration, ledger: Ledger | None) -> Release | None:
    """The newest release of the major that a migration starts from: a promised one if there is."""
    made = [] if ledger is None else list(ledger.releases.values())
    of_major = [each for each in made if major_of(each.version) == migration.source]
    promised = [each for each in of_major if each.is_promise]
    found = promised or of_major
    return found[-1] if found else None


def _is_due(migration: Migration, ledger: Ledger | None, *, is_coming: bool) -> bool:
    known = None if ledger is None else ledger.migrations.get(migration.name)
    if known is not None and known.text == migration.digest:
        return False
    return is_coming or source_of(migration, ledger) is not None


def _said(migration: Migration, release: Release, intent: Intent) -> Said:
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
