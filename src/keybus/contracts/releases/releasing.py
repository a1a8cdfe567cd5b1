"""Releasing: what is about to be written down, who has to approve it, and the writing."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from keybus.contracts.folder import RepositorySettings
from keybus.contracts.releases.deprecation import joining
from keybus.contracts.releases.entry import Said
from keybus.contracts.releases.folder import Releases
from keybus.contracts.releases.judging import Judgement
from keybus.contracts.releases.ledger import Ledger, Release
from keybus.contracts.releases.report import Checked, Finding
from keybus.contracts.repository import ContractRepository
from keybus.contracts.versions import is_prerelease
from keybus.errors import ContractError, UnknownEventType


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """How a release is meant.

    Attributes:
        by: Who releases.
        time: When, RFC 3339 in UTC.
        why: Why, in a sentence.
        approvals: Who approved it.
        draft: Whether nothing is promised yet; prereleases are drafts in any case.
    """

    by: str
    time: str
    why: str = ""
    approvals: tuple[str, ...] = ()
    draft: bool = False


class NotReleasable(ContractError):
    """Contracts that cannot be released as they are.

    Attributes:
        findings: Why.
    """

    code = "not-releasable"

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(
            f"{findings[0].message}", hint="keybus contracts check says all that forbids it"
        )
        self.findings = findings


def to_release(checked: Checked, types: Collection[str] = ()) -> list[Judgement]:
    """The contracts that a release is about: those that are new, or are not as they were.

    Args:
        checked: The repository beside its releases.
        types: Only these event types; empty: all.

    Raises:
        UnknownEventType: There is no contract of such a type.
        NotReleasable: One of them cannot be released as it is.
    """
    known = [each.contract.type for each in checked.judgements]
    for event_type in types:
        if event_type not in known:
            raise UnknownEventType(event_type, known)
    wanted = [
        each
        for each in checked.judgements
        if each.standing != "unchanged" and (not types or each.contract.type in types)
    ]
    chosen = {each.contract.type for each in wanted}
    errors = [each for each in checked.findings if each.severity == "error"]
    if forbidding := [each for each in errors if chosen.intersection(each.types)]:
        raise NotReleasable(forbidding)
    return wanted


def declared_approvers(settings: RepositorySettings, owner: str) -> tuple[str, ...]:
    """Who may approve, as the settings say for an owner; none where they say nothing."""
    said: Any = settings.approvers
    if isinstance(said, Mapping):
        said = said.get(owner, ())
    return tuple([said] if isinstance(said, str) else said)


def approvers_of(settings: RepositorySettings, owner: str) -> tuple[str, ...]:
    """Who may approve what breaks readers of an account's events: as the settings say, or itself."""
    return declared_approvers(settings, owner) or (owner,)


def check_approvals(
    judgements: Sequence[Judgement], settings: RepositorySettings, approvals: Collection[str]
) -> None:
    """Whether everything that breaks somebody was approved by who may.

    Raises:
        ContractError: Something was not.
    """
    for judgement in judgements:
        approvers = approvers_of(settings, judgement.contract.owner)
        if judgement.broken and not set(approvers).intersection(approvals):
            contract = judgement.contract
            raise ContractError(
                f"{contract.type} {contract.version} is not compatible with"
                f" {', '.join(judgement.breaks)}, and nobody who may has approved it",
                hint=f"--approved-by, one of: {', '.join(approvers)}",
            )


def release(
    repository: ContractRepository,
    releases: Releases,
    judgements: Sequence[Judgement],
    intent: Intent,
) -> list[Release]:
    """Write contracts down as releases; what is asked for is checked before the first is written.

    Args:
        repository: Where they are.
        releases: Where to.
        judgements: Of `to_release`.
        intent: How it is meant.

    Raises:
        ContractError: Something was not approved, or cannot be written; contracts before it are
            released, and the others are not.
    """
    check_approvals(judgements, repository.settings, intent.approvals)
    made = []
    for each in judgements:
        said = said_of(each, intent)
        before = releases.get(each.contract.type, Ledger(each.contract.type))
        release = releases.add(each.contract, said)
        for more in joining(before, said):
            release = releases.say(each.contract.type, more)
        made.append(release)
    return made


def said_of(judgement: Judgement, intent: Intent) -> Said:
    """What a ledger says of a release."""
    contract = judgement.contract
    return Said(
        action="released",
        version=contract.version,
        digest=contract.digest,
        status="draft" if intent.draft or is_prerelease(contract.version) else "active",
        time=intent.time,
        by=intent.by,
        why=intent.why,
        approvals=intent.approvals,
        breaks=judgement.breaks,
    )
