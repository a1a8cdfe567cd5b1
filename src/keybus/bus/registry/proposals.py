"""Releases that wait for an approval."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from keybus.bus.engine import Documents
from keybus.bus.registry.errors import NoSuchProposal, NotReleased, TooManyProposals
from keybus.contracts.releases.exchange import ProposalInfo, Publication, Verdict
from keybus.contracts.releases.judging import Judgement
from keybus.contracts.releases.objects import written
from keybus.contracts.releases.releasing import Intent
from keybus.governance import Principal

PROPOSALS: Final = "contract-proposals"
"""The collection that holds them, each under its id."""
MOST: Final = 20
"""Releases of a type that may wait at a time."""
_MOST_REASONS: Final = 20
_ID_LENGTH: Final = 16


class Proposal(msgspec.Struct, frozen=True):
    """A release that waits.

    Attributes:
        info: What is told of it.
        owner: The account that owned the type when it was proposed.
        by: What the ledger will call whoever proposed it.
        content: Its contract and closure, as they will be kept under its digest.
        migrations: The text of each that waits with it, by its file's name.
    """

    info: ProposalInfo
    owner: str
    by: str
    content: str
    migrations: dict[str, str] = {}

    @property
    def raw(self) -> msgspec.Raw:
        """The content, to be sent as it is."""
        return msgspec.Raw(self.content.encode())

    def approved(self, verdict: Verdict, *, by: str, time: str) -> Intent:
        """How a release is meant that was approved.

        Args:
            verdict: Why.
            by: What the ledger calls whoever approved it.
            time: When, RFC 3339 in UTC.
        """
        why = f"{self.info.why} ({verdict.why})" if verdict.why else self.info.why
        return Intent(
            by=self.by, time=time, why=why.strip(), approvals=(by,), draft=self.info.draft
        )


_decoder = msgspec.json.Decoder(Proposal)


def id_of(event_type: str, version: str, digest: str, migrations: Mapping[str, str]) -> str:
    """The id of a proposal: the same for the same, so that proposing it again makes no second.

    With other migrations it is another: nobody approves what they have not seen.
    """
    told = f"{event_type}\n{version}\n{digest}"
    for name, text in sorted(migrations.items()):
        told += f"\n{name} {hashlib.sha256(text.encode()).hexdigest()}"
    return hashlib.sha256(told.encode()).hexdigest()[:_ID_LENGTH]


def proposed(
    judgement: Judgement,
    asked: Publication,
    by: Principal,
    *,
    owner: str,
    name: str,
    approvers: tuple[str, ...],
    time: str,
) -> Proposal:
    """A contract that is to wait.

    Args:
        judgement: Of the contract.
        asked: What was asked for.
        by: Who proposes it.
        owner: The account that owns the type.
        name: What the ledger will call whoever proposes it.
        approvers: Whose approval it waits for.
        time: When, RFC 3339 in UTC.
    """
    contract = judgement.contract
    reasons = [f"{each.against}: {each.message}" for each in judgement.broken[:_MOST_REASONS]]
    if not judgement.broken:
        reasons = ["Its compatibility policy is another one than that of the newest release."]
    elif len(judgement.broken) > _MOST_REASONS:
        reasons.append(f"And {len(judgement.broken) - _MOST_REASONS} more of that kind.")
    info = ProposalInfo(
        id=id_of(contract.type, contract.version, contract.digest, asked.migrations),
        type=contract.type,
        version=contract.version,
        digest=contract.digest,
        account=by.account,
        credential=by.credential,
        proposed=time,
        why=asked.why,
        draft=asked.draft,
        breaks=judgement.breaks,
        reasons=tuple(reasons),
        approvers=approvers,
        migrations=tuple(sorted(asked.migrations)),
    )
    return Proposal(info, owner, name, written(contract).decode(), asked.migrations)


class Proposals:
    """All that wait.

    Args:
        documents: The engine's.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def all(self) -> AsyncIterator[Proposal]:
        """All of them, by id."""
        async for document in self._documents.list(PROPOSALS):
            yield _decoder.decode(document.value)

    async def get(self, proposal: str) -> Proposal:
        """One of them.

        Raises:
            NoSuchProposal: There is none of this id.
        """
        found = await self._documents.get(PROPOSALS, proposal)
        if found is None:
            raise NoSuchProposal(proposal)
        return _decoder.decode(found.value)

    async def put(self, proposal: Proposal) -> None:
        """Let it wait.

        Raises:
            TooManyProposals: As many of the type wait as may.
            StorageFailed: It is unknown whether it was kept.
        """
        info = proposal.info
        waiting = {each.info.id async for each in self.all() if each.info.type == info.type}
        if len(waiting | {info.id}) > MOST:
            raise TooManyProposals(
                f"{MOST} releases of {info.type} wait for an approval",
                hint="approve or reject some of them first: `keybus contracts pending`",
            )
        await self._documents.put(PROPOSALS, info.id, msgspec.json.encode(proposal))

    async def remove(self, proposal: str) -> None:
        """It waits no longer."""
        await self._documents.delete(PROPOSALS, proposal)


def check_still(judgement: Judgement, proposal: Proposal, owner: str) -> None:
    """Whether what is approved is what was proposed.

    Args:
        judgement: Of the contract, now.
        proposal: What was proposed.
        owner: The account that owns the type now; empty where nothing of it was released.

    Raises:
        NotReleased: It breaks more by now, or the type is another account's.
    """
    info = proposal.info
    if owner not in ("", proposal.owner):
        message = f"{info.type} was handed over to another account since it was proposed."
        raise NotReleased.because(
            f"{info.type} {info.version}", "handed-over", message, "reject it"
        )
    if more := sorted(set(judgement.breaks) - set(info.breaks)):
        message = f"Since it was proposed, {', '.join(more)} was released, which it breaks as well."
        name = f"{info.type} {info.version}"
        raise NotReleased.because(name, "breaks-more", message, "publish it again, and look")
