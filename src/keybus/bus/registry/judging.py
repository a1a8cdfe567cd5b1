"""What a published contract is judged by: what was released before it, and what was applied."""

from collections.abc import Iterator, Mapping

import msgspec

from keybus.bus.registry.errors import NotReleased
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.editions import Edition
from keybus.contracts.folder import RepositorySettings
from keybus.contracts.packed import PackedContracts
from keybus.contracts.policies import policy_of
from keybus.contracts.releases.exchange import Publication
from keybus.contracts.releases.judging import Judgement, Predecessor, judge
from keybus.contracts.releases.ledger import Ledger, newest_of_majors
from keybus.contracts.releases.lifecycle import PROMISING
from keybus.contracts.releases.records import Records
from keybus.contracts.releases.report import Checked
from keybus.contracts.versions import is_prerelease, precedence
from keybus.errors import BrokenContracts, Fault


def unpacked(publication: Publication, event_type: str, settings: RepositorySettings) -> Contract:
    """The contract that is published, checked as if it were read from a folder.

    Args:
        publication: As it came; nothing of it is believed.
        event_type: Whose contract it has to be.
        settings: The settings of the contracts that were applied.

    Raises:
        BrokenContracts: With every fault of every file.
    """
    repository = ContractRepository.unpack(PackedContracts(settings, publication.files))
    contract = dict(repository).get(event_type)
    if contract is None:
        fault = Fault("other-type", f"None of the files is the contract of {event_type!r}.")
        raise BrokenContracts("what is published", [fault])
    more = sorted(publication.files.keys() - contract.closure.keys())
    if more:
        told = "The contract does not refer to this file."
        faults = [Fault("not-referred", told, file=file, hint="leave it out") for file in more]
        raise BrokenContracts("what is published", faults)
    return contract


class Before(msgspec.Struct, frozen=True):
    """All forms of a type's contract that there are.

    Attributes:
        type: The event type.
        ledger: What was released.
        records: Has the released contracts.
        applied: The contracts that were applied with the platform.
    """

    type: str
    ledger: Ledger
    records: Records
    applied: ContractRepository

    @property
    def owner(self) -> str:
        """The account that owns the type: the platform's contract says so, else the newest release.

        Empty where there is none. Had a release a say in what was applied, whoever published a type
        first would own what others apply later.
        """
        if self.type in self.applied:
            return self.applied[self.type].owner
        found = [each.contract for each in self._all()]
        return max(found, key=lambda each: precedence(each.version)).owner if found else ""

    def predecessors(self, contract: Contract) -> list[Predecessor]:
        """What a contract is compared with; not with itself as it was applied."""
        digest = contract.digest
        known = {each.digest for each in self.ledger.releases.values()}
        return [
            each
            for each in self._all()
            if each.contract.digest != digest or each.contract.digest in known
        ]

    def at(self, major: int, coming: Predecessor | None = None) -> Contract | None:
        """The contract of a major that its migrations have to fit: the newest that is promised.

        Args:
            major: The major; of one of which nothing is promised, it is the newest at all.
            coming: What is released at the same time.

        Returns:
            None where there is none.
        """
        forms = [*self._all(), *([] if coming is None else [coming])]
        found = [each for each in forms if each.contract.major == major]
        promised = [each for each in found if each.is_promise]
        last = max(promised or found, key=lambda each: precedence(each.version), default=None)
        return None if last is None else last.contract

    def judge(self, contract: Contract) -> Judgement:
        """What a contract may be released as.

        Raises:
            NotReleased: It cannot be released as it is; every reason is listed.
        """
        self._check_major(contract)
        policy = policy_of(contract.policy, self.applied.settings.policy)
        judgement = judge(contract, self.predecessors(contract), policy)
        if judgement.objection:
            findings = Checked("the releases", [judgement], ()).findings
            raise NotReleased.of(f"{contract.type} {contract.version}", findings)
        return judgement

    def changes_policy(self, contract: Contract) -> bool:
        """Whether it asks for another policy than the newest form did, which hides what it breaks."""
        found = [each.contract for each in self._all() if each.is_promise]
        if not found:
            return False
        newest = max(found, key=lambda each: precedence(each.version))
        return bool(newest.policy != contract.policy)

    def _check_major(self, contract: Contract) -> None:
        """Whether the major that it would go on with has not ended."""
        last = newest_of_majors(self.ledger.releases.values()).get(contract.major)
        ended = last is not None and last.status == "retired"
        edition = self.applied.editions.at(contract.type, contract.major)
        if (ended or (edition is not None and edition.is_retired)) and (
            contract.version not in self.ledger.releases
        ):
            name = f"{contract.type} {contract.version}"
            message = f"{contract.type}@{contract.major} is retired, and no way leads back."
            hint = "release it as the next major"
            raise NotReleased.because(name, "major-retired", message, hint)

    def _all(self) -> Iterator[Predecessor]:
        for release in self.ledger.releases.values():
            yield Predecessor(self.records.contract(release), release.is_promise)
        for edition in _editions(self.applied, self.type).values():
            contract = edition.contract
            if contract.version not in self.ledger.releases:
                held = edition.status in PROMISING and not is_prerelease(contract.version)
                yield Predecessor(contract, held)


def _editions(applied: ContractRepository, event_type: str) -> Mapping[int, Edition]:
    return applied.editions.get(event_type, {})
