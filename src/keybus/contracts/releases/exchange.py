"""What a registry of releases is asked and answers, as the native API has it."""

from typing import Annotated, Literal

import msgspec

from keybus.contracts.releases.entry import FileName, LedgerEntry
from keybus.contracts.releases.lifecycle import Status

Line = Annotated[str, msgspec.Meta(max_length=2_000)]
Texts = Annotated[dict[FileName, str], msgspec.Meta(max_length=20)]
"""Migrations: the text of each, by its file's name."""


class ContractInfo(msgspec.Struct, frozen=True):
    """An event type's contract, by its current release: the newest that somebody may rely on.

    Attributes:
        type: The event type.
        title: The name of its generated class.
        description: What its contract says of it.
        version: The current release's.
        digest: Of its whole closure.
        status: Where in its life it is.
        owner: The account that owns it.
        classification: What kind of data it carries.
        releases: How many there are.
    """

    type: str
    title: str
    description: str
    version: str
    digest: str
    status: Status
    owner: str
    classification: str
    releases: int


class ContractPage(msgspec.Struct, frozen=True):
    """Event types, sorted.

    Attributes:
        contracts: So many as were asked for.
        next: The ``after`` of the following page; null: there is none.
    """

    contracts: list[ContractInfo]
    next: str | None = None


class ReleaseInfo(msgspec.Struct, frozen=True):
    """A release as it is listed.

    Attributes:
        version: Its version.
        digest: Of its whole closure.
        status: Where in its life it is.
        released: When, RFC 3339 in UTC.
        breaks: Earlier versions with which it is not compatible.
        replaced_by: What is to be used in its place; empty where nothing is.
        sunset: The day on which its time is over; empty where there is none.
    """

    version: str
    digest: str
    status: Status
    released: str
    breaks: tuple[str, ...]
    replaced_by: str = ""
    sunset: str = ""


class MigrationInfo(msgspec.Struct, frozen=True):
    """A migration as it is listed.

    Attributes:
        name: Its file's name, such as ``2-to-1.json``.
        digest: ``sha256:…`` over its text.
        version: The newest release that it started from when it was written down.
        released: When, RFC 3339 in UTC.
    """

    name: str
    digest: str
    version: str
    released: str


class ContractDetail(msgspec.Struct, frozen=True):
    """One event type.

    Attributes:
        contract: Its current release.
        releases: All that may be read, the lowest version first.
        migrations: The newest from each major to each other, as far as they may be read.
    """

    contract: ContractInfo
    releases: list[ReleaseInfo]
    migrations: list[MigrationInfo] = []


class ReleasedMigration(msgspec.Struct, frozen=True):
    """A migration with its text.

    Attributes:
        type: The event type.
        migration: The migration.
        text: Its file's text; its digest is of these very characters in UTF-8.
    """

    type: str
    migration: MigrationInfo
    text: str


class ReleasedContract(msgspec.Struct, frozen=True):
    """A release with its contract.

    Attributes:
        type: The event type.
        release: The release.
        content: The contract's file and its whole closure; its digest is of these very bytes.
    """

    type: str
    release: ReleaseInfo
    content: msgspec.Raw


class LedgerContent(msgspec.Struct, frozen=True):
    """All that happened to a type's releases.

    Attributes:
        type: The event type.
        entries: The first one first, each with the hash of the one before it.
    """

    type: str
    entries: list[LedgerEntry]


class Publication(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/contracts/TYPE/releases``: a contract that is to be released.

    Attributes:
        files: The JSON text of the contract's file and of all that it refers to, by name.
        why: Why, in a sentence.
        by: Who releases it; counts only where the bus asks nobody for credentials.
        approvals: Names of approvers for whom whoever asks can speak.
        draft: Whether nothing is promised yet.
        migrations: Those of the type that are to be written down with it.
    """

    files: dict[str, str]
    why: Line = ""
    by: Line = ""
    approvals: Annotated[list[Line], msgspec.Meta(max_length=20)] = []
    draft: bool = False
    migrations: Texts = {}


class MigrationsPublication(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/contracts/TYPE/migrations``: migrations between majors that are there.

    Attributes:
        migrations: They.
        why: Why, in a sentence.
        by: Who releases them; counts only where the bus asks nobody for credentials.
    """

    migrations: Texts
    why: Line = ""
    by: Line = ""


class MigrationsPublished(msgspec.Struct, frozen=True):
    """What became of migrations.

    Attributes:
        type: The event type.
        migrations: Those that were written down; the others were before, as they are.
        left: Those that were not, by name, and why: a major that they need is not there yet.
    """

    type: str
    migrations: list[MigrationInfo] = []
    left: dict[str, str] = {}


class ProposalInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A release that waits for an approval.

    Attributes:
        id: What it is approved or rejected by.
        type: The event type.
        version: The version that it is to be.
        digest: Of its whole closure.
        account: The account that proposed it; empty where the bus asks for no credentials.
        credential: That credential's id.
        proposed: When, RFC 3339 in UTC.
        why: Why, in a sentence.
        draft: Whether nothing is promised yet.
        breaks: Earlier versions with which it is not compatible.
        reasons: What speaks against it, a sentence each.
        approvers: Whose approval it waits for, as ``keybus.toml`` names them.
        migrations: The names of those that wait with it.
    """

    id: str
    type: str
    version: str
    digest: str
    account: str
    credential: str
    proposed: str
    why: str
    draft: bool
    breaks: tuple[str, ...]
    reasons: tuple[str, ...]
    approvers: tuple[str, ...]
    migrations: tuple[str, ...] = ()


class ProposalContent(msgspec.Struct, frozen=True):
    """A release that waits, with its contract.

    Attributes:
        proposal: What waits.
        content: The contract's file and its whole closure; its digest is of these very bytes.
        migrations: The text of each that waits with it, by its file's name.
    """

    proposal: ProposalInfo
    content: msgspec.Raw
    migrations: dict[str, str] = {}


class Published(msgspec.Struct, frozen=True):
    """What became of a contract.

    Attributes:
        outcome: ``released``; ``unchanged``: it was released before, as it is; ``pending``: it
            waits for an approval.
        type: The event type.
        version: The release's.
        digest: Of its whole closure.
        status: The release's; null where it is pending.
        proposal: What waits; null where nothing does.
        migrations: Those that were written down with it, or beside what was unchanged.
        left: Those that were not, by name, and why: a major that they need is not there yet.
    """

    outcome: Literal["released", "unchanged", "pending"]
    type: str
    version: str
    digest: str
    status: Status | None = None
    proposal: ProposalInfo | None = None
    migrations: list[MigrationInfo] = []
    left: dict[str, str] = {}


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/contract-proposals/ID/approve`` and ``/reject``.

    Attributes:
        why: Why, in a sentence.
    """

    why: Line = ""


class StatusChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/contracts/TYPE/status``.

    Attributes:
        release: A version, or a major for all releases of it that somebody may rely on.
        status: What it is to be.
        replaced_by: What is to be used in its place, as ``delivery.status.updated@2``.
        sunset: The day on which its time is over, such as 2027-06-30.
        why: Why, in a sentence.
        despite: Why it is to be although something speaks against it; empty: it is not to.
    """

    release: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    status: Status
    replaced_by: Annotated[str, msgspec.Meta(max_length=200)] = ""
    sunset: Annotated[str, msgspec.Meta(max_length=20)] = ""
    why: Line = ""
    despite: Line = ""


class StatusChanged(msgspec.Struct, frozen=True):
    """What became of releases.

    Attributes:
        type: The event type.
        releases: Those whose status changed; none where all of them had it.
    """

    type: str
    releases: list[ReleaseInfo]
