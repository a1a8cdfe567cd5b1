"""Activation: a draft that becomes a promise, or a deprecation that is taken back."""

from collections.abc import Collection

from keybus.contracts.folder import RepositorySettings
from keybus.contracts.policies import policy_of
from keybus.contracts.releases.judging import Judgement, Predecessor, judge
from keybus.contracts.releases.ledger import Release
from keybus.contracts.releases.passage import Passage, Step, movable, passage
from keybus.contracts.releases.records import Records
from keybus.contracts.releases.reference import Reference
from keybus.contracts.releases.releasing import check_approvals
from keybus.contracts.versions import is_prerelease
from keybus.errors import ContractError


def activation(
    records: Records,
    reference: Reference,
    settings: RepositorySettings,
    approvals: Collection[str] = (),
) -> Passage:
    """What it means to make releases active.

    What was a draft is judged by what was released beside it, as a release is: what came after it
    did not have to be compatible with it.

    Args:
        records: What was released.
        reference: A draft, by its version; or what is to be no longer deprecated.
        settings: The repository's: its policy, and who approves.
        approvals: Who approved it.

    Raises:
        UnknownEventType: Nothing of such a type was released.
        ContractError: There are no such releases, one of them cannot be active, or nobody who may
            has approved what it breaks.
    """
    ledger = records.of(reference.type)
    found = movable(ledger, reference, "active")
    for each in found:
        if each.status == "draft":
            _check_draft(records, each, settings, approvals)
    steps = [
        Step(version=each.version, digest=each.digest, before=each.status, after="active")
        for each in found
    ]
    return passage(ledger, reference, "active", steps)


def _check_draft(
    records: Records, draft: Release, settings: RepositorySettings, approvals: Collection[str]
) -> None:
    name = f"{draft.made.type} {draft.version}"
    if is_prerelease(draft.version):
        raise ContractError(
            f"{name} is a prerelease, so it stays a draft",
            hint="release it under the version that it was made for",
        )
    judgement = _judged(records, draft, settings)
    if judgement.objection:
        raise ContractError(
            f"{name} cannot be active any more: {judgement.objection.removesuffix('.')}",
            hint=f"release it once more as {judgement.least}",
        )
    check_approvals([judgement], settings, {*draft.made.approvals, *approvals})


def _judged(records: Records, draft: Release, settings: RepositorySettings) -> Judgement:
    contract = records.contract(draft)
    others = [
        Predecessor(records.contract(each), each.is_promise)
        for each in records.of(contract.type).releases.values()
        if each.version != draft.version
    ]
    return judge(contract, others, policy_of(contract.policy, settings.policy))
