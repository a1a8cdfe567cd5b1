"""Who is told what of released contracts."""

from keybus.bus.registry.approval import Approval
from keybus.bus.registry.judging import Before
from keybus.contracts import Contract
from keybus.contracts.migrations.migration import majors_of
from keybus.contracts.releases import LedgerEntry, Release
from keybus.contracts.versions import major_of
from keybus.governance import Principal
from keybus.governance.authorizer import Authorizer


class Reading:
    """What may be read, by one who asks, at one moment.

    Args:
        authorizer: Decides.
        by: Who asks; None: nobody is asked who they are, and everybody may read all.
        now_us: Microseconds since the Unix epoch.
    """

    def __init__(self, authorizer: Authorizer, by: Principal | None, now_us: int) -> None:
        self._authorizer, self._by, self._now_us = authorizer, by, now_us

    def knows(self, before: Before) -> bool:
        """Whether all that happened to a type's releases may be told."""
        if self._by is None:
            return True
        owner = before.owner
        approval = Approval(self._authorizer, before.applied.settings, owner)
        accounts = approval.accounts | {owner}
        return self._authorizer.releasing.knows(self._by, before.type, accounts, self._now_us)

    def releases(self, before: Before) -> list[Release]:
        """The releases that may be read, the lowest version first."""
        found = list(before.ledger.releases.values())
        if self.knows(before):
            return found
        return [each for each in found if each.status != "draft" and self._is_public(before, each)]

    def migrations(self, before: Before) -> list[LedgerEntry]:
        """The entries of migrations that may be read, the first one first.

        A migration has names of both majors in it, so that whoever may not know the type sees it
        only where every release of the two is public.
        """
        found = [each for each in before.ledger if each.action == "migration"]
        if self.knows(before):
            return found
        readable = {each.version for each in self.releases(before)}
        told = {major_of(each) for each in readable}
        told -= {major_of(each) for each in before.ledger.releases if each not in readable}
        return [each for each in found if told.issuperset(majors_of(str(each.migration)) or {-1})]

    def reads(self, before: Before, contract: Contract) -> bool:
        """Whether a contract of the type that is no release may be read, as one that was applied."""
        if self._by is None or self.knows(before):
            return True
        return self._authorizer.releasing.reads(self._by, contract.classification, knows=False)

    def _is_public(self, before: Before, release: Release) -> bool:
        classification = before.records.contract(release).classification
        assert self._by is not None
        return self._authorizer.releasing.reads(self._by, classification, knows=False)
